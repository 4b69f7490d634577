"""`engine` of a study, as this engine reads it: dtype, quantization, and its own options, all checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from assay.errors import EngineError, Place
from assay.plan import EngineSettings

__all__ = ["RANKS", "Setup", "read_setup"]

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as the largest rank."""
DTYPES = ("float32", "float16", "bfloat16")
OURS = (
    *(
        "model",
        "tokenizer",
        "dtype",
        "quantization",
        "enable_lora",
        "max_loras",
        "max_cpu_loras",
        "max_lora_rank",
    ),
    *("tensor_parallel_size", "pipeline_parallel_size", "max_num_seqs", "max_model_len", "enforce_eager"),
    *("enable_prefix_caching", "gpu_memory_utilization", "trust_remote_code", "generation_config", "seed"),
)
"""Arguments of `vllm.LLM` that this engine gives itself."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a study decides about this engine."""

    dtype: str | None = None
    """None: the checkpoint's own."""
    quantization: str | None = None
    """As vLLM names it: `bitsandbytes`, `fp8`, ...; None: as the checkpoint is."""
    rows: int = 256
    """Rows in a batch, at most."""
    length: int | None = None
    """Positions of a prompt and its response; None: what the base was made for."""
    tensor_parallel: int = 1
    """GPUs that share each layer."""
    pipeline_parallel: int = 1
    """Groups of GPUs that each hold some layers."""
    max_loras: int = 8
    """Adapters in a batch, at most."""
    memory: float | None = None
    """Share of a GPU's memory to take, of the machine's on a CPU; None: vLLM's choice."""
    eager: bool = False
    """Without CUDA graphs."""
    trust_remote_code: bool = False
    """Run code that comes with a base."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """More arguments of `vllm.LLM`, as they are; they are part of who answers."""


def read_setup(engine: EngineSettings) -> Setup:
    """Check what the study says of the engine. Raises EngineError naming the field and what it may be."""
    if engine.dtype not in (None, "auto", *DTYPES):
        raise EngineError(
            f"{engine.dtype!r} is unknown",
            place=Place.of("engine", "dtype"),
            fix=f"choose one of auto, {', '.join(DTYPES)}",
        )
    values = {name: _option(name, value) for name, value in engine.options.items()}
    if taken := [name for name in values.get("arguments", ()) if name in OURS]:
        place = Place.of("engine", "options", "arguments", taken[0])
        raise EngineError("this engine decides it", place=place, fix="remove the line")
    return Setup(
        None if engine.dtype == "auto" else engine.dtype,
        None if engine.quantization == "none" else engine.quantization,
        **values,
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


COUNT, FLAG = ("a whole number above 0", _is_count), ("true or false", _is_flag)
KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("rows", "length", "tensor_parallel", "pipeline_parallel", "max_loras"), COUNT),
    **dict.fromkeys(("eager", "trust_remote_code"), FLAG),
    "memory": (
        "a number between 0 and 1",
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1,
    ),
    "arguments": ("a mapping of arguments of `vllm.LLM`", lambda value: isinstance(value, Mapping)),
}


def _option(name: str, value: Any) -> Any:
    if name not in KINDS:
        close = get_close_matches(name, KINDS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise EngineError(
            "no such option",
            place=Place.of("engine", "options", name),
            fix=f"{hint}there are {', '.join(KINDS)}",
        )
    wanted, fits = KINDS[name]
    if not fits(value):
        raise EngineError(repr(value), place=Place.of("engine", "options", name), fix=f"write {wanted}")
    return value
