"""One question is put to a judge as the study says, and what comes back is kept as it came."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from assay.engines.server.http import Server
from assay.engines.server.options import read_connection
from assay.errors import EngineError
from assay.records import Judgement
from assay.scoring.judge import identity, ready
from assay.scoring.judge.client import Client
from tests.scoring.judge.servers import chat, judge_at

KEY = "sk-very-secret-0123456789"


def asked(*replies: httpx2.Response, **fields: Any) -> tuple[Judgement, list[dict[str, Any]]]:
    """The judgement of a judge that gives these replies in turn, and the bodies of the requests."""
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return replies[len(bodies) - 1]

    judge = judge_at("http://toy", **fields)
    server = Server(read_connection(judge), transport=httpx2.MockTransport(answer), sleep=lambda _: None)
    return Client(judge, server).ask("good?", "Yes or no.", lambda text: text in ("YES", "NO")), bodies


def reply(data: Any, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json=data)


def test_a_request_holds_what_the_study_says() -> None:
    options = {"reasoning_effort": "low", "temperature": None}
    _, bodies = asked(reply(chat("YES")), max_tokens=99, options=options)
    assert bodies == [
        {
            "model": "judge",
            "messages": [{"role": "user", "content": "good?"}],
            "stream": False,
            "max_tokens": 99,
            "reasoning_effort": "low",
        }
    ]


def test_an_answer_that_cannot_be_read_is_asked_for_once_more() -> None:
    judgement, bodies = asked(reply(chat("Fine!")), reply(chat("YES")))
    assert judgement.answers == ("Fine!", "YES")
    assert [turn["content"] for turn in bodies[1]["messages"]] == ["good?", "Fine!", "Yes or no."]
    assert (judgement.model, judgement.judge) == ("judge-0", identity(judge_at("http://elsewhere")))


@pytest.mark.parametrize("data", [{}, [], chat(None), chat(3), {"choices": []}, chat("YES") | {"model": 3}])
def test_an_answer_without_a_text_is_no_answer(data: Any) -> None:
    judgement, _ = asked(reply(data), reply(data))
    assert (judgement.answers, judgement.refused) == ((), "its answer has no text where one should be")


def test_a_refused_question_is_kept_with_the_reason() -> None:
    judgement, _ = asked(*[reply({"error": "too long"}, 400)] * 2)
    assert (judgement.answer, judgement.refused) == (None, "the server refused the question (400: too long)")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, r"^judge: http://toy/v1/chat/completions: not found \(404: none\); correct `judge\.url` or"),
        (401, r"^judge: http://toy: authentication failed \(401\); set `judge\.key_env: NAME`"),
        (
            503,
            r"^judge: http://toy/v1/chat/completions: no answer, tried 9 times: 503 none; check the server",
        ),
    ],
)
def test_a_server_that_would_answer_no_question_is_an_error_with_the_judges_field(
    status: int, message: str
) -> None:
    with pytest.raises(EngineError, match=message) as refused:
        asked(*[reply({"error": "none"}, status)] * 9)
    assert "engine." not in str(refused.value)


def test_a_key_that_the_judge_repeats_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", KEY)
    judgement, _ = asked(*[reply(chat(f"You sent {KEY}"))] * 2, key_env="JUDGE_KEY")
    assert judgement.answers == ("You sent [key]",) * 2


def test_a_judge_that_moved_is_the_same_judge() -> None:
    assert identity(judge_at("http://a")) == identity(judge_at("http://b", timeout=9.0, concurrency=3))


def test_a_key_that_is_not_set_is_an_error_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    with pytest.raises(EngineError, match=r"^judge\.key_env: the variable JUDGE_KEY is not set here"):
        ready(judge_at("http://localhost:1", key_env="JUDGE_KEY"))
