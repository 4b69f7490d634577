"""Converts text to tokens and back by the rules of lm-eval's Hugging Face models, so that figures are comparable.

It knows no model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from assay.engines.api import Prompt
from assay.errors import EngineError

__all__ = ["cut_before", "decode", "encode", "encode_pair", "outgrown", "seed_of"]


Tokenizer = Any
"""One of transformers."""


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """Tokens of a prompt; special tokens are added unless the text starts with the first of them."""
    prefix = _prefix(tokenizer)
    marked = prefix is not None and text.startswith(str(tokenizer.decode([prefix])))
    return list(tokenizer.encode(text, add_special_tokens=not marked))


def encode_pair(tokenizer: Tokenizer, prompt: str, continuation: str) -> tuple[list[int], int]:
    """All tokens of prompt and continuation, and how many of the last ones are scored.

    White space at the end of the prompt is moved to the continuation; the split is where the prompt's
    own tokens end; an empty prompt becomes the beginning-of-text token.
    """
    if prompt == "":
        tokens = list(tokenizer.encode(continuation, add_special_tokens=False))
        prefix = _prefix(tokenizer)
        if prefix is None or not tokens:
            raise EngineError(f"continuation {continuation!r} cannot be scored without a prompt")
        return (tokens, len(tokens) - 1) if tokens[0] == prefix else ([prefix, *tokens], len(tokens))
    whole = encode(tokenizer, prompt + continuation)
    return whole, len(whole) - len(encode(tokenizer, prompt.rstrip()))


def outgrown(tokenizer: Tokenizer, prompt: Prompt, context: int) -> bool:
    """Whether a later turn of a conversation leaves no room for a response in a context of so many tokens."""
    return prompt.follows and len(encode(tokenizer, prompt.text)) >= context


def decode(tokenizer: Tokenizer, tokens: Sequence[int]) -> str:
    """Text of generated tokens, special tokens left out."""
    return str(tokenizer.decode(list(tokens), skip_special_tokens=True))


def cut_before(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """The text before the first of some texts, empty ones ignored, and whether there was one."""
    places = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


def _prefix(tokenizer: Tokenizer) -> int | None:
    prefix = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    return int(prefix) if isinstance(prefix, int) else None


def seed_of(prompt: Prompt) -> int:
    """A seed for an engine that draws by itself: of seed, task, example and sample, of nothing else; 31 bits."""
    place = (prompt.seed, prompt.task, prompt.example, prompt.sample, prompt.request)
    return int.from_bytes(hashlib.sha256(repr(place).encode()).digest()[:4]) >> 1
