"""peft's rules for a LoRA's configuration, without peft: which layers it targets, their rank and scale.

They are those of peft 0.21, which tests compare them with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from assay.engines.adapter_files import Shape
from assay.engines.adapter_fit.names import is_embedding
from assay.engines.adapter_fit.types import BaseShapes

__all__ = [
    "expressions",
    "matched_pattern",
    "rank_of",
    "scale_of",
    "targeted_layers",
    "targets",
    "targets_parameter",
]

_PLAIN = re.compile(r"[\w.-]*")
"""A name without anything that repeats."""
HEADS = ("lm_head", "output_layer", "embed_out")
"""What architectures call their output layer."""


def targets(config: Mapping[str, Any], layer: str) -> bool:
    """Whether a configuration targets a layer by this name; `all-linear` and no `target_modules`: any."""
    named = config.get("target_modules")
    if excludes(config, layer):
        return False
    if named is None or (isinstance(named, str) and named.lower() == "all-linear"):
        return True
    if isinstance(named, str):
        return re.fullmatch(named, layer) is not None
    return ends_with(layer, named) and _transformed(config, layer)


def excludes(config: Mapping[str, Any], layer: str) -> bool:
    """Whether a configuration leaves a layer out by name, or saves it whole."""
    if _fits(config.get("exclude_modules"), layer):
        return True
    saved = config.get("modules_to_save") or ()
    saved = [saved] if isinstance(saved, str) else saved
    return any(re.match(_saved(name), layer) for name in saved)


def _fits(names: Any, layer: str) -> bool:
    if isinstance(names, str):
        return bool(names) and re.fullmatch(names, layer) is not None
    return bool(names) and ends_with(layer, names)


def ends_with(layer: str, names: Iterable[str]) -> bool:
    """Whether a layer has one of these names, whatever comes before it."""
    return any(layer == name or layer.endswith(f".{name}") for name in names)


def _transformed(config: Mapping[str, Any], layer: str) -> bool:
    """Whether `layers_to_transform` lets a layer in, by the number of its block."""
    chosen = config.get("layers_to_transform")
    if chosen is None or chosen == []:
        return True
    number = block_number(config, layer)
    return number is not None and number in ([chosen] if isinstance(chosen, int) else chosen)


def block_number(config: Mapping[str, Any], layer: str) -> int | None:
    """The number of a layer's block, as `layers_pattern` finds it."""
    patterns = config.get("layers_pattern") or [r"[^.]*"]
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if match := re.match(_block(pattern), layer):
            return int(match["number"])
    return None


def matched_pattern(patterns: Mapping[str, Any] | None, layer: str) -> str | None:
    """The first key of `rank_pattern` or `alpha_pattern` that a layer matches; None: none."""
    return next((key for key in patterns or {} if re.match(_keyed(key), layer)), None)


def _saved(name: str) -> str:
    """A name of `modules_to_save` as peft matches it."""
    return rf"(^|.*\.){name}($|\..*)"


def _block(pattern: str) -> str:
    """A pattern of `layers_pattern` as peft matches it."""
    return rf"(?:^|.*?\.){pattern}\.(?P<number>\d+)\."


def _keyed(key: str) -> str:
    """A key of `rank_pattern` or `alpha_pattern` as peft matches it."""
    return rf"(.*\.)?({key})$"


def expressions(config: Mapping[str, Any]) -> list[str]:
    """Every regular expression that a configuration brings, as it is matched; plain names are left out."""

    def listed(field: str) -> list[str]:
        value = config.get(field) or ()
        return [name for name in ([value] if isinstance(value, str) else value) if not _PLAIN.fullmatch(name)]

    whole = [config.get(field) for field in ("target_modules", "exclude_modules")]
    return [
        *(text for text in whole if isinstance(text, str) and not _PLAIN.fullmatch(text)),
        *map(_saved, listed("modules_to_save")),
        *map(_block, listed("layers_pattern")),
        *map(_keyed, [*listed("rank_pattern"), *listed("alpha_pattern")]),
    ]


def rank_of(config: Mapping[str, Any], layer: str) -> int:
    """The rank that a configuration gives a layer."""
    patterns = config.get("rank_pattern") or {}
    key = matched_pattern(patterns, layer)
    return int(config.get("r", 8) if key is None else patterns[key])


def scale_of(config: Mapping[str, Any], layer: str) -> float:
    """What a layer's product is multiplied by."""
    patterns = config.get("alpha_pattern") or {}
    key = matched_pattern(patterns, layer)
    alpha = float(config.get("lora_alpha", 8) if key is None else patterns[key])
    rank = rank_of(config, layer)
    return alpha / (rank**0.5 if config.get("use_rslora") else rank)


def targeted_layers(config: Mapping[str, Any], base: BaseShapes) -> list[str]:
    """The base's layers that a configuration targets; none where only peft knows (no `target_modules`)."""
    named = config.get("target_modules")
    if named is None:
        return []
    linear = isinstance(named, str) and named.lower() == "all-linear"
    return [
        layer
        for layer, shape in base.layers.items()
        if _is_layer(layer, shape) and targets(config, layer) and not (linear and _outside(layer, base))
    ]


def _is_layer(layer: str, shape: Shape) -> bool:
    return len(shape) == 2 and not layer.endswith((".bias", ".scales", ".biases"))


def _outside(layer: str, base: BaseShapes) -> bool:
    """Whether `all-linear` leaves a layer out."""
    if base.linear is not None:
        return layer not in base.linear
    last = layer.rpartition(".")[2]
    return is_embedding(layer) or last in HEADS or last in ("wpe", "embed_positions")


def targets_parameter(names: Iterable[str], parameter: str) -> bool:
    """Whether `target_parameters` names a parameter, by its whole name."""
    return ends_with(parameter, names)
