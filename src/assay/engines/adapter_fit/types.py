"""What a fit is made of: a base's shapes in, the adapter's layers and everything to say about them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assay.engines.adapter_files import Form, Shape
from assay.errors import EngineError

__all__ = ["BaseShapes", "Fit", "Layer", "Move"]


@dataclass(frozen=True, slots=True)
class BaseShapes:
    """A base as far as an adapter's files can be compared with it."""

    layers: Mapping[str, Shape] = field(default_factory=dict)
    """Shape of each layer by its name, without `.weight`: (out, in), also where the base stores it turned
    (GPT-2's Conv1D); (rows, width) of embeddings; biases and other parameters by their own names. Empty: not known."""
    model_type: str = ""
    """As config.json names the architecture: `llama`; empty: not known."""
    tied: bool = False
    """Whether its output layer is its embeddings."""
    name: str = ""
    """The folder or hub id that it was given by; empty: not known. It never decides whether an adapter fits."""
    linear: frozenset[str] | None = None
    """Layers that `all-linear` targets; None: only their shapes are known."""
    precision: str = ""
    """Of its weights, where they are quantized, as in `4 bits`."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer that an adapter changes."""

    place: str
    """The base's name for it; the file's own where the base is not known."""
    name: str
    """As the file names it, without peft's `base_model.model.`."""
    rank: int
    scale: float
    """What the product of its matrices is multiplied by: `lora_alpha / r`, or mlx-lm's own."""
    shape: Shape
    """(out, in) of the change."""


@dataclass(frozen=True, slots=True)
class Move:
    """A tensor under the name that peft gives it."""

    name: str
    turned: bool = False
    """Whether it is stored transposed."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How an adapter's files fit a base."""

    form: Form
    config: Mapping[str, Any]
    """To load it with, as peft writes it: its own, or one made for `moves`."""
    layers: tuple[Layer, ...] = ()
    """Those that it changes; none of types other than LORA, which only peft reads."""
    missing: tuple[str, ...] = ()
    """Layers of the base that its configuration targets and its file holds no weights for."""
    replaces: Mapping[str, str] = field(default_factory=dict)
    """Weights of the base that its file holds whole, as in `lm_head.weight`, by their names in the file; they may be
    just as they were."""
    moves: Mapping[str, Move] | None = None
    """Every tensor to load, by its name in the file; None: the files can be loaded as they are."""
    notes: tuple[str, ...] = ()
    """How it is read, where that is not plain."""
    warnings: tuple[str, ...] = ()
    """What changes the result, or would be ignored in silence."""
    error: EngineError | None = None
    """Why it cannot be loaded: one cause, one fix. Then the rest may be incomplete."""

    def failed(self, error: EngineError) -> Fit:
        """The same with an error, unless it has one."""
        return self if self.error else replace(self, error=error)
