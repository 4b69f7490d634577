"""What forbids to load an adapter whose pairs are known: one cause and one fix each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assay.engines.adapter_files import CONFIG
from assay.engines.adapter_fit.causes import misfit_error, pair_error, shown
from assay.engines.adapter_fit.configuration import rank_of, targets
from assay.engines.adapter_fit.names import Part
from assay.engines.adapter_fit.others import head_error
from assay.engines.adapter_fit.reading import Reading
from assay.errors import EngineError

__all__ = ["first_error"]


def first_error(reading: Reading) -> EngineError | None:
    """The first cause; what its other tensors are is looked at elsewhere."""
    error = (
        _more_than_layers(reading) or head_error(reading.config, reading.others) or _several(reading.parts)
    )
    if error := error or _doubled(reading):
        return error
    if error := pair_error(reading.config, reading.pairs, reading.halves):
        return error
    if reading.absent:
        return misfit_error(reading)
    return _twice(reading) or _rank(reading) or _untargeted(reading) or _vectors(reading)


def _more_than_layers(reading: Reading) -> EngineError | None:
    """Of fields that change more than the base's layers, one by one."""
    for field in ("layer_replication", "alora_invocation_tokens"):
        if value := reading.config.get(field):
            return EngineError(
                f"it has {field}: {value}, which changes more than layers", fix="use another engine for it"
            )
    return None


def _several(parts: Sequence[Part]) -> EngineError | None:
    names = {part.adapter or "default" for part in parts}
    if len(names) < 2:
        return None
    text = f"its file holds {len(names)} adapters ({shown(sorted(names))})"
    return EngineError(text, fix="save each into a folder of its own")


def _doubled(reading: Reading) -> EngineError | None:
    """Where two tensors are the same matrix of a layer, but for wrappers' words in their names."""
    seen: set[tuple[str, str, bool]] = set()
    for part in reading.parts:
        if (matrix := (part.layer, part.matrix, part.bias)) in seen:
            text = f"its file holds {part.matrix} of {part.layer} more than once, under different names ({part.key})"
            return EngineError(text, fix="remove those that were not trained from its file")
        seen.add(matrix)
    return None


def _twice(reading: Reading) -> EngineError | None:
    """Where two pairs have one place."""
    counts = Counter(reading.placed.values())
    twice = [place for place, count in counts.items() if count > 1]
    if not twice:
        return None
    names = shown(layer for layer, place in reading.placed.items() if place == twice[0])
    text = f"{len(twice)} layers of the base have more than one pair of matrices in its file ({twice[0]}: {names})"
    return EngineError(text, fix="remove those that were not trained from its file")


def _rank(reading: Reading) -> EngineError | None:
    """Where the file and the configuration disagree."""
    ranks = {
        pair.layer: (pair.rank, rank_of(reading.config, reading.pattern_name(pair)))
        for pair in reading.pairs
        if not _is_expert(pair.layer)
    }
    odd = [layer for layer, (own, expected) in ranks.items() if own != expected]
    if not odd:
        return None
    own, expected = ranks[odd[0]]
    field = "lora_parameters.rank" if reading.files.form == "mlx-lm" else "r and rank_pattern"
    text = (
        f"{len(odd)} of its {len(reading.pairs)} layers have another rank than its configuration gives them "
        f"({odd[0]}: {own} in the file, {expected} by {field})"
    )
    return EngineError(text, fix=f"give the {CONFIG} that was saved with these weights")


def _untargeted(reading: Reading) -> EngineError | None:
    """Where a configuration leaves layers out that the file has weights for."""
    config = reading.config
    lost = [
        pair.layer for pair in reading.pairs if not _is_expert(pair.layer) and not reading.is_targeted(pair)
    ]
    if not lost:
        return None
    named = ("exclude_modules", "modules_to_save", "layers_to_transform")
    without = {field: {key: value for key, value in config.items() if key != field} for field in named}
    field = next((field for field in named if targets(without[field], lost[0])), "target_modules")
    text = (
        f"its file holds weights for {len(lost)} layers that its configuration leaves out ({shown(lost)}; {field}: "
        f"{config.get(field)}), and peft would ignore them"
    )
    return EngineError(text, fix=f"correct {field} in its {CONFIG}, or save the adapter again")


def _vectors(reading: Reading) -> EngineError | None:
    """Of DoRA's vectors and LoRA's own biases, which the configuration must name."""
    vectors = [part for part in reading.parts if part.matrix == "lora_magnitude_vector"]
    biases = [part for part in reading.parts if part.bias]
    for field, held, what in (
        ("use_dora", vectors, "DoRA's vectors"),
        ("lora_bias", biases, "LoRA's own biases"),
    ):
        value = reading.config.get(field, False)
        if held and not value:
            text = (
                f"its file holds {what} for {len(held)} layers, and {field}: {value}: peft would ignore them"
            )
            return EngineError(text, fix=f"set {field}: true in its {CONFIG}, if it was trained so")
        if value and len(held) < len(reading.pairs):
            lacking, count = len(reading.pairs) - len(held), len(reading.pairs)
            text = f"{field}: {value}, and its file holds none of {what} for {lacking} of its {count} layers"
            return EngineError(text, fix="save or download the adapter again")
    return None


def _is_expert(layer: str) -> bool:
    """Whether a layer is among experts, which peft and transformers join and split."""
    return ".experts" in layer
