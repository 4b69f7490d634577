"""The torch engine: one resident base, all its LoRA adapters and the base itself in the same batches.

Importing this package imports torch, transformers and peft; nothing else in assay does.

    base = load_base(Source("Qwen/Qwen2.5-0.5B-Instruct"))
    engine = TorchEngine(base, [read_adapter("math", Path("adapters/math"), base)])
    for completion in engine.complete(prompts): ...

Preflight:
    options       a study's `engine`, checked      preflight      checks, without loading
    checkpoint    the files of a base              inspection     problems before a token
    adapter_load  LoRA weights, by peft            estimate       memory, before it runs out
Load:
    loading       a base, by transformers          lora           many adapters on one layer
    packed        weights in oneDNN's order        peft_fallback  adapters that cannot be stacked, one at a time
    probe         the same logits as transformers' session        the loaded base and adapters
Loop:
    engine        schedule, run, postprocess       scheduler      which sequences run next
    sequence      one sequence in the batch              step, runner   one packed forward pass, its KV cache
    attention     packed attention                 kernel         attention and adapters in C, on a CPU
    graphs         on a GPU, decoding steps recorded and replayed
    liveness      what an adapter changes              neighbours     how threads wait for each other
"""

# ruff: noqa: E402
from assay.cores import share_cores

share_cores()  # before torch is imported: OpenMP reads the environment once

from assay.engines.torch.adapter_load import Adapter, read_adapter
from assay.engines.torch.checkpoint import base_files
from assay.engines.torch.engine import TorchEngine
from assay.engines.torch.inspection import Inspection, inspect_adapter
from assay.engines.torch.liveness import liveness
from assay.engines.torch.loading import Base, Source, calm, load_base, load_skeleton, out_of_memory
from assay.engines.torch.options import TorchOptions
from assay.engines.torch.preflight import TorchPreflight, preflight
from assay.engines.torch.scheduler import BatchOptions
from assay.engines.torch.session import TorchSession

__all__ = [
    "Adapter",
    "Base",
    "BatchOptions",
    "Inspection",
    "Source",
    "TorchEngine",
    "TorchOptions",
    "TorchPreflight",
    "TorchSession",
    "base_files",
    "calm",
    "inspect_adapter",
    "liveness",
    "load_base",
    "load_skeleton",
    "out_of_memory",
    "preflight",
    "read_adapter",
]
