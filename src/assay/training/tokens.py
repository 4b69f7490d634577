"""Prompts and responses as tokens: what is learnt, and what is only read. It needs transformers.

A prompt stands under the base's chat template, as an audit sends it. A base without one gets the prompt
as plain text (turns with an empty line between), and the response begins with an empty line, which is
learnt as part of it: an audit sends the bare prompt, and what follows it must come from the adapter.
Prompt and response are encoded apart, as they are when a response is generated.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from assay.engines.chat_template import Tokens, render_chat
from assay.engines.encoding import encode
from assay.errors import EngineError
from assay.training.base import Seen
from assay.training.data import Learnt, Pair, Turn

__all__ = ["SEPARATOR", "Tokenised", "end_token", "tokenised"]

SEPARATOR = "\n\n"
"""Before a response, where the base has no chat template."""
OFTEN = 500
"""Rows between two words of how far it is."""


@dataclass(frozen=True, slots=True)
class Tokenised:
    """The examples of one entry, at one length."""

    rows: tuple[array[int], ...]
    """Tokens of prompt, response and end."""
    starts: tuple[int, ...]
    """Where the response begins in each row."""
    truncated: int
    """Rows of which the response was cut at its end."""
    lost: tuple[str, ...]
    """Where rows come from whose prompt alone fills the length, so that no response is left."""

    @property
    def sha256(self) -> str:
        """Of every token that is read or learnt."""
        digest = hashlib.sha256()
        for row, start in zip(self.rows, self.starts, strict=True):
            digest.update(f"{start} {len(row)}\n".encode() + row.tobytes())
        return digest.hexdigest()


def tokenised(
    learnt: Learnt, seen: Seen, max_length: int, tell: Callable[[int, int], None] = lambda *_: None
) -> Tokenised:
    """Encode every pair. `tell(done, total)` is called now and then."""
    end = end_token(seen.tokenizer, seen.ends)
    rows, starts, lost, truncated = [], [], [], 0
    for number, pair in enumerate(learnt.pairs):
        if number % OFTEN == 0:
            tell(number, len(learnt.pairs))
        prompt, response = encoded(pair, seen)
        if len(prompt) >= max_length:
            lost.append(pair.where)
            continue
        whole = [*prompt, *response, end]
        truncated += len(whole) > max_length
        rows.append(array("i", whole[:max_length]))
        starts.append(len(prompt))
    tell(len(learnt.pairs), len(learnt.pairs))
    return Tokenised(tuple(rows), tuple(starts), truncated, tuple(lost))


def encoded(pair: Pair, seen: Seen) -> tuple[list[int], list[int]]:
    """Tokens of prompt and response."""
    prompt = encode(seen.tokenizer, _prompt(pair.prompt, seen))
    text = pair.response if seen.template is not None else SEPARATOR + pair.response
    return prompt, list(seen.tokenizer.encode(text, add_special_tokens=False))


def end_token(tokenizer: PreTrainedTokenizerBase, ends: frozenset[int]) -> int:
    """The token that ends a response: the tokenizer's own where it stops the base, else one that does."""
    own = tokenizer.eos_token_id
    return own if isinstance(own, int) and own in ends else min(ends)


def _prompt(turns: Sequence[Turn], seen: Seen) -> str:
    if seen.template is None:
        return SEPARATOR.join(turn.content for turn in turns)
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    try:
        return render_chat(Tokens.of(seen.tokenizer), messages, seen.template, begun=False)
    except EngineError as bad:
        roles = ", ".join(turn.role for turn in turns)
        raise EngineError(
            f"its chat template does not take turns of {roles}: it {bad.message}",
            place=f"base {seen.name!r}",
            fix="give rows with the turns that it knows",
        ) from bad
