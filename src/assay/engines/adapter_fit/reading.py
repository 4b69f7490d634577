"""An adapter of type LORA read against a base: its tensors' names taken apart, and the place of each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from assay.engines.adapter_files import AdapterFiles
from assay.engines.adapter_fit.configuration import ends_with, matched_pattern, scale_of, targets
from assay.engines.adapter_fit.names import Part, block_of, parse, prefix_of
from assay.engines.adapter_fit.places import Pair, Places, make_pairs
from assay.engines.adapter_fit.types import BaseShapes, Layer

__all__ = ["Reading"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the names and shapes of a file say."""

    files: AdapterFiles
    config: Mapping[str, Any]
    """As peft writes it."""
    places: Places
    parts: Sequence[Part]
    """Tensors of a LoRA."""
    others: Sequence[str]
    """Names of all other tensors."""
    pairs: Sequence[Pair]
    halves: Sequence[str]
    """Layers of which a matrix is missing."""
    placed: Mapping[str, str]
    """The base's layer of each pair that has one."""

    @classmethod
    def of(cls, files: AdapterFiles, config: Mapping[str, Any], base: BaseShapes) -> Self:
        """Take the files apart."""
        places = Places(base)
        parsed = {key: _part(key, files.form) for key in files.tensors}
        parts = [part for part in parsed.values() if part]
        others = [key for key, part in parsed.items() if part is None]
        pairs, halves = make_pairs(parts, files.tensors)
        find = places.find if base.layers else lambda pair: pair.layer
        placed = {pair.layer: place for pair in pairs if (place := find(pair)) is not None}
        return cls(files, config, places, parts, others, pairs, halves, placed)

    @property
    def base(self) -> BaseShapes:
        """What it is read against."""
        return self.places.base

    @property
    def absent(self) -> list[Pair]:
        """Pairs without a place."""
        return [pair for pair in self.pairs if pair.layer not in self.placed]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Those that have a place."""
        return tuple(
            Layer(
                self.placed[pair.layer],
                pair.layer,
                pair.rank,
                scale_of(self.config, self.pattern_name(pair)),
                pair.change,
            )
            for pair in self.pairs
            if pair.layer in self.placed
        )

    def pattern_name(self, pair: Pair) -> str:
        """The name that patterns are matched against: the file's, where one of them knows it, else the base's."""
        fields = ("rank_pattern", "alpha_pattern")
        known = any(matched_pattern(self.config.get(field), pair.layer) is not None for field in fields)
        return pair.layer if known else self.placed[pair.layer]

    def is_targeted(self, pair: Pair) -> bool:
        """Whether the configuration targets a layer, by the file's name or the base's, or a parameter of it."""
        names = (pair.layer, self.placed[pair.layer])
        parameters = self.config.get("target_parameters") or ()
        return any(targets(self.config, name) or ends_with(f"{name}.weight", parameters) for name in names)

    def target(self, pair: Pair) -> str:
        """The name that a loader finds the layer by: the base's.

        A checkpoint may hold blocks without the word that the model puts before them; then that is the file's first.
        """
        place, before = self.placed[pair.layer], prefix_of(pair.layer)
        bare = block_of(place) is not None and not prefix_of(place)
        return f"{before[0]}.{place}" if bare and before else place


def _part(key: str, form: str) -> Part | None:
    """A tensor of a LoRA; mlx-lm calls DoRA's vector `m`."""
    if form == "mlx-lm" and key.endswith(".m"):
        part = parse(f"{key.removesuffix('.m')}.lora_magnitude_vector")
        return replace(part, key=key) if part else None
    return parse(key)
