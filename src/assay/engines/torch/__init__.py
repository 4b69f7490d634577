"""The torch engine: one resident base, all its LoRA adapters and the base itself in the same batches.

Importing this package imports torch, transformers and peft; nothing else in assay does.

    base = load_base(Source("Qwen/Qwen2.5-0.5B-Instruct"))
    engine = TorchEngine(base, [read_adapter("math", Path("adapters/math"), base)])
    for completion in engine.complete(requests): ...

    preflight  -> look, without loading          session   -> loaded, as a study uses it
    inspection -> problems before a token       estimate  -> memory, before it runs out
    options    -> a study's `engine`, checked   liveness  -> does the adapter change anything
    checkpoint -> the files of a base           adapter_load -> LoRA weights, by peft
    loading    -> a base, by transformers       lora      -> one wrapper, many adapters
    peft_fallback -> adapters that cannot be stacked, one at a time, by peft
    attention, memory, step -> one packed forward; probe -> does it say what transformers says
    graphs     -> on a GPU, decoding steps are recorded once and replayed
    scheduler  -> which rows run next           engine    -> the loop: schedule, run, postprocess
"""

from assay.engines.api import Liveness, Problem
from assay.engines.torch.adapter_load import Adapter, read_adapter
from assay.engines.torch.engine import TorchEngine
from assay.engines.torch.inspection import Inspection, inspect_adapter
from assay.engines.torch.liveness import liveness
from assay.engines.torch.loading import Base, Source, load_base, load_skeleton
from assay.engines.torch.options import Setup, read_setup
from assay.engines.torch.preflight import TorchPreflight, preflight
from assay.engines.torch.scheduler import Options
from assay.engines.torch.session import Session

__all__ = [
    "Adapter",
    "Base",
    "Inspection",
    "Liveness",
    "Options",
    "Problem",
    "Session",
    "Setup",
    "Source",
    "TorchEngine",
    "TorchPreflight",
    "inspect_adapter",
    "liveness",
    "load_base",
    "load_skeleton",
    "preflight",
    "read_adapter",
    "read_setup",
]
