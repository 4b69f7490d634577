"""Log-likelihoods, from servers that report the log-probabilities of a prompt's own tokens.

vLLM ranks every token of a prompt, so that greediness is known too; SGLang and others echo a prompt with its
log-probabilities. Other servers are refused: nothing is estimated from generated text.
"""

from __future__ import annotations

import math
from typing import Any

from assay.engines.api import Prompt
from assay.engines.server.dialect import Dialect, Target
from assay.engines.server.http import Server
from assay.engines.server.kinds import KINDS
from assay.errors import EngineError

__all__ = ["logprob_of"]

ROUNDING = 0.001
"""How far above 0 rounding takes the logarithm of a probability."""
MOST_NATS = 1e6
"""No token is less likely; servers that know none write -9999."""


def logprob_of(
    server: Server, dialect: Dialect, target: Target, prompt: Prompt
) -> tuple[float, bool | None, int]:
    """Summed log-probability of a continuation (nats), whether it is the greedy one (None: not known), its tokens.

    White space at the end of the prompt counts as the continuation's. Raises EngineError where the server cannot
    tell.
    """
    how = "" if dialect.chat else KINDS[dialect.kind].scores
    if not how:
        raise EngineError(
            f"task {prompt.task!r} scores continuations, and a server of kind {dialect.kind!r} gives no "
            f"log-probabilities of them; use vllm, sglang, or the engine `torch`"
        )
    if how == "ranks":
        return _ranked(server, dialect, target, prompt)
    return _echoed(server, dialect, target, prompt)


def _ranked(server: Server, dialect: Dialect, target: Target, prompt: Prompt) -> tuple[float, bool, int]:
    """By `prompt_logprobs`, for exactly the tokens that prompt and continuation are made of."""
    whole = _tokens(server, dialect, target, prompt.text + prompt.continuation)
    count = len(whole) - len(_tokens(server, dialect, target, prompt.text.rstrip()))
    if not 0 < count < len(whole):
        raise EngineError(
            _place(prompt) + f"{count} tokens to score of {len(whole)}; give a prompt and a continuation"
        )
    body = {"model": target.model, "prompt": whole, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
    data = _posted(server, body | dict(target.extra), prompt)
    try:
        listed = data["choices"][0]["prompt_logprobs"][-count:]
        ranked = [ranks[str(token)] for ranks, token in zip(listed, whole[-count:], strict=True)]
        logprob = math.fsum(_nats(token["logprob"]) for token in ranked)
        greedy = all(token["rank"] == 1 for token in ranked)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise EngineError(_place(prompt) + "the server gives no log-probabilities of a prompt") from None
    return logprob, greedy, count


def _tokens(server: Server, dialect: Dialect, target: Target, text: str) -> list[int]:
    reply = server.post("/tokenize", {"model": target.model, **dialect.prompt(text)})
    tokens = reply.data.get("tokens") if reply.ok and isinstance(reply.data, dict) else None
    if not isinstance(tokens, list):
        raise EngineError(f"no tokens came ({reply})", place=server.place("/tokenize"))
    return tokens


def _echoed(server: Server, dialect: Dialect, target: Target, prompt: Prompt) -> tuple[float, None, int]:
    """By `echo`: the last tokens whose texts make up the continuation exactly."""
    text = prompt.text + prompt.continuation
    suffix = text[len(prompt.text.rstrip()) :]
    body = {
        "model": target.model,
        **dialect.prompt(text),
        "max_tokens": 1,
        "temperature": 0,
        "echo": True,
        "logprobs": 1,
    }
    data = _posted(server, body | dict(target.extra), prompt)
    try:
        echo = data["choices"][0]["logprobs"]
        # The last token is the generated one.
        pairs = list(zip(echo["tokens"], echo["token_logprobs"], strict=True))[:-1]
    except (KeyError, IndexError, TypeError, ValueError):
        raise EngineError(
            _place(prompt)
            + "the server echoes no log-probabilities of a prompt; use vllm, or the engine `torch`"
        ) from None
    logprobs: list[float] = []
    left = suffix
    while left and pairs:
        token, logprob = pairs.pop()
        if logprob is None or not isinstance(token, str) or not token or not left.endswith(token):
            break
        left = left.removesuffix(token)
        try:
            logprobs.append(_nats(logprob))
        except (TypeError, ValueError):
            raise EngineError(
                _place(prompt) + f"{repr(logprob)[:40]} is no log-probability", fix="check the server"
            ) from None
    if left or not logprobs:
        raise EngineError(
            _place(prompt) + "its tokens do not end where the prompt ends, so that the continuation has no "
            "log-probability of its own; use vllm, or the engine `torch`"
        )
    return math.fsum(logprobs), None, len(logprobs)


def _nats(value: Any) -> float:
    """A log-probability. Raises TypeError or ValueError for what is none: text, NaN, infinity, more than rounding above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not -MOST_NATS < value < ROUNDING:
        raise ValueError
    return min(0.0, float(value))


def _posted(server: Server, body: dict[str, Any], prompt: Prompt) -> Any:
    reply = server.post("/v1/completions", body)
    if not reply.ok:
        raise EngineError(_place(prompt) + f"refused ({reply})")
    return reply.data


def _place(prompt: Prompt) -> str:
    return f"task {prompt.task!r}, example {prompt.example!r}: "
