"""The names and the configuration under which peft reads an adapter that was saved in another form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assay.engines.adapter_fit.causes import shown
from assay.engines.adapter_fit.configuration import matched_pattern
from assay.engines.adapter_fit.names import LEADING, PREFIX, WRAPPERS, Part, prefix_of
from assay.engines.adapter_fit.others import Others
from assay.engines.adapter_fit.reading import Reading
from assay.engines.adapter_fit.types import Move

__all__ = ["moved_config", "moves_of", "notes_of"]

MATRICES = {"lora_a": "lora_A", "lora_b": "lora_B"}
"""mlx-lm's names of the matrices, which it stores transposed, and peft's."""
NARROWING = ("layers_to_transform", "layers_pattern", "exclude_modules")
"""Fields that leave layers out; a list of whole names needs none."""


def moves_of(reading: Reading, others: Others) -> dict[str, Move] | None:
    """The name of each tensor for peft; None where the files can be read as they are."""
    moves = {
        part.key: _move(reading.target(pair), part) for pair in reading.pairs for part in pair.parts.values()
    } | others.moves
    files = reading.files
    same = all(_as_peft(key) == _as_peft(move.name) and not move.turned for key, move in moves.items())
    return None if same and len(files.weights) == 1 and not (others.left_out or others.originals) else moves


def _move(target: str, part: Part) -> Move:
    matrix = MATRICES.get(part.matrix, part.matrix)
    bare = matrix.startswith(("lora_embedding", "lora_magnitude")) and not part.key.endswith(".weight")
    end = ".bias" if part.bias else "" if bare else ".weight"
    return Move(f"{PREFIX}{target}.{matrix}{end}", turned=part.matrix in MATRICES)


def _as_peft(key: str) -> str:
    """A tensor's name as peft reads it: with or without the name `default`."""
    return (
        key.removesuffix(".default").replace(".default.weight", ".weight").replace(".default.bias", ".bias")
    )


def moved_config(reading: Reading) -> dict[str, Any]:
    """A configuration that gives each layer, under its new name, the rank and scale that it had."""
    kept = (
        () if reading.config.get("target_parameters") else NARROWING
    )  # then both lists stay, and match by their ends
    config = {key: value for key, value in reading.config.items() if key not in kept}
    if not reading.config.get("target_parameters"):
        config["target_modules"] = sorted(reading.target(pair) for pair in reading.pairs)
    for field in ("rank_pattern", "alpha_pattern"):
        patterns = reading.config.get(field) or {}
        keys = {
            reading.target(pair): matched_pattern(patterns, reading.pattern_name(pair))
            for pair in reading.pairs
        }
        config[field] = {
            name.replace(".", r"\."): patterns[key] for name, key in keys.items() if key is not None
        }
    return config


def notes_of(reading: Reading, others: Others, moves: Mapping[str, Move] | None) -> Iterator[str]:
    """How it is read, where that is not plain."""
    if moves is None:
        return
    if others.originals:
        yield f"its file holds the base's own copy of what it saves whole ({shown(others.originals)}); that is left out"
    files = reading.files
    if files.form == "mlx-lm":
        yield (
            f"it is an adapter of mlx-lm (fine_tune_type: {files.config.get('fine_tune_type', 'lora')}, "
            f"lora_parameters.scale: {files.config['lora_parameters']['scale']}): it is read in its own form, lora_a and "
            f"lora_b transposed, alpha / r = scale"
        )
    if len(files.weights) > 1:
        yield f"its weights are in {len(files.weights)} shards, which peft does not read; they are joined"
    yield from _renamed(reading)


def _renamed(reading: Reading) -> Iterator[str]:
    parts, count = reading.parts, len(reading.pairs)
    every = f"each of its {count} layers fits one layer of the base, and is read as that"
    for word in sorted({word for part in parts for word in part.words}):
        if word == PREFIX.removesuffix("."):
            yield f"its tensors' names have peft's prefix `{PREFIX}` more than once (peft wrapped the model twice); {every}"
        else:
            why = (WRAPPERS | LEADING)[word]
            yield f"its tensors' names have `{word}.` in them ({why}), which is taken out; {every}"
    if adapters := {part.adapter for part in parts} - {""}:
        yield f"its tensors' names have the adapter's own name in them ({shown(adapters)}); it is left out"
    if reading.files.form == "peft" and not all(part.prefixed for part in parts):
        yield f"its tensors' names lack peft's prefix `{PREFIX}`; {every}"
    moved = [pair for pair in reading.pairs if reading.target(pair) != pair.layer]
    if moved:
        before, after = (
            ".".join(prefix_of(name)) for name in (moved[0].layer, reading.placed[moved[0].layer])
        )
        yield (
            f"its layers are named `{before}.` and the base's `{after}.` (it was trained on a wrapper of the base); "
            f"{every}"
        )
