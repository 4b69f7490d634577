"""Options of the torch engine: dtype, quantization, and its own, all checked. It loads nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import cast

import torch
from pydantic import Field

from assay.engines.options import COUNT, FLAG, Options, check_choice, read_options
from assay.engines.torch.loading import DTYPES, QUANTIZATIONS, Quantization
from assay.engines.torch.scheduler import BatchOptions
from assay.errors import EngineError, Place
from assay.plan import EngineSettings

__all__ = ["TorchOptions", "TorchSettings", "read_settings"]

DEVICES = "`cpu`, `cuda` or `cuda:1`"


class TorchOptions(Options):
    """`engine.options`."""

    device: str | None = Field(None, pattern=r"\S", title=DEVICES)
    """The device: `cpu`, `cuda` or `cuda:1`; by default a GPU if there is one."""
    rows: int = Field(BatchOptions().rows, gt=0, title=COUNT)
    """The largest number of responses that are generated at once."""
    tokens: int | None = Field(None, gt=0, title=COUNT)
    """The largest number of prompt tokens in one forward pass; by default chosen for the device."""
    memory_gib: float | None = Field(None, gt=0, allow_inf_nan=False, title="a number above 0")
    """Memory for keys and values, in GiB; by default half of the free memory."""
    length: int = Field(2048, gt=0, title=COUNT)
    """Tokens of a prompt and its response together, for which the memory estimate makes room."""
    exact_adapters: bool = Field(True, title=FLAG)
    """Hold adapters in float32, as peft does; `false`: in the dtype of the base."""
    graphs: bool = Field(True, title=FLAG)
    """On a GPU, record decoding steps as CUDA graphs and replay them; `false`: run each step directly."""
    kernel: bool = Field(True, title=FLAG)
    """On a CPU, run attention of decoding rows, and adapters, in C, where a compiler builds that; `false`: in torch."""
    allow_pickle: bool = Field(False, title=FLAG)
    """Load weights from a pickle file, if there is no other file."""
    trust_remote_code: bool = Field(False, title=FLAG)
    """Run code that comes with a base."""

    @property
    def batching(self) -> BatchOptions:
        """What bounds a batch."""
        memory = None if self.memory_gib is None else int(self.memory_gib * 2**30)
        return BatchOptions(
            self.rows, self.tokens, memory, self.exact_adapters, graphs=self.graphs, kernel=self.kernel
        )

    @property
    def place(self) -> torch.device:
        """The device, decided."""
        return torch.device(self.device or ("cuda" if torch.cuda.is_available() else "cpu"))


@dataclass(frozen=True, slots=True)
class TorchSettings:
    """What a study decides about this engine."""

    options: TorchOptions
    dtype: str = "auto"
    """`auto`: the checkpoint's own."""
    quantization: Quantization = "none"


def read_settings(engine: EngineSettings) -> TorchSettings:
    """Check what the study says of the engine. Raises EngineError naming the field and what it may be."""
    dtype = check_choice("dtype", engine.dtype or "auto", ("auto", *DTYPES))
    quantization = check_choice("quantization", engine.quantization or "none", QUANTIZATIONS)
    if quantization != "none" and (absent := [n for n in ("bitsandbytes", "accelerate") if not find_spec(n)]):
        raise EngineError(
            f"{quantization} needs {' and '.join(absent)}",
            place=Place.of("engine", "quantization"),
            fix=f"run `pip install {' '.join(absent)}`, or set it to none",
        )
    options = read_options(TorchOptions, engine.options)
    _refuse_unusable(options)
    return TorchSettings(options, dtype, cast("Quantization", quantization))


def _refuse_unusable(options: TorchOptions) -> None:
    """Raise EngineError if the device is not there."""
    place = Place.of("engine", "options", "device")
    try:
        device = options.place
        if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
            raise EngineError(
                f"{options.device!r}, and torch sees {torch.cuda.device_count()} GPUs here",
                place=place,
                fix="choose another, or install torch for this machine's GPU",
            )
        if device.type == "meta":
            raise RuntimeError("it holds no values")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ImportError) as bad:
        raise EngineError(
            f"{options.device!r} cannot be used ({_sentence(bad)})", place=place, fix=f"write {DEVICES}"
        ) from None


def _sentence(bad: Exception) -> str:
    """The first sentence of what torch says: the rest are hints to its own developers."""
    return re.split(r"\.\s|\n", str(bad), maxsplit=1)[0].rstrip(".")
