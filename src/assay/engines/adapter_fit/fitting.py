"""Puts an adapter's files and a base's shapes together: see the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from assay.engines.adapter_files import CONFIG, AdapterFiles
from assay.engines.adapter_fit.causes import empty_error, is_vision, shown
from assay.engines.adapter_fit.checks import first_error
from assay.engines.adapter_fit.configuration import expressions, targeted_layers
from assay.engines.adapter_fit.mlx import mlx_config
from assay.engines.adapter_fit.moves import moved_config, moves_of, notes_of
from assay.engines.adapter_fit.names import block_of
from assay.engines.adapter_fit.others import Others, sort_others
from assay.engines.adapter_fit.reading import Reading
from assay.engines.adapter_fit.silent import bias_warnings, missing_warning, pattern_warnings
from assay.engines.adapter_fit.types import BaseShapes, Fit
from assay.engines.sandbox import SandboxError, try_expressions
from assay.errors import EngineError

__all__ = ["fit_adapter"]


def fit_adapter(files: AdapterFiles, base: BaseShapes) -> Fit:
    """How an adapter fits a base. An adapter that cannot be loaded has an `error`, which does not name it."""
    try:
        config = mlx_config(files.config) if files.form == "mlx-lm" else files.config
    except EngineError as bad:
        return Fit(files.form, files.config, error=bad)
    fit = Fit(files.form, config)
    if empty := empty_error(files.weights[0].name, files.tensors):
        return fit.failed(empty)
    if config["peft_type"] != "LORA":
        return fit
    if endless := _expression_error(files, config, base):
        return fit.failed(endless)
    reading = Reading.of(files, config, base)
    fit = replace(fit, layers=reading.layers)
    if error := first_error(reading):
        return fit.failed(error)
    others = sort_others(reading)
    return fit.failed(others.error) if others.error else _complete(fit, reading, others)


def _expression_error(files: AdapterFiles, config: Mapping[str, Any], base: BaseShapes) -> EngineError | None:
    """Why the configuration's regular expressions cannot be used on these names: one may take for ever."""
    patterns = expressions(config)
    if not patterns:
        return None
    names = {key.removeprefix("base_model.model.").partition(".lora_")[0] for key in files.tensors}
    try:
        try_expressions(patterns, sorted(names | set(base.layers)))
    except SandboxError as bad:
        text = f"an expression of its {CONFIG} cannot be matched with its layers' names ({bad})"
        return EngineError(text, fix="write target_modules and the other fields as lists of names")
    return None


def _complete(fit: Fit, reading: Reading, others: Others) -> Fit:
    """A fit with what is loaded how, and everything there is to say."""
    config, base = reading.config, reading.base
    held = set(reading.placed.values())
    targeted = targeted_layers(config, base) if fit.form == "peft" and held else []
    seeing = any(is_vision(pair.layer) for pair in reading.pairs)
    # What sees may well be left alone, and experts have other names in files of other versions.
    targeted = [name for name in targeted if ".experts" not in name and (seeing or not is_vision(name))]
    missing = [layer for layer in targeted if layer not in held]
    names = [*(reading.pattern_name(pair) for pair in reading.pairs), *missing]
    moves = moves_of(reading, others)
    warnings = (
        *pattern_warnings(config, fit.layers, names, base),
        *bias_warnings(config, reading.others, base),
        *_left_out(others),
        *([missing_warning(missing)] if missing else []),
    )
    fit = replace(
        fit,
        missing=tuple(missing),
        replaces=others.replaces,
        moves=moves,
        config=config if moves is None else moved_config(reading),
        notes=tuple(notes_of(reading, others, moves)),
        warnings=warnings,
    )
    error = _mostly_missing(missing, targeted)
    return fit.failed(error) if error else fit


def _left_out(others: Others) -> Iterator[str]:
    if others.left_out:
        yield (
            f"its file holds a value head ({shown(others.left_out)}), from a training by reinforcement; it takes no part "
            f"in generating text and is left out"
        )


def _mostly_missing(missing: Sequence[str], targeted: Sequence[str]) -> EngineError | None:
    """Where a file holds weights for fewer than half of the layers, and they are not the last blocks alone."""
    if 2 * len(missing) <= len(targeted):
        return None
    lacking = {block[1] for layer in missing if (block := block_of(layer))}
    whole = {layer for layer in targeted if (block := block_of(layer)) and block[1] in lacking}
    if lacking == set(range(len(lacking))) and whole == set(missing):
        return None  # mlx-lm's `num_layers` trains the last blocks
    text = (
        f"{len(missing)} of the {len(targeted)} layers that its configuration targets lack weights in its file "
        f"({shown(missing)}): most of it is missing"
    )
    return EngineError(text, fix="save or download it again")
