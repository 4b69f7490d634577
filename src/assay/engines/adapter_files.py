"""An adapter's files: its configuration, the names and shapes of its tensors, and how those fit a base.

files = read_adapter_files(Path("adapters/math"))         # raises EngineError: absent, malformed, cut short
fit = match(files.config, files.tensors, layers)          # against the layers of a base, by name and shape

It needs neither torch nor peft, loads no weights, and knows no engine. Its errors do not name the adapter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.adapter_folders import CONFIG, words_within
from assay.engines.files import read_header, read_headers, read_object
from assay.errors import EngineError

__all__ = [
    "CONFIG",
    "PICKLE",
    "WEIGHTS",
    "AdapterFiles",
    "Match",
    "Pair",
    "Shape",
    "layer_suffix",
    "layers_of",
    "match",
    "read_adapter_files",
    "refuse_changed_base",
    "refuse_other_base",
    "unusual",
    "weights_file",
]

WEIGHTS = "adapter_model.safetensors"
PICKLE = "adapter_model.bin"
Shape = tuple[int, ...]
DEFAULTS: Mapping[str, Any] = {
    "bias": "none",
    **dict.fromkeys(("modules_to_save", "trainable_token_indices", "target_parameters")),
    **dict.fromkeys(("use_dora", "lora_bias", "use_qalora", "fan_in_fan_out"), False),
    **dict.fromkeys(("layer_replication", "alora_invocation_tokens", "use_bdlora", "megatron_config")),
    **dict.fromkeys(("monteclora_config", "arrow_config")),
}
"""Fields of peft's LoRA that make it more than `B @ A` on some layers, with the value that leaves them out."""
PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal", "mica")
"""Values of `init_lora_weights` that leave the base's weights alone."""
ANYWHERE = ("embed_tokens", "lm_head")
"""Layers that bases keep in one tensor, or under other names."""
KEY = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_(?:embedding_)?([AB])(?:\.default)?(?:\.weight)?")
"""A tensor of a LoRA: its layer, and which of the two matrices it is."""
SUFFIX = re.compile(r"(?:^|\.)((?:layers|h|blocks|block)\.\d+\..+)$")
"""The end of a layer's name that files agree on: what comes before differs between versions."""


@dataclass(frozen=True, slots=True)
class AdapterFiles:
    """A folder that peft saved."""

    folder: Path
    config: Mapping[str, Any]
    """As written."""
    weights: Path
    tensors: Mapping[str, Shape]
    """By name; none of a pickle, which only torch reads."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Shapes of the two matrices of one layer."""

    down: Shape
    """A: (rank, in)."""
    up: Shape
    """B: (out, rank)."""

    @property
    def changes(self) -> Shape | None:
        """Shape of the change `B @ A`; None where it is no plain product."""
        return (self.up[0], self.down[1]) if len(self.down) == len(self.up) == 2 else None


@dataclass(frozen=True, slots=True)
class Match:
    """How the tensors of a LoRA fit the layers of a base."""

    pairs: Mapping[str, Pair]
    """By layer, as the file names it."""
    halves: tuple[str, ...]
    """Layers of which one matrix is missing."""
    others: tuple[str, ...]
    """Tensors that are no part of a LoRA."""
    places: Mapping[str, str]
    """Layer of the base for each pair that has one, by its name in the file."""
    misshapen: Mapping[str, tuple[Shape, Shape]]
    """Layers whose change has another shape than the base's layer: both shapes."""

    @property
    def strangers(self) -> tuple[str, ...]:
        """Layers that the base lacks."""
        return tuple(layer for layer in self.pairs if layer not in self.places)


def read_adapter_files(folder: Path, *, allow_pickle: bool | None = None) -> AdapterFiles:
    """Read a folder that peft saved. Raises EngineError where a file is missing, malformed or cut short.

    allow_pickle: whether weights may be a pickle; None: this engine has no such option.
    """
    config = _read_config(folder)
    weights = weights_file(folder, allow_pickle=allow_pickle)
    whole = weights.name == WEIGHTS
    tensors = {name: entry.shape for name, entry in read_header(weights).items()} if whole else {}
    return AdapterFiles(folder, config, weights, tensors)


def weights_file(folder: Path, *, allow_pickle: bool | None = None) -> Path:
    """The file that holds an adapter's weights. Raises EngineError if there is none that may be read."""
    if (folder / WEIGHTS).is_file():
        return folder / WEIGHTS
    pickle = folder / PICKLE
    if not pickle.is_file():
        raise EngineError(f"no {WEIGHTS} in {folder}", fix="the download or the training is incomplete")
    if allow_pickle:
        return pickle
    option = "" if allow_pickle is None else ", or set `engine.options.allow_pickle: true`"
    raise EngineError(
        f"{pickle} is a pickle, which can run code",
        fix=f"save it as {WEIGHTS} (peft: `save_pretrained(..., safe_serialization=True)`){option}",
    )


def match(config: Mapping[str, Any], tensors: Mapping[str, Shape], layers: Mapping[str, Shape]) -> Match:
    """How the tensors of a LoRA fit layers of a base, by name and shape.

    `layers` are (out, in) by name. A layer under another prefix is found by the end of its name, where only one
    has that.
    """
    matrices: dict[str, dict[str, Shape]] = {}
    others = []
    for key, shape in tensors.items():
        if (parts := KEY.fullmatch(key)) is None:
            others.append(key)
        else:
            matrices.setdefault(parts[1], {})[parts[2]] = shape
    pairs = {layer: Pair(parts["A"], parts["B"]) for layer, parts in matrices.items() if len(parts) == 2}
    ends: dict[str, list[str]] = {}
    for name in layers:
        ends.setdefault(layer_suffix(name), []).append(name)
    places, misshapen = {}, {}
    for layer, pair in pairs.items():
        alike = [layer] if layer in layers else ends.get(layer_suffix(layer), [])
        if not alike:
            continue
        places[layer] = alike[0]
        whole = layers[alike[0]][::-1] if config.get("fan_in_fan_out") else layers[alike[0]]
        if len(alike) == 1 and pair.changes is not None and len(whole) == 2 and pair.changes != whole:
            misshapen[layer] = (pair.changes, whole)
    halves = tuple(layer for layer, parts in matrices.items() if len(parts) != 2)
    return Match(pairs, halves, tuple(others), places, misshapen)


def layers_of(weights: Sequence[Path]) -> dict[str, Shape]:
    """Shapes of a base's layers, by name, as its safetensors files have them."""
    return {name.removesuffix(".weight"): entry.shape for name, entry in read_headers(weights).items()}


def layer_suffix(name: str) -> str:
    """The end of a layer's name that files agree on, whatever comes before it."""
    suffix = SUFFIX.search(name)
    return suffix[1] if suffix else name.rpartition(".")[2]


def unusual(config: Mapping[str, Any], *fields: str) -> str:
    """The first of these fields (by default all) that is not as peft leaves it: `use_dora: True`; empty: none is."""
    for key in fields or DEFAULTS:
        if (value := config.get(key)) and value != DEFAULTS[key]:
            return f"{key}: {value}"
    return ""


def refuse_changed_base(config: Mapping[str, Any]) -> None:
    """Raise EngineError if the training began by changing the base's own weights."""
    start = config.get("init_lora_weights", True)
    if not any(start is known or start == known for known in PLAIN_STARTS):
        raise EngineError(
            f"init_lora_weights: {start} changes the base's own weights",
            fix="save it again with peft's `path_initial_model_for_weight_conversion`",
        )


def refuse_other_base(found: Match, loader: str) -> None:
    """Raise EngineError where a layer has no place in the base, or another shape than its place.

    loader: what would leave such a layer out.
    """
    fix = "give the base that it was trained on"

    def checked(name: str) -> bool:
        return name.rpartition(".")[2] not in ANYWHERE and ".experts" not in name

    if strangers := [name for name in found.strangers if checked(name)]:
        shown = ", ".join(strangers[:3])
        raise EngineError(
            f"{len(strangers)} of its layers are not in the base ({shown}), and {loader} would leave them out",
            fix=fix,
        )
    for name, (own, whole) in found.misshapen.items():
        if checked(name):
            raise EngineError(f"{name} is {list(own)} in its file and {list(whole)} in the base", fix=fix)


def _read_config(folder: Path) -> Mapping[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        raise _absent(folder)
    config = read_object(path)
    if "peft_type" not in config:
        raise EngineError(
            f"{path} has no `peft_type`; it is not one that peft saved", fix="save the adapter again"
        )
    _refuse_mistyped(path, config)
    return config


def _absent(folder: Path) -> EngineError:
    """Why a folder holds no configuration of an adapter."""
    if not folder.is_dir():
        return EngineError(f"no folder {folder}", fix="correct the path")
    if not any(folder.iterdir()):
        return EngineError(
            f"{folder} is empty", fix="download or save the adapter into it, or give another folder"
        )
    fix = "give the folder that peft saved"
    if (folder / CONFIG).is_dir():
        return EngineError(f"{folder / CONFIG} is a folder, not a file", fix=fix)
    if names := words_within(folder):
        return EngineError(
            f"no {CONFIG} in {folder}, which holds adapters in folders of its own: {names}",
            fix="give one of them, or each as an adapter (`assay init` writes such a study)",
        )
    base = "; it is a base" if (folder / "config.json").is_file() else ""
    return EngineError(f"no {CONFIG} in {folder}{base}", fix=fix)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_rank(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_names(value: Any) -> bool:
    listed = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return value is None or isinstance(value, str) or listed


def _are_ranks(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_rank, value.values())))


def _are_numbers(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_number, value.values())))


KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "r": ("a whole number above 0", _is_rank),
    "lora_alpha": ("a number", _is_number),
    "target_modules": ("a list of names (or one text)", _are_names),
    "modules_to_save": ("a list of names", _are_names),
    "rank_pattern": ("an object of whole numbers above 0", _are_ranks),
    "alpha_pattern": ("an object of numbers", _are_numbers),
    "use_rslora": ("true or false", _is_flag),
    "use_dora": ("true or false", _is_flag),
}
"""Of LoRA: what a field may be. Of other types only `target_modules` is the same."""


def _refuse_mistyped(path: Path, config: Mapping[str, Any]) -> None:
    """peft checks few fields, and fails on the others only while it builds layers, without naming them."""
    lora = config["peft_type"] == "LORA"
    for key, (kind, fits) in KINDS.items():
        if key in config and (lora or key == "target_modules") and not fits(config[key]):
            raise EngineError(
                f"{key} is {config[key]!r}; {kind} is expected in {path}", fix="save the adapter again"
            )
    named = config.get("target_modules")
    try:
        re.compile(named if isinstance(named, str) else "")
    except re.error as bad:
        raise EngineError(
            f"target_modules is {named!r}, which is no regular expression ({bad})",
            fix=f"correct it in {path}, or save the adapter again",
        ) from None
