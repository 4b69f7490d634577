"""The layers of a base by its `config.json` alone: names and shapes, for dense models of a few families.

    layers = layer_shapes(read_object(Path("base/config.json")))    # None: shapes unknown

Names and shapes are those of transformers' model for causal language: weights alone, no bias; (out, in) also where
GPT-2 stores a layer turned. It opens no weights, and guesses nothing: a family or a field that it does not know gives None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["FAMILIES", "Shape", "layer_shapes", "tied_head"]

Shape = tuple[int, ...]
MOST_LAYERS = 10_000
"""A configuration of more layers is damaged."""


@dataclass(frozen=True, slots=True)
class Family:
    """What families of Llama's form differ in."""

    tied: bool = False
    """Whether the output layer is the embeddings' matrix, where the configuration does not say."""
    head: int | None = None
    """Size of an attention head, where the configuration does not say; None: the hidden size, shared out."""
    keys: int | None = None
    """Heads of keys and values, where the configuration leaves them out; None: as many as of queries."""
    normed_heads: bool = False
    """Whether queries and keys have norms of their own."""
    norms: tuple[str, ...] = ("input_layernorm", "post_attention_layernorm")
    """Of each layer, as large as the hidden size."""


GEMMA_NORMS = (*Family().norms, "pre_feedforward_layernorm", "post_feedforward_layernorm")
LLAMA_FORM: Mapping[str, Family] = {
    "llama": Family(),
    "mistral": Family(keys=8),
    "qwen2": Family(keys=32),
    "qwen3": Family(head=128, keys=32, normed_heads=True),
    "gemma": Family(tied=True, head=256, keys=16),
    "gemma2": Family(tied=True, head=256, keys=4, norms=GEMMA_NORMS),
    "gemma3_text": Family(tied=True, head=256, keys=4, normed_heads=True, norms=GEMMA_NORMS),
}
FAMILIES = (*LLAMA_FORM, "gpt2")
"""Every `model_type` that has a table."""


def layer_shapes(config: Mapping[str, Any]) -> dict[str, Shape] | None:
    """Shape of each weight of a base by the name of its layer; None: not known.

    A tied output layer is listed too, as `lm_head`.
    """
    kind = config.get("model_type")
    try:
        if config.get("auto_map"):  # code of its own may build other layers
            return None
        if kind == "gpt2":
            return dict(_gpt2(config))
        if isinstance(kind, str) and kind in LLAMA_FORM:
            return dict(_llama(config, LLAMA_FORM[kind]))
    except _UnknownError:
        pass
    return None


def tied_head(config: Mapping[str, Any]) -> bool | None:
    """Whether the output layer is the embeddings' matrix; None: not known."""
    kind = config.get("model_type")
    family = LLAMA_FORM.get(kind) if isinstance(kind, str) else None
    default = True if kind == "gpt2" else family.tied if family else None
    tied = config.get("tie_word_embeddings")
    return tied if isinstance(tied, bool) else default


class _UnknownError(Exception):
    """A field that decides a shape is missing, or is no size."""


def _size(config: Mapping[str, Any], key: str, default: int | None = None) -> int:
    """A size in a configuration; the default where it is missing or null."""
    value = config.get(key)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _UnknownError(key)
    return value


def _layers(config: Mapping[str, Any], key: str) -> range:
    count = _size(config, key)
    if count > MOST_LAYERS:
        raise _UnknownError(key)
    return range(count)


def _llama(config: Mapping[str, Any], family: Family) -> Iterator[tuple[str, Shape]]:
    hidden, inner = _size(config, "hidden_size"), _size(config, "intermediate_size")
    heads = _size(config, "num_attention_heads")
    head = _size(config, "head_dim", family.head or hidden // heads)
    shared = heads if "num_key_value_heads" in config else family.keys or heads
    queries, keys = heads * head, _size(config, "num_key_value_heads", shared) * head
    words = (_size(config, "vocab_size"), hidden)
    yield "model.embed_tokens", words
    for index in _layers(config, "num_hidden_layers"):
        layer = f"model.layers.{index}."
        yield f"{layer}self_attn.q_proj", (queries, hidden)
        yield f"{layer}self_attn.k_proj", (keys, hidden)
        yield f"{layer}self_attn.v_proj", (keys, hidden)
        yield f"{layer}self_attn.o_proj", (hidden, queries)
        if family.normed_heads:
            yield f"{layer}self_attn.q_norm", (head,)
            yield f"{layer}self_attn.k_norm", (head,)
        yield f"{layer}mlp.gate_proj", (inner, hidden)
        yield f"{layer}mlp.up_proj", (inner, hidden)
        yield f"{layer}mlp.down_proj", (hidden, inner)
        for norm in family.norms:
            yield layer + norm, (hidden,)
    yield "model.norm", (hidden,)
    yield "lm_head", words


def _gpt2(config: Mapping[str, Any]) -> Iterator[tuple[str, Shape]]:
    if config.get("add_cross_attention"):
        raise _UnknownError("add_cross_attention")
    hidden, words = _size(config, "n_embd"), _size(config, "vocab_size")
    inner = _size(config, "n_inner", 4 * hidden)
    yield "transformer.wte", (words, hidden)
    yield "transformer.wpe", (_size(config, "n_positions"), hidden)
    for index in _layers(config, "n_layer"):
        layer = f"transformer.h.{index}."
        yield f"{layer}ln_1", (hidden,)
        yield f"{layer}attn.c_attn", (3 * hidden, hidden)
        yield f"{layer}attn.c_proj", (hidden, hidden)
        yield f"{layer}ln_2", (hidden,)
        yield f"{layer}mlp.c_fc", (inner, hidden)
        yield f"{layer}mlp.c_proj", (hidden, inner)
    yield "transformer.ln_f", (hidden,)
    yield "lm_head", (words, hidden)
