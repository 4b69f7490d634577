"""The format of a request and its answer by kind of server: OpenAI's completions, its chat, or TGI's own.

A request states everything that shapes an answer: a server's defaults (the model's own generation settings, a
sampler's) would change the protocol without notice. It sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.engines.api import Prompt
from assay.engines.chat_template import Tokens
from assay.engines.encoding import seed_of
from assay.engines.server.kinds import KINDS, Kind
from assay.errors import EngineError

__all__ = ["Answer", "Dialect", "Target", "UnreadableError"]

MOST_TOKENS = 2**31
"""Of one response."""
FINISHES = {
    **dict.fromkeys(("stop", "eos", "eos_token", "stop_sequence"), "stop"),
    **dict.fromkeys(("length", "max_tokens"), "length"),
}


class UnreadableError(Exception):
    """An answer without the text that was asked for; another try may bring it."""


@dataclass(frozen=True, slots=True)
class Target:
    """How a request names its subject to the server."""

    model: str
    """The server's name for it."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More fields of each request: an adapter's id, or the scale of each adapter."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said to one prompt."""

    text: str | None
    finish: str | None
    tokens: int | None
    """Generated, as the server counts."""
    model: str
    """Who answered, by the server's own word; empty where it does not say."""
    words: tuple[str, ...] = ()
    """Generated tokens, where log-probabilities were asked for and came."""
    logprobs: tuple[float, ...] = ()
    """Of these."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one server is spoken to."""

    kind: Kind
    chat: bool = False
    """Prompts are user turns, and the server puts them under its own template."""
    tokens: Tokens = field(default_factory=lambda: Tokens({}))
    """Of the base, so that the beginning of a text is marked once."""
    chats: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    """In chats: what texts are as messages; any other text is a user turn."""

    @property
    def path(self) -> str:
        """Where requests go."""
        if KINDS[self.kind].native:
            return "/generate"
        return "/v1/chat/completions" if self.chat else "/v1/completions"

    def body(self, prompt: Prompt, target: Target, *, logprobs: bool = False) -> dict[str, Any]:
        """A request to generate."""
        if KINDS[self.kind].native:
            return {"inputs": self._prompt(prompt.text), "parameters": self._parameters(prompt, target)}
        body: dict[str, Any] = {
            "model": target.model,
            **self._content(prompt.text),
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
            "stream": False,
            **KINDS[self.kind].neutral,
            **target.extra,
        }
        if stops := [text for text in prompt.stop if text]:
            body["stop"] = stops
        if prompt.temperature > 0:
            body["seed"] = seed_of(prompt)
        if logprobs:
            body["logprobs"] = True if self.chat else 1
        return body

    def prompt(self, text: str) -> dict[str, Any]:
        """The fields of a completion that give a prompt, so that it becomes the tokens that it should.

        A text that begins with the tokenizer's first token has its special tokens in it already.
        """
        if self.kind == "vllm":
            marked = bool(self.tokens.first) and text.startswith(self.tokens.first)
            return {"prompt": text, "add_special_tokens": not marked}
        return {"prompt": self._prompt(text)}

    def _content(self, text: str) -> dict[str, Any]:
        if not self.chat:
            return self.prompt(text)
        return {"messages": list(self.chats.get(text, [{"role": "user", "content": text}]))}

    def _prompt(self, text: str) -> str:
        """Without the first token, where the server is going to add it."""
        bos = self.tokens.named.get("bos_token", "")
        return text.removeprefix(bos) if self.tokens.begins and bos else text

    def _parameters(self, prompt: Prompt, target: Target) -> dict[str, Any]:
        sampled: dict[str, Any] = {"do_sample": False}
        if prompt.temperature > 0:
            sampled = {"do_sample": True, "temperature": prompt.temperature, "seed": seed_of(prompt)}
        return {
            "max_new_tokens": prompt.max_tokens,
            "return_full_text": False,
            "details": True,
            "stop": [text for text in prompt.stop if text],
            **sampled,
            **target.extra,
        }

    def read(self, data: Any) -> Answer:
        """An answer. Raises UnreadableError where it is none, EngineError where the server withholds it."""
        try:
            return self._native(data) if KINDS[self.kind].native else self._choice(data)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError):
            raise UnreadableError("its answer has no generated text where one should be") from None

    def _choice(self, data: Any) -> Answer:
        if data.get("error"):
            raise UnreadableError("its answer is an error under a status of success")
        choice = data["choices"][0]
        text = choice["message"]["content"] if self.chat else choice["text"]
        if not isinstance(text, str | None):
            raise TypeError
        usage = data.get("usage") or {}
        words, logprobs = _logprobs(choice.get("logprobs"))
        finish, model = _finish(choice.get("finish_reason")), str(data.get("model") or "")
        return Answer(_stored(text), finish, _count(usage.get("completion_tokens")), model, words, logprobs)

    def _native(self, data: Any) -> Answer:
        data = data[0] if isinstance(data, list) else data
        details = data.get("details") or {}
        tokens = details.get("tokens") or []
        words = tuple(str(token["text"]) for token in tokens)
        logprobs = tuple(float(token["logprob"]) for token in tokens)
        text = data["generated_text"]
        if not isinstance(text, str):
            raise TypeError
        finish, count = _finish(details.get("finish_reason")), _count(details.get("generated_tokens"))
        return Answer(_stored(text), finish, count, "", words, logprobs)


def _stored(text: str | None) -> str | None:
    """A text without lone surrogates, which no encoding can store: JSON can hold half of a character."""
    return text and text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(tokens: Any) -> int | None:
    """A number of tokens; None where it is no such thing."""
    whole = isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens < MOST_TOKENS
    return tokens if whole else None


def _finish(reason: Any) -> str | None:
    if reason is None or reason in FINISHES:
        return FINISHES.get(reason)
    if reason == "content_filter":
        raise EngineError(
            "the server withheld an answer (content_filter)", fix="turn its filter off, or use another server"
        )
    raise UnreadableError(f"it stopped before the response was complete ({str(reason)[:40]})")


def _logprobs(listed: Any) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Tokens and their log-probabilities, in the old form of completions or the newer one of chats."""
    if not isinstance(listed, Mapping):
        return (), ()
    if content := listed.get("content"):
        pairs = [(token["token"], token["logprob"]) for token in content]
    else:
        tokens, values = listed.get("tokens") or (), listed.get("token_logprobs") or ()
        if len(tokens) != len(values) or any(value is None for value in values):
            return (), ()
        pairs = list(zip(tokens, values, strict=True))
    return tuple(str(token) for token, _ in pairs), tuple(float(value) for _, value in pairs)
