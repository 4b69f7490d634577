"""Asks a judge one question, and once more where its answer cannot be read. It keeps nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.engines.openai.http import RefusedError, Reply, Server
from assay.engines.openai.options import read_setup
from assay.engines.openai.patience import Patience, Valve
from assay.errors import EngineError
from assay.plan import EngineSettings, JudgeSettings

__all__ = ["Client", "Said", "identity", "open_server", "ready"]

PATH = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Said:
    """What a judge said to one question."""

    answers: tuple[str, ...]
    """Raw, in the order asked; none where the server refused the question."""
    refused: str = ""
    """Why it gave none."""
    model: str = ""
    """Who answered, by the server's own word."""


class _UnusableError(Exception):
    """An answer of the wrong shape, or a refusal of this one question."""


class Client:
    """Asks one server for one model's judgement, from as many threads as there are."""

    def __init__(self, judge: JudgeSettings, server: Server) -> None:
        self._judge = judge
        self.server = server

    def ask(self, question: str, again: str, readable: Callable[[str], bool]) -> Said:
        """What the judge says, asked once more, with `again`, where that is not `readable`.

        Raises EngineError where the server does not answer in the end, or would answer no question.
        """
        turns = [{"role": "user", "content": question}]
        answers: list[str] = []
        refused = model = ""
        for _ in range(2):
            try:
                text, model = self._answer(turns)
            except _UnusableError as bad:
                refused = str(bad)
                continue
            answers.append(text)
            refused = ""
            if readable(text):
                break
            turns = [turns[0], {"role": "assistant", "content": text}, {"role": "user", "content": again}]
        return Said(tuple(answers), refused, model)

    def _answer(self, turns: Sequence[Mapping[str, str]]) -> tuple[str, str]:
        """An answer's text, and who gave it."""
        try:
            reply = self.server.post(PATH, body(self._judge, turns))
        except RefusedError as bad:
            raise EngineError(f"judge: {_ours(str(bad))}") from None
        except EngineError as bad:
            raise EngineError(f"judge: {_ours(str(bad))}") from None
        if not reply.ok:
            self._refuse(reply)
        try:
            text = reply.data["choices"][0]["message"]["content"]
            model = reply.data.get("model") or ""
        except (KeyError, IndexError, TypeError, AttributeError):
            raise _UnusableError("its answer has no text where one should be") from None
        if not isinstance(text, str) or not isinstance(model, str):
            raise _UnusableError("its answer has no text where one should be")
        return self._kept(text), self._kept(model)

    def _refuse(self, reply: Reply) -> None:
        said = self.server.hidden(reply.said)
        if reply.status == 404:
            raise EngineError(
                f"judge: {self.server.url}{PATH}: not found (404): {said}; see to `judge.url` and `judge.model`"
            )
        raise _UnusableError(f"the server refused the question ({reply.status}): {said}")

    def _kept(self, text: str) -> str:
        """A text fit to be kept: without the key, and without halves of characters."""
        return self.server.hidden(text).encode("utf-8", "replace").decode()


def body(judge: JudgeSettings, turns: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """One request."""
    fields = {"model": judge.model, "messages": list(turns), "stream": False, **_fields(judge)}
    return {name: value for name, value in fields.items() if value is not None}


def _fields(judge: JudgeSettings) -> dict[str, Any]:
    """What shapes an answer, beside the model and the question."""
    return {"temperature": 0, "max_tokens": judge.max_tokens, **judge.options}


def identity(judge: JudgeSettings) -> dict[str, Any]:
    """Who judges, by model and settings; not where: the same model may be served elsewhere."""
    return {"model": judge.model, "endpoint": "chat completions", **_fields(judge)}


def ready(judge: JudgeSettings) -> None:
    """Raise EngineError if what the study says of the judge cannot work here: an unset key, a bad address."""
    open_server(judge).close()


def open_server(judge: JudgeSettings, wait: Callable[[float], object] | None = None) -> Server:
    """The judge's server; asks nothing yet. `wait` waits some seconds: tests give their own."""
    said = {
        name: getattr(judge, name)
        for name in ("url", "key_env", "concurrency", "timeout")
        if getattr(judge, name) is not None
    }
    try:
        setup = read_setup(EngineSettings(name="openai", **said))
    except EngineError as bad:
        raise EngineError(_ours(str(bad))) from None
    return Server(
        setup.url, setup.key, setup.timeout, Patience(setup.retries), Valve(setup.concurrency), wait=wait
    )


def _ours(text: str) -> str:
    """An engine's message in the words of a judge's fields, which have the same names."""
    return text.replace("engine.", "judge.")
