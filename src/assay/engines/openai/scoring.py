"""Log-likelihoods, from servers that tell what they think of a prompt's own tokens.

vLLM ranks every token of a prompt, so that greediness is known too; SGLang and others echo a prompt with its
log-probabilities. The rest is refused: nothing is estimated from generated text.
"""

from __future__ import annotations

import math
from typing import Any

from assay.engines.api import Prompt
from assay.engines.openai.dialect import Dialect, Target
from assay.engines.openai.http import Server
from assay.errors import EngineError

__all__ = ["logprob_of"]


def logprob_of(
    server: Server, dialect: Dialect, target: Target, request: Prompt
) -> tuple[float, bool | None, int]:
    """Summed log-probability of a continuation (nats), whether it is the greedy one (None: not told), its tokens.

    White space at the end of the prompt counts as the continuation's. Raises EngineError where the server cannot
    tell.
    """
    if dialect.chat or dialect.kind in ("tgi", "lorax", "transformers", "llama.cpp"):
        raise EngineError(
            f"task {request.task!r} scores continuations, and a server of kind {dialect.kind!r} does not tell their "
            f"log-probabilities; use vllm, sglang, or the engine `torch`"
        )
    if dialect.kind == "vllm":
        return _ranked(server, dialect, target, request)
    return _echoed(server, dialect, target, request)


def _ranked(server: Server, dialect: Dialect, target: Target, request: Prompt) -> tuple[float, bool, int]:
    """By `prompt_logprobs`, for exactly the tokens that prompt and continuation are made of."""
    whole = _tokens(server, dialect, target, request.text + request.continuation)
    count = len(whole) - len(_tokens(server, dialect, target, request.text.rstrip()))
    if not 0 < count < len(whole):
        raise EngineError(
            _place(request) + f"{count} tokens to score of {len(whole)}; give a prompt and a continuation"
        )
    body = {"model": target.model, "prompt": whole, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
    data = _posted(server, body | dict(target.extra), request)
    try:
        listed = data["choices"][0]["prompt_logprobs"][-count:]
        told = [one[str(token)] for one, token in zip(listed, whole[-count:], strict=True)]
        logprob = math.fsum(float(one["logprob"]) for one in told)
        greedy = all(int(one["rank"]) == 1 for one in told)
    except (KeyError, IndexError, TypeError, ValueError):
        raise EngineError(_place(request) + "the server tells no log-probabilities of a prompt") from None
    return logprob, greedy, count


def _tokens(server: Server, dialect: Dialect, target: Target, text: str) -> list[int]:
    reply = server.post("/tokenize", {"model": target.model, **dialect.prompt(text)})
    tokens = reply.data.get("tokens") if reply.ok and isinstance(reply.data, dict) else None
    if not isinstance(tokens, list):
        raise EngineError(f"{server.url}/tokenize: no tokens came ({reply.status}: {reply.said})")
    return tokens


def _echoed(server: Server, dialect: Dialect, target: Target, request: Prompt) -> tuple[float, None, int]:
    """By `echo`: the last tokens whose texts make up the continuation exactly."""
    text = request.text + request.continuation
    suffix = text[len(request.text.rstrip()) :]
    body = {
        "model": target.model,
        **dialect.prompt(text),
        "max_tokens": 1,
        "temperature": 0,
        "echo": True,
        "logprobs": 1,
    }
    data = _posted(server, body | dict(target.extra), request)
    try:
        found = data["choices"][0]["logprobs"]
        # The last token is the generated one.
        pairs = list(zip(found["tokens"], found["token_logprobs"], strict=True))[:-1]
    except (KeyError, IndexError, TypeError, ValueError):
        raise EngineError(
            _place(request)
            + "the server echoes no log-probabilities of a prompt; use vllm, or the engine `torch`"
        ) from None
    logprobs: list[float] = []
    left = suffix
    while left and pairs:
        token, logprob = pairs.pop()
        if not isinstance(logprob, float | int) or not token or not left.endswith(token):
            break
        left = left.removesuffix(token)
        logprobs.append(float(logprob))
    if left or not logprobs:
        raise EngineError(
            _place(request) + "its tokens do not end where the prompt ends, so that the continuation has no "
            "log-probability of its own; use vllm, or the engine `torch`"
        )
    return math.fsum(logprobs), None, len(logprobs)


def _posted(server: Server, body: dict[str, Any], request: Prompt) -> Any:
    reply = server.post("/v1/completions", body)
    if not reply.ok:
        raise EngineError(_place(request) + f"refused ({reply.status}: {reply.said})")
    return reply.data


def _place(request: Prompt) -> str:
    return f"task {request.task!r}, example {request.example!r}: "
