"""Finds the base's layer for each layer of an adapter's file, by the end of its name and its shape.

A layer is placed where its whole name is the base's, or where the end of its name and its shape fit one layer of the
base alone and only words of wrappers stand before that end. Nothing is placed by its shape alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from assay.engines.adapter_files import Shape
from assay.engines.adapter_fit.names import Part, is_embedding, layer_suffix, prefix_of
from assay.engines.adapter_fit.types import BaseShapes

__all__ = ["Pair", "Places", "is_judged", "make_pairs"]

TEXT = frozenset(("model", "language_model", "text_model", "transformer", "llm"))
"""Words before a text model's layers that differ between versions and wrappers of one model."""
ANYWHERE = ("lm_head",)
"""Layers that a base with tied weights has under another name only."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both matrices of one layer of the file."""

    layer: str
    """Its name, without what wrappers put around it."""
    parts: Mapping[str, Part]
    """Its tensors by the matrix that they are."""
    down: Shape
    """A, as peft stores it: (rank, in)."""
    up: Shape
    """B: (out, rank)."""
    embedding: bool = False

    @property
    def rank(self) -> int:
        """The size that both share."""
        return self.down[0]

    @property
    def change(self) -> Shape:
        """Shape of the change: (out, in), of embeddings (rows, width)."""
        return (self.down[1], self.up[0]) if self.embedding else (self.up[0], self.down[1])

    @property
    def whole(self) -> bool:
        """Whether both are matrices and share their rank."""
        return len(self.down) == len(self.up) == 2 and self.down[0] == self.up[1]


def make_pairs(parts: Iterable[Part], shapes: Mapping[str, Shape]) -> tuple[list[Pair], list[str]]:
    """The pairs of a file, and the layers of which a matrix is missing."""
    layers: dict[str, dict[str, Part]] = {}
    for part in parts:
        layers.setdefault(part.layer, {})[part.matrix + (".bias" if part.bias else "")] = part
    pairs, halves = [], []
    for layer, matrices in layers.items():
        for down, up in (
            ("lora_A", "lora_B"),
            ("lora_embedding_A", "lora_embedding_B"),
            ("lora_a", "lora_b"),
        ):
            if down in matrices and up in matrices:
                first, second = (shapes[matrices[name].key] for name in (down, up))
                if down == "lora_a":
                    first, second = first[::-1], second[::-1]
                pairs.append(Pair(layer, matrices, first, second, "embedding" in down))
                break
        else:
            halves.append(layer)
    return pairs, halves


class Places:
    """A base's layers, by their names and by the ends of these."""

    def __init__(self, base: BaseShapes) -> None:
        self.base = base

    @cached_property
    def ends(self) -> Mapping[str, list[str]]:
        """Layers by the end of their names."""
        ends: dict[str, list[str]] = {}
        for name in self.base.layers:
            ends.setdefault(layer_suffix(name), []).append(name)
        return ends

    def alike(self, layer: str) -> list[str]:
        """Layers of the base that this may be, by its name alone: only itself where the base has that name."""
        if layer in self.base.layers:
            return [layer]
        return [
            name
            for name in self.ends.get(layer_suffix(layer), [])
            if set(prefix_of(layer)) <= TEXT | set(prefix_of(name)) and _is_text(name)
        ]

    def fits(self, pair: Pair, place: str) -> bool:
        """Whether a layer's change has the shape of a layer of the base."""
        whole = self.base.layers[place]
        return len(whole) != 2 or pair.change == whole

    def find(self, pair: Pair) -> str | None:
        """The layer of the base that a pair changes; None: there is none, or more than one."""
        places = [place for place in self.alike(pair.layer) if self.fits(pair, place)]
        if len(places) == 1:
            return places[0]
        free = not places and not is_judged(pair.layer) and not self.alike(pair.layer)
        return pair.layer if free and self._fits_rows(pair) else None

    def _fits_rows(self, pair: Pair) -> bool:
        """Whether an output layer that the base has not under this name is as large as its embeddings."""
        rows = next((shape for name, shape in self.base.layers.items() if is_embedding(name)), None)
        return pair.layer.rpartition(".")[2] not in ANYWHERE or rows is None or pair.change == rows


def is_judged(layer: str) -> bool:
    """Whether a base that has a layer must have it under this name, or one with the same end.

    Tied output layers and fused experts are in a base under other names.
    """
    return layer.rpartition(".")[2] not in ANYWHERE and ".experts" not in layer and not is_embedding(layer)


def _is_text(name: str) -> bool:
    return set(prefix_of(name)) <= TEXT | {"decoder", "gpt_neox", "backbone"}
