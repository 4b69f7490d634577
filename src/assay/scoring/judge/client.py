"""Sends one question to a judge, and sends it again where its answer cannot be parsed. It stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.engines.server.options import read_connection
from assay.errors import EngineError
from assay.plan import JudgeSettings
from assay.records import Judgement

if TYPE_CHECKING:
    from assay.engines.server.http import Reply, Server

__all__ = ["Client", "identity", "open_server", "ready"]

PATH = "/v1/chat/completions"


class _UnusableError(Exception):
    """An answer of the wrong shape, or a refusal of this one question."""


class Client:
    """Requests one model's judgement from one server; safe to use from several threads."""

    def __init__(self, judge: JudgeSettings, server: Server) -> None:
        self._judge = judge
        self._server = server

    def ask(self, question: str, again: str, readable: Callable[[str], bool]) -> Judgement:
        """The judge's answer; the question is sent once more, with `again`, where the first is not `readable`.

        Raises EngineError where the server does not answer after all retries, or would refuse every question.
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
        return Judgement(identity(self._judge), question, tuple(answers), refused, model)

    def _answer(self, turns: Sequence[Mapping[str, str]]) -> tuple[str, str]:
        """An answer's text, and the model that gave it. Raises _UnusableError, EngineError."""
        reply = self._server.post(PATH, _body(self._judge, turns))
        if not reply.ok:
            self._refuse(reply)
        try:
            text = reply.data["choices"][0]["message"]["content"]
            model = reply.data.get("model") or ""
        except (KeyError, IndexError, TypeError, AttributeError):
            text = model = None
        if not isinstance(text, str) or not isinstance(model, str):
            raise _UnusableError("its answer has no text where one should be")
        return self._cleaned(text), self._cleaned(model)

    def _refuse(self, reply: Reply) -> None:
        if reply.status == 404:
            raise EngineError(
                f"not found ({reply})",
                place=self._server.place(PATH),
                fix="correct `judge.url` or `judge.model`",
            )
        raise _UnusableError(f"the server refused the question ({reply})")

    def _cleaned(self, text: str) -> str:
        """A text fit to be stored: without the key, and without lone surrogates."""
        return self._server.hidden(text).encode("utf-8", "replace").decode()


def _body(judge: JudgeSettings, turns: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The body of one request."""
    fields = {"model": judge.model, "messages": list(turns), "stream": False, **_fields(judge)}
    return {name: value for name, value in fields.items() if value is not None}


def _fields(judge: JudgeSettings) -> dict[str, Any]:
    """Fields that shape an answer, in addition to the model and the question."""
    return {"temperature": 0, "max_tokens": judge.max_tokens, **judge.options}


def identity(judge: JudgeSettings) -> dict[str, Any]:
    """Identity of the judge: model and settings, without the address, since the same model may be served elsewhere."""
    return {"model": judge.model, "endpoint": "chat completions", **_fields(judge)}


def ready(judge: JudgeSettings) -> None:
    """Raise EngineError if the study's judge cannot be used here: an unset key, a bad address."""
    read_connection(judge)


def open_server(judge: JudgeSettings, sleep: Callable[[float], object] | None = None) -> Server:
    """The judge's server; sends nothing yet. `sleep` waits some seconds; tests inject their own."""
    from assay.engines.server.http import Server  # an HTTP client is loaded only where a judge is used

    return Server(read_connection(judge), sleep=sleep)
