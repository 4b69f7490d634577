"""The shortfall of each token of a recorded response at a server: log-probability of the likeliest token minus its own, in nats.

It knows no run. vLLM is asked by `prompt_logprobs`, for exactly the tokens; other servers by `echo`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.engines.server.http import Server
from assay.errors import EngineError

__all__ = ["Asker"]

PATH = "/v1/completions"
FIX = "give --kind with the kind of the server: `vllm`, or `other` for one that echoes log-probabilities"


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one server."""

    server: Server
    kind: Literal["vllm", "other"] = "vllm"

    def shortfalls(self, model: str, prompt: str, response: str) -> list[float] | None:
        """The shortfall of each token of a response after a prompt, as the server's `model` has it.

        None where the response's tokens cannot be told from the prompt's. Raises EngineError where the server cannot tell.
        """
        if self.kind == "vllm":
            return self._ranked(model, prompt, response)
        return self._echoed(model, prompt, response)

    def _ranked(self, model: str, prompt: str, response: str) -> list[float] | None:
        special = self._tokens(model, prompt, special=True)
        # A template may hold the first token already: then it is not added once more.
        marked = len(special) > 1 and special[0] == special[1]
        before = self._tokens(model, prompt, special=False) if marked else special
        whole = self._tokens(model, prompt + response, special=not marked)
        if whole[: len(before)] != before or len(whole) == len(before):
            return None
        body = {"model": model, "prompt": whole, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 1}
        data = self._posted(PATH, body)
        try:
            listed = data["choices"][0]["prompt_logprobs"][len(before) : len(whole)]
            pairs = zip(listed, whole[len(before) :], strict=True)
            values = [
                _below([entry["logprob"] for entry in ranks.values()], ranks[str(token)]["logprob"])
                for ranks, token in pairs
            ]
        except (KeyError, IndexError, TypeError, ValueError):
            raise EngineError(
                "the server gives no log-probabilities of a prompt", place=self.server.place(PATH), fix=FIX
            ) from None
        return self._known(values)

    def _tokens(self, model: str, text: str, special: bool) -> list[int]:
        data = self._posted("/tokenize", {"model": model, "prompt": text, "add_special_tokens": special})
        tokens = data.get("tokens") if isinstance(data, dict) else None
        if not isinstance(tokens, list):
            raise EngineError("no tokens came", place=self.server.place("/tokenize"), fix=FIX)
        return tokens

    def _echoed(self, model: str, prompt: str, response: str) -> list[float] | None:
        body = {"model": model, "prompt": prompt + response, "max_tokens": 1, "temperature": 0}
        data = self._posted(PATH, {**body, "echo": True, "logprobs": 1})
        try:
            echo = data["choices"][0]["logprobs"]
            # The last token is the generated one.
            rows = list(zip(echo["tokens"], echo["token_logprobs"], echo["top_logprobs"], strict=True))[:-1]
        except (KeyError, IndexError, TypeError, ValueError):
            raise EngineError(
                "the server echoes no log-probabilities of a prompt", place=self.server.place(PATH), fix=FIX
            ) from None
        values = _of_response(rows, response)
        return None if values is None else self._known(values)

    def _known(self, values: list[float]) -> list[float]:
        """Raises EngineError where one is no number, or the likeliest token was not given: that is no shortfall of 0."""
        if all(map(math.isfinite, values)):
            return values
        raise EngineError(
            "a log-probability of a response's token, or of the likeliest token there, is missing or no number",
            place=self.server.place(PATH),
            fix=FIX,
        )

    def _posted(self, path: str, body: Mapping[str, Any]) -> Any:
        reply = self.server.post(path, dict(body))
        if not reply.ok:
            fix = "give --model NAME, a name that the server lists" if reply.status == 404 else FIX
            raise EngineError(f"refused ({reply})", place=self.server.place(path), fix=fix)
        return reply.data


def _below(others: Iterable[Any], own: Any) -> float:
    """How far a token is below the likeliest; NaN where a log-probability is not known, and infinite where a token's is."""
    known = [float(value) for value in others if value is not None]
    if not known or own is None or any(map(math.isnan, [*known, float(own)])):
        return math.nan
    return max(0.0, max(known) - float(own))


def _of_response(rows: Sequence[tuple[Any, Any, Any]], response: str) -> list[float] | None:
    """Of the last tokens, whose texts make up the response exactly."""
    left, shortfalls = response, []
    for token, logprob, top in reversed(rows):
        if not left:
            break
        if not token or not left.endswith(token) or not isinstance(logprob, float | int):
            return None
        left = left.removesuffix(token)
        shortfalls.append(_below((top or {}).values(), logprob))
    return None if left or not shortfalls else shortfalls[::-1]
