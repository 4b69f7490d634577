"""Options of the vllm engine: dtype, quantization, and its own, all checked. It loads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from assay.engines.options import COUNT, FLAG, Options, check_choice, read_options
from assay.errors import EngineError, Place
from assay.plan import EngineSettings

__all__ = ["RANKS", "VllmOptions", "VllmSettings", "read_settings"]

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as the largest rank."""
DTYPES = ("auto", "float32", "float16", "bfloat16")
OURS = frozenset(
    [
        "model",
        "tokenizer",
        "dtype",
        "quantization",
        "enable_lora",
        "max_loras",
        "max_cpu_loras",
        "max_lora_rank",
        "tensor_parallel_size",
        "pipeline_parallel_size",
        "max_num_seqs",
        "max_model_len",
        "enforce_eager",
        "enable_prefix_caching",
        "gpu_memory_utilization",
        "trust_remote_code",
        "generation_config",
        "seed",
    ]
)
"""Arguments of `vllm.LLM` that this engine gives itself."""


class VllmOptions(Options):
    """`engine.options`."""

    rows: int = Field(256, gt=0, title=COUNT)
    """The largest number of responses in a batch."""
    length: int | None = Field(None, gt=0, title=COUNT)
    """The largest number of tokens of a prompt and its response; by default the base's context length."""
    tensor_parallel: int = Field(1, gt=0, title=COUNT)
    """GPUs that share each layer."""
    pipeline_parallel: int = Field(1, gt=0, title=COUNT)
    """Groups of GPUs that each hold some layers."""
    max_loras: int = Field(8, gt=0, title=COUNT)
    """The largest number of adapters in a batch."""
    memory: float | None = Field(None, gt=0, le=1, title="a number between 0 and 1")
    """Share of the GPU's memory to use (on a CPU, of the machine's memory); by default vLLM's choice."""
    eager: bool = Field(False, title=FLAG)
    """Run without CUDA graphs."""
    trust_remote_code: bool = Field(False, title=FLAG)
    """Run code that comes with a base."""
    arguments: dict[str, Any] = Field({}, title="a mapping of arguments of `vllm.LLM`")
    """Further arguments of `vllm.LLM`; they are part of the identity of the responses."""


@dataclass(frozen=True, slots=True)
class VllmSettings:
    """What a study decides about this engine."""

    dtype: str | None
    """None: the checkpoint's own."""
    quantization: str | None
    """As vLLM names it: `bitsandbytes`, `fp8`, ...; None: as the checkpoint is."""
    options: VllmOptions


def read_settings(engine: EngineSettings) -> VllmSettings:
    """Check what the study says of the engine. Raises EngineError naming the field and what it may be."""
    dtype = check_choice("dtype", engine.dtype or "auto", DTYPES)
    options = read_options(VllmOptions, engine.options)
    if taken := [name for name in options.arguments if name in OURS]:
        place = Place.of("engine", "options", "arguments", taken[0])
        raise EngineError("this engine decides it", place=place, fix="remove the line")
    quantization = None if engine.quantization == "none" else engine.quantization
    return VllmSettings(None if dtype == "auto" else dtype, quantization, options)
