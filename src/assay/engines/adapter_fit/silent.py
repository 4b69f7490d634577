"""What a loader would ignore without a word: patterns that match nothing, weights that are replaced unsaid.

Each warning names the field as the file spells it, its value, and what it does to the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from assay.engines.adapter_files import Form
from assay.engines.adapter_fit.base_names import last_part, precision_of, same_base
from assay.engines.adapter_fit.causes import shown
from assay.engines.adapter_fit.configuration import (
    block_number,
    ends_with,
    excludes,
    matched_pattern,
    targets_parameter,
)
from assay.engines.adapter_fit.names import block_of, is_embedding
from assay.engines.adapter_fit.types import BaseShapes, Layer
from assay.engines.peft_fields import PEFT_VERSION, unknown_fields

__all__ = ["base_warnings", "bias_warnings", "missing_warning", "pattern_warnings", "replaced_warnings"]


def pattern_warnings(
    config: Mapping[str, Any], layers: Sequence[Layer], names: Sequence[str], base: BaseShapes
) -> Iterator[str]:
    """Of fields that match nothing, or that peft does not know. names: the layers that the configuration targets."""
    for field in ("alpha_pattern", "rank_pattern"):
        patterns = config.get(field) or {}
        matched = {matched_pattern({key: 0}, name) for key in patterns for name in names}
        for key in patterns:
            if key not in matched:
                yield f"{field} `{key}: {patterns[key]}` matches no layer of the base; {_common(config, layers)}"
    for field, value in unknown_fields(config).items():
        yield (
            f"{field}: {value} is not a field that peft {PEFT_VERSION} knows: it is ignored, and what it changed in training "
            f"is not applied"
        )
    if base.layers:
        yield from _parameters(config, base)
        yield from _blocks(config, base)
        yield from _names(config, base)


def _common(config: Mapping[str, Any], layers: Sequence[Layer]) -> str:
    """The rank and scale that most layers run at."""
    (scale, rank), count = Counter((layer.scale, layer.rank) for layer in layers).most_common(1)[0]
    default = config.get("lora_alpha", 8), config.get("r", 8)
    return f"{count} layers run at the scale {scale:g} and rank {rank} (lora_alpha: {default[0]}, r: {default[1]})"


def _parameters(config: Mapping[str, Any], base: BaseShapes) -> Iterator[str]:
    named = config.get("target_parameters") or []
    if isinstance(named, str):
        named = [named]
    if any(".experts" in layer for layer in base.layers):
        return  # transformers keeps the experts of a checkpoint under other names
    parameters = [name for layer in base.layers for name in (layer, f"{layer}.weight")]
    lost = [name for name in named if not any(targets_parameter([name], own) for own in parameters)]
    if lost:
        what = "" if len(lost) == len(named) else f" of its {len(named)}"
        yield (
            f"target_parameters: {', '.join(lost)}{what} matches no parameter of the base, which has no such experts; "
            f"nothing of that is applied"
        )


def _blocks(config: Mapping[str, Any], base: BaseShapes) -> Iterator[str]:
    chosen = config.get("layers_to_transform")
    if chosen is None or chosen == []:
        return
    listed = [chosen] if isinstance(chosen, int) else list(chosen)
    own = {block_number(config, layer) for layer in base.layers} - {None}
    if not own:
        yield f"layers_pattern: {config.get('layers_pattern')} matches no layer of the base; no layer is changed"
    elif lost := [number for number in listed if number not in own]:
        yield (
            f"layers_to_transform: {', '.join(map(str, lost))} is not a block of the base, which has {len(own)}; nothing "
            f"is changed there"
        )


def _names(config: Mapping[str, Any], base: BaseShapes) -> Iterator[str]:
    excluded = config.get("exclude_modules")
    if excluded and not any(excludes({"exclude_modules": excluded}, layer) for layer in _modules(base)):
        yield f"exclude_modules: {excluded} matches no layer of the base; nothing is excluded"
    saved = config.get("modules_to_save") or []
    listed = [saved] if isinstance(saved, str) else saved
    lost = [
        name
        for name in listed
        if not ends_with_any(name, base) and not (base.tied and name in ("lm_head", "output_layer"))
    ]
    if lost:
        yield f"modules_to_save: {', '.join(lost)} is not a layer of the base; nothing of that is loaded"


def _modules(base: BaseShapes) -> set[str]:
    """The base's layers, and what holds them: `model.layers.0.mlp`."""
    modules: set[str] = set()
    for layer in base.layers:
        while layer and layer not in modules:
            modules.add(layer)
            layer = layer.rpartition(".")[0]
    return modules


def ends_with_any(name: str, base: BaseShapes) -> bool:
    """Whether some module of the base has this name, whatever comes before it."""
    return any(ends_with(module, [name]) for module in _modules(base))


def replaced_warnings(
    config: Mapping[str, Any], replaces: Iterable[str], base: BaseShapes, *, compared: bool = True
) -> Iterator[str]:
    """Of embeddings or an output layer that a file holds whole and its configuration does not name.

    replaces: those with other numbers than the base's, if they were compared; peft saves many just as they were.
    """
    saved = config.get("modules_to_save") or ()
    for name in replaces:
        layer = name.removesuffix(".weight")
        last = layer.rpartition(".")[2]
        if ends_with(layer, [saved] if isinstance(saved, str) else saved) or not name.endswith(".weight"):
            continue
        head, unless = last == "lm_head", "" if compared else ", where its numbers are others"
        if not head and not is_embedding(layer):
            continue
        what = "output layer" if head else "embeddings"
        other = (
            (" and, its weights being tied, its " + ("embeddings" if head else "output layer"))
            if base.tied
            else ""
        )
        yield (
            f"its file holds {name} whole, which modules_to_save: {config.get('modules_to_save')} does not name: it "
            f"takes the place of the base's {what}{other} while the adapter is on{unless}"
        )


def bias_warnings(config: Mapping[str, Any], others: Sequence[str], base: BaseShapes) -> Iterator[str]:
    """Of biases that a configuration says were trained and a file holds none of."""
    bias = config.get("bias", "none")
    trained = any(key.endswith(".bias") for key in others)
    if bias != "none" and not trained and any(layer.endswith(".bias") for layer in base.layers):
        yield f"bias: {bias}, and its file holds no biases: the base's own stay as they are"


def missing_warning(missing: Sequence[str]) -> str:
    """Of layers that a configuration targets and a file holds nothing for."""
    return (
        f"no weights for {len(missing)} layers that its configuration targets ({shown(missing)}); they stay unchanged; "
        f"check that the file is the one that was trained{_last_blocks(missing)}"
    )


def _last_blocks(missing: Sequence[str]) -> str:
    numbers = {block[1] for layer in missing if (block := block_of(layer))}
    if numbers and numbers == set(range(max(numbers) + 1)):
        return (
            f" (mlx-lm's `num_layers` trains the last blocks only: all before {max(numbers) + 1} are without)"
        )
    return ""


def base_warnings(
    config: Mapping[str, Any], base: BaseShapes, precision: str = "", form: Form = "peft"
) -> Iterator[str]:
    """Of a base by another name, or of another precision, than the one that the configuration names.

    precision: of the base as it is run, where the engine quantizes it. form: whose field names it.
    """
    field = "base_model_name_or_path" if form == "peft" else "model"
    trained = str(config.get("base_model_name_or_path") or "")
    if not trained or not base.name:
        return
    if not same_base(trained, base.name):
        yield (
            f"{field}: {trained}, the base given is {base.name}, and all its weights fit; if these are "
            f"not the same weights under another name, give that base"
        )
        return
    if last_part(trained) == last_part(base.name) and not precision:
        return
    before, now = precision_of(trained), precision or base.precision or precision_of(base.name)
    if before != now:
        how = f"it was trained on {before}" if before else "its name tells of no quantized weights"
        yield (
            f"{field}: {trained}: {how} of what looks like the same base, and it is run on "
            f"{now or 'the unquantized weights'} of the base given; results can differ from those of its training"
        )
