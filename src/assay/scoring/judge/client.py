"""Asks a judge one question, and once more where its answer cannot be read. It keeps nothing."""

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
    """Asks one server for one model's judgement, from as many threads as there are."""

    def __init__(self, judge: JudgeSettings, server: Server) -> None:
        self._judge = judge
        self._server = server

    def ask(self, question: str, again: str, readable: Callable[[str], bool]) -> Judgement:
        """What the judge answers, asked once more, with `again`, where that is not `readable`.

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
        return Judgement(identity(self._judge), question, tuple(answers), refused, model)

    def _answer(self, turns: Sequence[Mapping[str, str]]) -> tuple[str, str]:
        """An answer's text, and who gave it. Raises _UnusableError, EngineError."""
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
        """A text fit to be kept: without the key, and without halves of characters."""
        return self._server.hidden(text).encode("utf-8", "replace").decode()


def _body(judge: JudgeSettings, turns: Sequence[Mapping[str, str]]) -> dict[str, Any]:
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
    read_connection(judge)


def open_server(judge: JudgeSettings, sleep: Callable[[float], object] | None = None) -> Server:
    """The judge's server; asks nothing yet. `sleep` waits some seconds: tests give their own."""
    from assay.engines.server.http import Server  # an HTTP client is loaded only where a judge is asked

    return Server(read_connection(judge), sleep=sleep)
