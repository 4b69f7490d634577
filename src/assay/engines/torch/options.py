"""`engine` of a study, as this engine reads it: dtype, quantization, and its own options, all checked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any, cast

import torch

from assay.engines.torch.loading import DTYPES, QUANTIZATIONS, Quantization
from assay.engines.torch.scheduler import Options
from assay.errors import EngineError, Place
from assay.plan import EngineSettings

__all__ = ["Setup", "read_setup"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a study decides about this engine."""

    dtype: str = "auto"
    """`auto`: the checkpoint's own."""
    quantization: Quantization = "none"
    device: str | None = None
    """`cpu`, `cuda`, `cuda:1`; None: a GPU where there is one."""
    rows: int = Options().rows
    """Generations at once, at most."""
    tokens: int | None = None
    """Prompt tokens in one forward pass, at most; None: as the device likes best."""
    memory_gib: float | None = None
    """For keys and values; None: half of what is free."""
    length: int = 2048
    """Tokens of a row, prompt and response, that the memory estimate makes room for."""
    exact_adapters: bool = True
    """Adapters in float32 whatever the base's dtype, as peft holds them; False: in the base's."""
    graphs: bool = True
    """On a GPU, record decoding steps and replay them; False: run each anew."""
    allow_pickle: bool = False
    """Load weights that are pickles, where there is nothing else."""
    trust_remote_code: bool = False
    """Run code that comes with a base."""

    @property
    def batching(self) -> Options:
        """What bounds a batch."""
        memory = None if self.memory_gib is None else int(self.memory_gib * 2**30)
        return Options(self.rows, self.tokens, memory, self.exact_adapters, graphs=self.graphs)

    @property
    def place(self) -> torch.device:
        """The device, decided."""
        return torch.device(self.device or ("cuda" if torch.cuda.is_available() else "cpu"))


def read_setup(engine: EngineSettings) -> Setup:
    """Check what the study says of the engine. Raises EngineError naming the field and what it may be."""
    dtype = _one_of("dtype", engine.dtype or "auto", ("auto", *DTYPES))
    quantization = _one_of("quantization", engine.quantization or "none", QUANTIZATIONS)
    if quantization != "none" and (absent := [n for n in ("bitsandbytes", "accelerate") if not find_spec(n)]):
        raise EngineError(
            f"{quantization} needs {' and '.join(absent)}: `pip install {' '.join(absent)}`, or set it to none",
            place=Place.of("engine", "quantization"),
        )
    values = {name: _option(name, value) for name, value in engine.options.items()}
    setup = Setup(dtype, cast("Quantization", quantization), **values)
    _usable(setup)
    return setup


def _one_of(field: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise EngineError(
            f"{value!r} is unknown", place=Place.of("engine", field), fix=f"choose one of {', '.join(known)}"
        )
    return value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_size(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "device": ("`cpu`, `cuda` or `cuda:1`", lambda value: isinstance(value, str) and bool(value.strip())),
    "rows": ("a whole number above 0", _is_count),
    "tokens": ("a whole number above 0", _is_count),
    "memory_gib": ("a number above 0", _is_size),
    "length": ("a whole number above 0", _is_count),
    "exact_adapters": ("true or false", lambda value: isinstance(value, bool)),
    "graphs": ("true or false", lambda value: isinstance(value, bool)),
    "allow_pickle": ("true or false", lambda value: isinstance(value, bool)),
    "trust_remote_code": ("true or false", lambda value: isinstance(value, bool)),
}
OPTIONS = tuple(field.name for field in fields(Setup) if field.name in KINDS)


def _option(name: str, value: Any) -> Any:
    if name not in KINDS:
        close = get_close_matches(name, OPTIONS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise EngineError(
            "no such option",
            place=Place.of("engine", "options", name),
            fix=f"{hint}there are {', '.join(OPTIONS)}",
        )
    wanted, fits = KINDS[name]
    if not fits(value):
        raise EngineError(repr(value), place=Place.of("engine", "options", name), fix=f"write {wanted}")
    return value


def _usable(setup: Setup) -> None:
    try:
        place = setup.place
        if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
            raise EngineError(
                f"{setup.device!r}, and torch sees {torch.cuda.device_count()} GPUs here",
                place=Place.of("engine", "options", "device"),
                fix="choose another, or install torch for this machine's GPU",
            )
        if place.type == "meta":
            raise RuntimeError("it holds no values")
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError, ImportError) as bad:
        raise EngineError(
            f"{setup.device!r} cannot be used ({_sentence(bad)})",
            place=Place.of("engine", "options", "device"),
            fix=f"write {KINDS['device'][0]}",
        ) from None


def _sentence(bad: Exception) -> str:
    """The first sentence of what torch says: the rest are hints to its own developers."""
    return re.split(r"\.\s|\n", str(bad), maxsplit=1)[0].rstrip(".")
