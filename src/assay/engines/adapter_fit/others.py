"""Tensors of an adapter's file that are no matrix of a LoRA: heads, weights of the base itself, biases, token vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.engines.adapter_fit.causes import is_vision, rows_error, shown, vocabulary
from assay.engines.adapter_fit.configuration import ends_with
from assay.engines.adapter_fit.names import PREFIX, is_embedding, unwrapped
from assay.engines.adapter_fit.places import Places
from assay.engines.adapter_fit.reading import Reading
from assay.engines.adapter_fit.types import Move
from assay.errors import EngineError

__all__ = ["Others", "head_error", "sort_others"]

CLASSIFIERS = ("score", "classifier", "classification_head", "qa_outputs", "regression_head", "reward_head")
"""What architectures call a head that classifies."""
VALUES = ("v_head", "value_head")
"""What trainers by reinforcement call a head that values."""
CLASSIFYING = ("SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS")
TOKENS = ("token_adapter", "trainable_tokens_delta", "trainable_tokens_original")
INNER = (".base_layer", ".modules_to_save.default", ".modules_to_save")
"""What peft puts between a layer and its weight."""


@dataclass(slots=True)
class Others:
    """What such tensors are."""

    moves: dict[str, Move] = field(default_factory=dict)
    """Those to load, by their names in the file."""
    replaces: dict[str, str] = field(default_factory=dict)
    """Weights of the base that they take the place of, by their names in the file."""
    left_out: list[str] = field(default_factory=list)
    """Those that take no part in generating text."""
    originals: list[str] = field(default_factory=list)
    """The base's own copies of what is saved whole, which peft keeps beside it."""
    error: EngineError | None = None


def head_error(config: Mapping[str, Any], others: Sequence[str]) -> EngineError | None:
    """Where an adapter classifies: its head is in the file, or its task says so and asks for a head."""
    heads = sorted({word for key in others for word in key.split(".") if word in CLASSIFIERS})
    if not heads:
        return None
    task = config.get("task_type")
    named = f"task_type: {task}: " if task in CLASSIFYING else ""
    text = f"{named}it has a classification head ({', '.join(heads)}) and does not generate text"
    return EngineError(text, fix="give an adapter that was trained with task_type: CAUSAL_LM")


def sort_others(reading: Reading) -> Others:
    """What each of a file's other tensors is."""
    config, places = reading.config, reading.places
    adapters = {part.adapter for part in reading.parts} - {""}
    others, unknown = Others(), []
    for key in reading.others:
        name, _, _ = unwrapped(key)
        for adapter in adapters:
            name = name.replace(f".{adapter}.", ".")
        words, (layer, _, kind) = name.split("."), name.rpartition(".")
        if set(words) & set(VALUES):
            others.left_out.append(key)
        elif layer.endswith(".original_module"):
            others.originals.append(key)
        elif set(words) & set(TOKENS):
            others.moves[key] = Move(PREFIX + name)
            if not config.get("trainable_token_indices"):
                unknown.append(key)
        elif kind in ("weight", "bias") and (place := _place(config, layer, places)):
            if kind == "bias" and layer in reading.placed and config.get("bias", "none") != "none":
                others.error = others.error or _old_bias(config, layer)
            inner = ".base_layer" if layer.endswith(".base_layer") else ""
            others.moves[key] = Move(f"{PREFIX}{place}{inner}.{kind}")
            others.replaces[key] = f"{place}.{kind}"
            others.error = others.error or _rows(place, key, reading)
        else:
            unknown.append(key)
    if unknown:
        others.error = others.error or _unknown(config, unknown, places)
    return others


def _outer(layer: str) -> str:
    """The layer of the base that holds a weight."""
    for inner in INNER:
        if layer.endswith(inner):
            return layer.removesuffix(inner)
    return layer


def _place(config: Mapping[str, Any], layer: str, places: Places) -> str | None:
    """The base's layer that a weight of the file belongs to; None: there is none."""
    outer = _outer(layer)
    alike = places.alike(outer)
    if len(alike) == 1:
        return alike[0]
    saved = config.get("modules_to_save") or ()
    named = ends_with(outer, [saved] if isinstance(saved, str) else saved)
    free = not places.base.layers or named or is_embedding(outer) or outer.rpartition(".")[2] == "lm_head"
    return outer if free and not alike else None


def _rows(place: str, key: str, reading: Reading) -> EngineError | None:
    """Of embeddings or an output layer of another count of rows."""
    own, shape = vocabulary(reading.base), reading.files.tensors[key]
    whole = len(shape) == 2 and (is_embedding(place) or place.rpartition(".")[2] == "lm_head")
    if not whole or not own or shape[0] == own:
        return None
    return rows_error(place, shape[0], own, added=reading.files.added_tokens)


def _old_bias(config: Mapping[str, Any], layer: str) -> EngineError:
    last = layer.rpartition(".")[2]
    text = (
        f"bias: {config.get('bias')}: its biases are named in the old form of peft up to 0.5 (`{last}.bias`), which "
        f"peft does not read today (`{last}.base_layer.bias`)"
    )
    return EngineError(text, fix=f"rename its tensors from `{last}.bias` to `{last}.base_layer.bias`")


def _unknown(config: Mapping[str, Any], unknown: Sequence[str], places: Places) -> EngineError:
    """Of tensors that no loader would take."""
    if any(word in TOKENS for word in unknown[0].split(".")):
        value = config.get("trainable_token_indices")
        text = (
            f"its file holds trained vectors of single tokens ({unknown[0]}), and trainable_token_indices: {value} names none: "
            f"peft would ignore them"
        )
        return EngineError(
            text, fix="set trainable_token_indices in its adapter_config.json to the tokens that were trained"
        )
    if any(map(is_vision, unknown)) and not any(map(is_vision, places.base.layers)):
        text = (
            f"it has weights of a vision tower ({shown(unknown)}), and the base here is the text model alone"
        )
        return EngineError(text, fix="remove these tensors from its file to measure its text layers alone")
    text = f"{len(unknown)} of its tensors do not belong to a LoRA and fit no layer of the base ({shown(unknown)}), and peft would ignore them"
    return EngineError(
        text, fix="remove them from its file if they are not needed, or save the adapter again"
    )
