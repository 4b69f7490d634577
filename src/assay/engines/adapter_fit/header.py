"""The shapes of a base from its files' headers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.engines.adapter_fit.names import is_embedding
from assay.engines.adapter_fit.types import BaseShapes
from assay.engines.files import Entry, read_headers, read_object

__all__ = ["config_precision", "entry_shapes", "header_shapes"]

TURNED = ("gpt2", "openai-gpt", "imagegpt")
"""Architectures that store the weights of their layers as (in, out)."""
FLAT = ("wte", "wpe", "lm_head", "tokens_embed", "positions_embed")
"""Their layers that they store as others do."""


def header_shapes(folder: Path, weights: Sequence[Path], name: str = "") -> BaseShapes:
    """Shapes of a base's layers, by the names in its safetensors files; none of a quantized one, which packs them.

    name: the folder or hub id that it was given by.
    """
    return entry_shapes(read_object(folder / "config.json"), read_headers(weights), name)


def entry_shapes(config: Mapping[str, Any], entries: Mapping[str, Entry], name: str = "") -> BaseShapes:
    """The same from a base's `config.json` and the entries of its headers."""
    kind = str(config.get("model_type") or "")
    tied = config.get("tie_word_embeddings") is True
    if precision := config_precision(config):
        return BaseShapes({}, kind, tied, name, precision=precision)
    layers = {}
    for key, entry in entries.items():
        layer = key.removesuffix(".weight")
        turned = kind in TURNED and len(entry.shape) == 2 and not layer.endswith(FLAT)
        layers[layer] = entry.shape[::-1] if turned else entry.shape
    return BaseShapes(layers, kind, tied or (bool(layers) and not any(map(_is_head, layers))), name)


def config_precision(config: Mapping[str, Any]) -> str:
    """Of weights that a `config.json` says are quantized, as in `4 bits`; empty where it says nothing."""
    kept = config.get("quantization_config")
    if not kept:
        return ""
    if not isinstance(kept, Mapping):
        return "quantized weights"
    loaded = 4 if kept.get("load_in_4bit") else 8 if kept.get("load_in_8bit") else None
    bits = kept.get("bits") or loaded
    return f"{bits} bits" if isinstance(bits, int) else f"quantized weights ({kept.get('quant_method')})"


def _is_head(layer: str) -> bool:
    return layer.rpartition(".")[2] in ("lm_head", "output_layer", "embed_out") and not is_embedding(layer)
