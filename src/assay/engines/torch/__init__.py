"""The torch engine: one resident base, all its LoRA adapters and the base itself in the same batches.

Importing this package imports torch, transformers and peft; nothing else in assay does.

    base = load_base(Source("Qwen/Qwen2.5-0.5B-Instruct"))
    engine = TorchEngine(base, [read_adapter("math", Path("adapters/math"), base)])
    for completion in engine.complete(requests): ...

    loading    -> a base, by transformers       adapters -> LoRA weights, by peft
    lora       -> one wrapper, many adapters    attention, memory, step -> one packed forward
    scheduler  -> which rows run next           engine   -> the loop: schedule, run, postprocess
    preflight  -> problems before a token       liveness -> does the adapter change anything
"""

from assay.engines.torch.adapters import Adapter, read_adapter
from assay.engines.torch.engine import TorchEngine
from assay.engines.torch.liveness import Liveness, liveness
from assay.engines.torch.loading import Base, Source, load_base
from assay.engines.torch.preflight import Inspection, Problem, inspect_adapter
from assay.engines.torch.scheduler import Options

__all__ = [
    "Adapter",
    "Base",
    "Inspection",
    "Liveness",
    "Options",
    "Problem",
    "Source",
    "TorchEngine",
    "inspect_adapter",
    "liveness",
    "load_base",
    "read_adapter",
]
