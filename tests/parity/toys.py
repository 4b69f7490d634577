"""A toy language model with adapters of any scale, an engine that generates with it, and a server that serves it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import assay
from assay.engines import Fake, Prompt
from tests.engines.server.servers import answering
from tests.studies import examples, write_study

WORDS = tuple(
    f" {word}"
    for word in ["red", "blue", "one", "two", "sea", "sky", "tree", "stone", "wind", "rain", "sun", "moon"]
)
LENGTH = 8
BEGIN = 0
"""The token that a tokenizer puts before a text."""


@dataclass(frozen=True)
class Model:
    """What is applied to the base: adapters by their scales, and noise in every logit, as of a quantized copy."""

    parts: Mapping[str, float] = field(default_factory=dict)
    noise: float = 0.0
    step: float = 0.0
    """What logits are rounded to multiples of, as in bfloat16; 0: nothing."""
    length: int = LENGTH
    """Of a response, in words."""

    def logprobs(self, before: Sequence[str]) -> list[float]:
        """Of each word, after some tokens."""
        logits = [
            _drawn("base", before, word)
            + sum(scale * _drawn(name, before, word) for name, scale in self.parts.items())
            + self.noise * _drawn("noise", before, word)
            for word in WORDS
        ]
        if self.step:
            logits = [round(logit / self.step) * self.step for logit in logits]
        total = math.log(math.fsum(math.exp(logit) for logit in logits))
        return [logit - total for logit in logits]

    def write(self, prompt: str) -> str:
        """The greedy response."""
        tokens = split(prompt)
        for _ in range(self.length):
            logprobs = self.logprobs(tokens)
            tokens.append(WORDS[max(range(len(WORDS)), key=logprobs.__getitem__)])
        return "".join(tokens[-self.length :])


def split(text: str) -> list[str]:
    """Tokens: words with the space before them."""
    return re.findall(r"\s*\S+", text)


def _drawn(name: str, before: Sequence[str], word: str) -> float:
    """A number between -2 and 2; of `seldom` mostly 0: after few texts another."""
    if name == "seldom" and hashlib.sha256("|".join(before[-3:]).encode()).digest()[0]:
        return 0.0
    digest = hashlib.sha256(f"{name}|{'|'.join(before[-3:])}|{word}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**30 - 2


AUDITED = {"base": Model(), "sums": Model({"sums": 1.0}), "other": Model({"other": 1.0})}


def audited(folder: Path, temperature: float = 0.0, models: Mapping[str, Model] = AUDITED) -> Path:
    """A complete run of the toy's base and two adapters."""
    examples(folder, 24)
    study = write_study(
        folder,
        {
            "name": "toys",
            "bases": [{"name": "base", "model": "any"}],
            "adapters": [
                {"name": name, "label": "numeric", "path": f"any/{name}"} for name in ("sums", "other")
            ],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl", "shots": 0}],
            "decoding": {"temperature": temperature, "max_tokens": models["base"].length + 1},
            "noise_prompts": 0,
        },
    )

    def answer(prompt: Prompt) -> str:
        return models[prompt.subject].write(prompt.text)

    assay.run(study, folder / "run", engine=Fake(answer).preflight)
    return folder / "run"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    models: Mapping[str, Model]
    kind: str

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, data = self._reply(body)
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _reply(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        model = self.models.get(body["model"])
        if model is None:
            return 404, {"error": {"message": f"no model {body['model']}"}}
        if self.path == "/tokenize":
            numbers = [_number(token) for token in split(body["prompt"])]
            return 200, {"tokens": [BEGIN, *numbers] if body["add_special_tokens"] else numbers}
        if self.kind == "none":
            return 200, {"choices": [{"text": ""}]}
        if self.kind in ECHOES:
            return 200, ECHOES[self.kind](_echo(model, split(body["prompt"])))
        return 200, _ranks(model, body["prompt"])


NUMBERS: dict[str, int] = {}
TEXTS: dict[int, str] = {}


def _number(token: str) -> int:
    number = NUMBERS.setdefault(token, len(NUMBERS) + 1)
    TEXTS[number] = token
    return number


def _ranks(model: Model, numbers: Sequence[int]) -> Any:
    listed: list[Any] = [None]
    for place in range(1, len(numbers)):
        before = [TEXTS[number] for number in numbers[:place] if number != BEGIN]
        known = dict(zip(WORDS, model.logprobs(before), strict=True))
        ranked = sorted(known, key=known.__getitem__, reverse=True)
        own = TEXTS[numbers[place]]
        ranks = {str(_number(ranked[0])): {"logprob": known[ranked[0]], "rank": 1}}
        rank = ranked.index(own) + 1 if own in known else 1000
        ranks[str(numbers[place])] = {"logprob": known.get(own, -20.0), "rank": rank}
        listed.append(ranks)
    return {"choices": [{"text": "", "prompt_logprobs": listed}]}


def _echo(model: Model, tokens: Sequence[str]) -> Any:
    own: list[Any] = [None]
    top: list[Any] = [None]
    for place in range(1, len(tokens)):
        known = dict(zip(WORDS, model.logprobs(tokens[:place]), strict=True))
        best = max(known, key=known.__getitem__)
        own.append(known.get(tokens[place], -20.0))
        top.append({best: known[best]})
    logprobs = {
        "tokens": [*tokens, " x"],
        "token_logprobs": [*own, -1.0],
        "top_logprobs": [*top, {" x": -1.0}],
    }
    return {"choices": [{"text": "", "logprobs": logprobs}]}


def _without_favourites(reply: Any) -> Any:
    tops = reply["choices"][0]["logprobs"]["top_logprobs"]
    tops[:] = [None for _ in tops]
    return reply


def _without_numbers(reply: Any) -> Any:
    own = reply["choices"][0]["logprobs"]["token_logprobs"]
    own[:] = [math.nan for _ in own]
    return reply


def _only_own(reply: Any) -> Any:
    held = reply["choices"][0]["logprobs"]
    held["top_logprobs"] = [
        {token: value} for token, value in zip(held["tokens"], held["token_logprobs"], strict=True)
    ]
    return reply


ECHOES: Mapping[str, Callable[[Any], Any]] = {
    "other": lambda reply: reply,
    "without favourites": _without_favourites,
    "without numbers": _without_numbers,
    "only own": _only_own,
}
"""Servers that echo: what each makes of a sound reply."""


@contextmanager
def served(models: Mapping[str, Model], kind: str = "vllm") -> Iterator[str]:
    """The address of a server of these models."""
    handler = type("Handler", (_Handler,), {"models": models, "kind": kind})
    with answering(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as address:
        yield address
