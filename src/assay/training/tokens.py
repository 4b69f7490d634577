"""Prompts and responses as tokens: what is learnt, and what is only read. It needs transformers.

A prompt is rendered by the base's chat template, as an audit sends it. A base without one gets the prompt
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
from assay.training.base import BaseFacts
from assay.training.data import Learnt, Pair, Turn

__all__ = ["SEPARATOR", "Tokenised", "end_token", "tokenised"]

SEPARATOR = "\n\n"
"""Before a response, where the base has no chat template."""
OFTEN = 500
"""Rows between two reports of progress."""


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
    learnt: Learnt, base: BaseFacts, max_length: int, report: Callable[[int, int], None] = lambda *_: None
) -> Tokenised:
    """Encode every pair. `report(done, total)` is called now and then."""
    end = end_token(base.tokenizer, base.ends)
    rows, starts, lost, truncated = [], [], [], 0
    for number, pair in enumerate(learnt.pairs):
        if number % OFTEN == 0:
            report(number, len(learnt.pairs))
        prompt, response = encoded(pair, base)
        if len(prompt) >= max_length:
            lost.append(pair.where)
            continue
        whole = [*prompt, *response, end]
        truncated += len(whole) > max_length
        rows.append(array("i", whole[:max_length]))
        starts.append(len(prompt))
    report(len(learnt.pairs), len(learnt.pairs))
    return Tokenised(tuple(rows), tuple(starts), truncated, tuple(lost))


def encoded(pair: Pair, base: BaseFacts) -> tuple[list[int], list[int]]:
    """Tokens of prompt and response."""
    prompt = encode(base.tokenizer, _prompt(pair.prompt, base))
    text = pair.response if base.template is not None else SEPARATOR + pair.response
    return prompt, list(base.tokenizer.encode(text, add_special_tokens=False))


def end_token(tokenizer: PreTrainedTokenizerBase, ends: frozenset[int]) -> int:
    """The token that ends a response: the tokenizer's own where it stops the base, else one that does."""
    end = tokenizer.eos_token_id
    return end if isinstance(end, int) and end in ends else min(ends)


def _prompt(turns: Sequence[Turn], base: BaseFacts) -> str:
    if base.template is None:
        return SEPARATOR.join(turn.content for turn in turns)
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    try:
        return render_chat(Tokens.of(base.tokenizer), messages, base.template, begun=False)
    except EngineError as bad:
        roles = ", ".join(turn.role for turn in turns)
        raise EngineError(
            f"its chat template does not take turns of {roles}: it {bad.message}",
            place=f"base {base.name!r}",
            fix="give rows with the turns that it knows",
        ) from bad
