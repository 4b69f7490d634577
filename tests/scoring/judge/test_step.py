"""A judge is asked once, believed only where it can be read, and never told or leaks a secret."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assay.engines import Completion, Prompt
from assay.engines.server.http import Server
from assay.errors import EngineError
from assay.plan import JudgeSettings
from assay.records import Store
from assay.scoring import score_records
from assay.scoring.judge import JudgeContext, identity, missing_judgements, with_judge_answers
from assay.scoring.judge.client import open_server
from assay.tasks.followbench import FollowBenchJudged
from assay.tasks.numeric import Numeric
from tests.scoring.judge.servers import Handler, chat, judge_at, judging, levels, waiting

KEY = "sk-very-secret-0123456789"


def without_waiting(waits: list[float]) -> Callable[[JudgeSettings], Server]:
    """Opens the server, and notes how long it would wait instead of waiting."""
    return lambda judge: open_server(judge, sleep=waits.append)


def score_with(
    task: FollowBenchJudged,
    store: Store,
    judge: JudgeSettings | None,
    waits: list[float] | None = None,
) -> list[int]:
    """Ask, score what can be scored; says which records that were."""
    context = JudgeContext(judge, server=without_waiting([] if waits is None else waits))
    ready_task, records = with_judge_answers(task, store, store.unscored("fb", task.scorer), context)
    list(score_records(ready_task, store, records))
    return records


# -- a judge that answers --------------------------------------------------------------------------


def test_every_response_is_judged_once_and_the_answers_are_kept(tmp_path: Path) -> None:
    with judging() as server, waiting(tmp_path, judge := judge_at(server.url)) as (task, store):
        assert len(score_with(task, store, judge)) == 25
        scores = store.scores("base", "fb", task.scorer)
        assert scores is not None
        assert scores.passed[:, 0].tolist() == [[1, 60]] * 25
        assert score_with(task, store, judge) == []
        assert len(server.bodies) == 25
        assert missing_judgements(store, task) == ""
        kept = list(store.judgements)
    assert len(kept) == 25
    assert kept[0].judge == identity(judge)
    assert {one.model for one in kept} == {"judge-0"}
    assert all("response to" in one.question and one.answers and one.at for one in kept)


def test_the_same_response_of_another_subject_is_not_asked_about_again(tmp_path: Path) -> None:
    with judging() as server, waiting(tmp_path, judge := judge_at(server.url)) as (task, store):
        score_with(task, store, judge)
        store.bind("adapter", "fb", {"name": "adapter"}, {"p": 1})
        asked = [Prompt("adapter", "fb", one.key, one.prompt) for one in store.examples("fb")]
        list(store.append(Completion(one, f"response to {one.example}") for one in asked))
        assert len(score_with(task, store, judge)) == 25
        assert len(server.bodies) == 25


def test_scores_are_made_again_without_the_judge(tmp_path: Path) -> None:
    with judging() as server, waiting(tmp_path, judge := judge_at(server.url)) as (task, store):
        score_with(task, store, judge)
        with closing(sqlite3.connect(tmp_path / "run" / "records.sqlite")) as db:
            db.execute("DELETE FROM scores")
            db.commit()
        assert len(score_with(task, store, None)) == 25
        assert len(server.bodies) == 25


def test_another_judge_is_asked_about_everything_again(tmp_path: Path) -> None:
    with judging() as server, waiting(tmp_path, judge := judge_at(server.url)) as (task, store):
        score_with(task, store, judge)
        other = JudgeSettings(model="other", url=server.url)
        assert len(score_with(task.with_judge(identity(other)), store, other)) == 25
        assert len(server.bodies) == 50


def test_no_more_requests_are_under_way_than_the_study_allows(tmp_path: Path) -> None:
    with (
        judging() as server,
        waiting(tmp_path, judge := judge_at(server.url, concurrency=2)) as (task, store),
    ):
        score_with(task, store, judge)
        assert 1 <= server.busiest <= 2


# -- no judge --------------------------------------------------------------------------------------


def test_without_a_judge_nothing_is_scored_and_the_reason_is_kept(tmp_path: Path) -> None:
    with waiting(tmp_path, None) as (task, store):
        assert score_with(task, store, None) == []
        assert store.scores("base", "fb", task.scorer) is None
        assert "the study names none" in missing_judgements(store, task)
        assert list(store.judgements) == []


def test_a_task_that_needs_no_judge_is_left_as_it_is(tmp_path: Path) -> None:
    with waiting(tmp_path, None) as (_, store):
        task = Numeric()
        assert with_judge_answers(task, store, [3, 4], JudgeContext()) == (task, [3, 4])


# -- a judge that misbehaves -----------------------------------------------------------------------


def test_an_answer_that_cannot_be_read_is_asked_for_once_more(tmp_path: Path) -> None:
    def behave(handler: Handler, _: int) -> None:
        handler.judge("YES") if len(handler.body["messages"]) > 1 else handler.reply(200, chat("Fine!"))

    with judging(behave) as server, waiting(tmp_path, judge := judge_at(server.url), 1) as (task, store):
        assert len(score_with(task, store, judge)) == 1
        again = server.bodies[1]["messages"]
        assert [turn["role"] for turn in again] == ["user", "assistant", "user"]
        assert (again[1]["content"], "does not end as asked" in again[2]["content"]) == ("Fine!", True)
        (kept,) = store.judgements
    assert kept.answers == ("Fine!", 'Well.\n["YES"]')


SHAPES: dict[str, Any] = {
    "no choices": {"choices": []},
    "a list": [],
    "a text": '"hello"',
    "a page": "<html>busy</html>",
    "no text": chat(None),
    "a number": chat(3),
    "parts": chat([{"type": "text", "text": "[YES]"}]),
    "too many verdicts": chat('["YES", "YES", "YES", "YES", "YES", "YES"]'),
    "a refusal": chat("I cannot judge that."),
    "nothing": chat(""),
    "half a character": chat("\ud800"),
}


@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES)
def test_what_says_nothing_twice_leaves_the_response_unmeasured_never_failed(
    tmp_path: Path, data: Any
) -> None:
    with (
        judging(lambda handler, _: handler.reply(200, data)) as server,
        waiting(tmp_path, judge := judge_at(server.url), 5) as (task, store),
    ):
        assert score_with(task, store, judge) == []
        assert len(server.bodies) == 10
        assert store.scores("base", "fb", task.scorer, whole=False) is None
        assert missing_judgements(store, task).startswith("the judge gave no verdict on 5 of 5 responses: ")
        server.behave = lambda handler, _: handler.judge("NO")
        assert len(score_with(task, store, judge)) == 5
        assert missing_judgements(store, task) == ""


def test_one_bad_answer_costs_its_own_response_only(tmp_path: Path) -> None:
    def behave(handler: Handler, _: int) -> None:
        bad = "response to content-1-1\n" in handler.body["messages"][0]["content"]
        handler.reply(200, chat("?")) if bad else handler.judge("YES")

    with judging(behave) as server, waiting(tmp_path, judge := judge_at(server.url)) as (task, store):
        assert len(score_with(task, store, judge)) == 24
        assert (
            "no verdict on 1 of 25 responses: its answer cannot be read: its last line holds no list"
            in missing_judgements(store, task)
        )
        assert store.scores("base", "fb", task.scorer) is None


def test_a_storm_of_refusals_is_waited_out_as_the_server_asks(tmp_path: Path) -> None:
    def behave(handler: Handler, number: int) -> None:
        handler.reply(
            429, {"error": {"message": "slow down"}}, Retry_After="7"
        ) if number < 6 else handler.judge("YES")

    waits: list[float] = []
    with (
        judging(behave) as server,
        waiting(tmp_path, judge := judge_at(server.url, concurrency=3)) as (task, store),
    ):
        assert len(score_with(task, store, judge, waits)) == 25
        assert len(server.bodies) == 31
    assert len(waits) == 6
    assert min(waits) >= 7


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_recovers_is_asked_again(tmp_path: Path, status: int) -> None:
    def behave(handler: Handler, number: int) -> None:
        handler.reply(status, "oops") if number % 3 == 0 else handler.judge("YES")

    with (
        judging(behave) as server,
        waiting(tmp_path, judge := judge_at(server.url, concurrency=1)) as (task, store),
    ):
        assert len(score_with(task, store, judge)) == 25
        assert len(server.bodies) > 25


@pytest.mark.parametrize("way", ["drop", "half"])
def test_half_an_answer_is_asked_for_again(tmp_path: Path, way: str) -> None:
    def behave(handler: Handler, number: int) -> None:
        if number:
            handler.judge("YES")
        elif way == "drop":
            handler.drop()
        else:
            handler.reply(200, '{"choices": [{"mess')

    with judging(behave) as server, waiting(tmp_path, judge := judge_at(server.url), 3) as (task, store):
        assert len(score_with(task, store, judge)) == 3
        assert len(server.bodies) == 4


def test_a_server_that_never_answers_ends_the_run_with_what_it_has(tmp_path: Path) -> None:
    def behave(handler: Handler, _: int) -> None:
        easy = levels(handler.body) < 5
        handler.judge("YES") if easy else handler.reply(503, "full")

    with (
        judging(behave) as server,
        waiting(tmp_path, judge := judge_at(server.url, concurrency=1)) as (task, store),
    ):
        with pytest.raises(
            EngineError, match=r"judge: .*no answer, tried 9 times: 503 full.*run again"
        ) as bad:
            score_with(task, store, judge)
        assert "engine." not in str(bad.value)
        before = len(list(store.judgements))
        assert before >= 4
        server.behave = lambda handler, _: handler.judge("YES")
        count = len(server.bodies)
        assert len(score_with(task, store, judge)) == 25
        assert len(server.bodies) == count + 25 - before


def test_a_time_out_is_the_judges_and_not_the_engines(tmp_path: Path) -> None:
    with (
        judging(lambda handler, _: handler.stall()) as server,
        waiting(tmp_path, judge := judge_at(server.url, timeout=0.02), 1) as (task, store),
        pytest.raises(EngineError, match=r"longer than `judge\.timeout` allows"),
    ):
        score_with(task, store, judge)


def test_nobody_listening_is_said(tmp_path: Path) -> None:
    with judging() as server:
        judge = judge_at(server.url)
    with (
        waiting(tmp_path, judge, 1) as (task, store),
        pytest.raises(EngineError, match="Connection refused"),
    ):
        score_with(task, store, judge)


def test_a_question_that_the_server_refuses_is_not_measured(tmp_path: Path) -> None:
    def behave(handler: Handler, _: int) -> None:
        handler.reply(400, {"error": {"message": "context too long"}}) if levels(
            handler.body
        ) == 5 else handler.judge("YES")

    with judging(behave) as server, waiting(tmp_path, judge := judge_at(server.url)) as (task, store):
        assert len(score_with(task, store, judge)) == 20
        assert (
            "5 of 25 responses: the server refused the question (400: context too long)"
            in missing_judgements(store, task)
        )


# -- the key ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500])
def test_the_key_is_sent_and_never_kept_or_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JUDGE_KEY", KEY)

    def behave(handler: Handler, _: int) -> None:
        handler.reply(status, chat(f"You sent {KEY}\n[YES]") if status == 200 else {"error": f"bad {KEY}"})

    told = ""
    with (
        judging(behave) as server,
        waiting(tmp_path, judge := judge_at(server.url, key_env="JUDGE_KEY"), 1) as (task, store),
    ):
        try:
            score_with(task, store, judge)
        except EngineError as bad:
            told = str(bad)
        told += missing_judgements(store, task)
        assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    kept = b"".join(file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file())
    assert KEY not in told
    assert KEY.encode() not in kept
    assert KEY not in repr(judge) + repr(identity(judge)) + "".join(capfd.readouterr())
