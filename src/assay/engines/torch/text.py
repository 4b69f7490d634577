"""Between text and tokens, by the rules of lm-eval's Hugging Face models, so that figures compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from assay.errors import EngineError

__all__ = ["Stops", "decode", "encode", "encode_pair"]

TAIL = 8
"""Tokens beyond a stop text's length in bytes that are decoded to look for it."""


def encode(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Tokens of a prompt; special tokens are added unless the text starts with the first of them."""
    prefix = _prefix(tokenizer)
    if prefix is not None and text.startswith(str(tokenizer.decode([prefix]))):
        return list(tokenizer.encode(text, add_special_tokens=False))
    return list(tokenizer.encode(text))


def encode_pair(tokenizer: PreTrainedTokenizerBase, prompt: str, continuation: str) -> tuple[list[int], int]:
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
    kept = prompt.rstrip()
    whole = encode(tokenizer, prompt + continuation)
    return whole, len(whole) - len(encode(tokenizer, kept))


def decode(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> str:
    """Text of generated tokens, special tokens left out."""
    return str(tokenizer.decode(list(tokens), skip_special_tokens=True))


def _prefix(tokenizer: PreTrainedTokenizerBase) -> int | None:
    prefix = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    return int(prefix) if isinstance(prefix, int) else None


@dataclass(frozen=True, slots=True)
class Stops:
    """The texts before which a generation ends."""

    texts: tuple[str, ...]

    def reached(self, tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> bool:
        """Whether the last token completed one of the texts; only the tail is decoded."""
        if not self.texts:
            return False
        longest = max(len(text.encode()) for text in self.texts)
        tail = decode(tokenizer, tokens[-longest - TAIL :])
        return any(text in tail for text in self.texts) and self.cut(decode(tokenizer, tokens))[1]

    def cut(self, text: str) -> tuple[str, bool]:
        """The text before the first stop, and whether there was one."""
        found = [place for stop in self.texts if (place := text.find(stop)) >= 0]
        return (text[: min(found)], True) if found else (text, False)
