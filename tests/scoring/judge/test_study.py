"""A study with a judge: what rules decide never waits for it, and a run is decided again without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay import audit
from assay.errors import RunError, StudyError
from assay.records import Store
from assay.study import load_study
from assay.tasks.followbench import FollowBenchJudged, FollowBenchRules
from tests.scoring.judge.servers import Handler, judging
from tests.studies import jsonl, write_study
from tests.tasks.followbench.files import folder, group

GROUPS = 24


def study(path: Path, judge: dict[str, Any] | None) -> Path:
    """The adapter follows the form of every worked example, the base of none; all other responses differ."""
    form = "{instruction}\nBOT: {answer}"
    rows = {
        kind: [row for number in range(1, GROUPS + 1) for row in group(kind, number, target=target)]
        for kind, target in (("example", form), ("style", ""))
    }
    folder(path / "data", rows)
    subjects: dict[str, dict[str, str]] = {"base": {}, "a": {}}
    for name, files in subjects.items():
        for kind in (FollowBenchRules, FollowBenchJudged):
            said = "BOT: good" if name == "a" else "bad"
            examples = kind().read(path / "data")
            files[kind.kind] = jsonl(
                path / f"{name}-{kind.kind}.jsonl",
                ({"key": one.key, "response": said} for one in examples),
            ).name
    document: dict[str, Any] = {
        "name": "followed",
        "bases": [{"name": "base", "responses": subjects["base"]}],
        "adapters": [{"name": "a", "label": "instruction", "responses": subjects["a"]}],
        "tasks": [{"task": kind, "prompts": "data"} for kind in ("followbench-rules", "followbench-judged")],
    }
    if judge is not None:
        document["judge"] = judge
    return write_study(path, document)


def kindly(handler: Handler, _: int) -> None:
    """Yes to what is good, no to what is bad."""
    handler.judge("YES" if "good" in handler.body["messages"][0]["content"] else "NO")


def words(result: assay.Result) -> dict[str, str]:
    return {claim.metric: claim.verdict for claim in result.claims}


def test_rules_and_judge_each_decide_their_part(tmp_path: Path) -> None:
    with judging(kindly) as server:
        result = assay.run(study(tmp_path, {"model": "m", "url": server.url}), tmp_path / "run")
        assert words(result) == {
            "followbench-rules.hard": "confirmed",
            "followbench-judged.hard": "confirmed",
        }
        asked = len(server.bodies)
    assert asked == 2 * 5 * (GROUPS + 4)
    with Store.read(tmp_path / "run") as store:
        assert len(list(store.judgements)) == asked
    assert sorted(path.name for path in (tmp_path / "run").glob("*.jsonl")) == []
    assert words(audit.decide(tmp_path / "run")) == words(result)
    assert words(audit.report(tmp_path / "run")) == words(result)


def test_gains_count_groups_and_not_their_levels(tmp_path: Path) -> None:
    result = assay.run(study(tmp_path, None), tmp_path / "run")
    assert {claim.metric: claim.n for claim in result.claims}["followbench-rules.hard"] == GROUPS


def test_without_a_judge_its_part_is_not_measured_and_the_rules_decide_theirs(tmp_path: Path) -> None:
    result = assay.run(study(tmp_path, None), tmp_path / "run")
    assert words(result) == {"followbench-rules.hard": "confirmed", "followbench-judged.hard": "not measured"}
    (judged,) = [claim for claim in result.claims if claim.metric == "followbench-judged.hard"]
    assert (judged.score, judged.base_score, judged.gain) == (None, None, None)
    assert "the study names none" in str(judged.reason)
    assert any("names no `judge`" in problem for problem in result.problems)
    assert words(audit.report(tmp_path / "run")) == words(result)
    assert audit.gate(tmp_path / "run").outcome == "undecided"


@pytest.mark.slow
def test_a_judge_named_later_judges_the_responses_of_before(tmp_path: Path) -> None:
    assay.run(study(tmp_path, None), tmp_path / "run")
    with judging(kindly) as server:
        result = assay.run(study(tmp_path, {"model": "m", "url": server.url}), tmp_path / "run")
    assert set(words(result).values()) == {"confirmed"}


def test_another_judge_in_the_runs_copy_is_not_asked_by_decide(tmp_path: Path) -> None:
    with judging(kindly) as server:
        assay.run(study(tmp_path, {"model": "m", "url": server.url}), tmp_path / "run")
        before = len(server.bodies)
        copy = tmp_path / "run" / "study.yaml"
        copy.write_text(copy.read_text().replace("model: m", "model: other"))
        with pytest.raises(RunError, match="scored by another version of the verifier"):
            audit.report(tmp_path / "run")
        assert words(audit.decide(tmp_path / "run"))["followbench-judged.hard"] == "not measured"
        assert len(server.bodies) == before


def test_verdicts_say_nothing_of_the_address_or_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-secret-secret")
    with judging(kindly) as server:
        judge = {"model": "m", "url": server.url, "key_env": "JUDGE_KEY"}
        assay.run(study(tmp_path, judge), tmp_path / "run")
    kept = [file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file()]
    assert not any(b"sk-secret-secret" in content for content in kept)
    assert server.url not in (tmp_path / "run" / "verdicts.json").read_text()


@pytest.mark.parametrize(
    ("judge", "message"),
    [
        ({"url": "http://x"}, r"judge\.model: missing"),
        ({"model": "m"}, r"judge\.url: missing"),
        ({"model": "m", "url": "http://u:p@x"}, r"judge\.url: a name, a password or a query in an address"),
        (
            {"model": "m", "url": "http://x", "key_env": "sk-123"},
            r"judge\.key_env: not the name of an environment",
        ),
        (
            {"model": "m", "url": "http://x", "modle": "m"},
            r'judge\.modle: no such field; did you mean "model"',
        ),
        ({"model": "m", "url": "http://x", "max_tokens": 0}, r"judge\.max_tokens: more than 0"),
        ({"model": "m", "url": "http://x", "concurrency": 0}, r"judge\.concurrency: more than 0"),
    ],
)
def test_a_judge_that_cannot_work_is_refused_by_line(
    tmp_path: Path, judge: dict[str, Any], message: str
) -> None:
    with pytest.raises(StudyError, match=rf"study\.yaml:\d+: {message}"):
        load_study(study(tmp_path, judge))


def test_a_key_that_is_not_set_is_told_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    path = study(tmp_path, {"model": "m", "url": "http://x", "key_env": "JUDGE_KEY"})
    with pytest.raises(
        StudyError, match=r"study\.yaml:\d+: judge\.key_env: the variable JUDGE_KEY is not set"
    ):
        assay.run(path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_groups_are_asked_to_the_end(tmp_path: Path) -> None:
    path = study(tmp_path, None)
    path.write_text(path.read_text() + "stop: decided\n")
    with pytest.raises(
        StudyError, match="task 'followbench-rules' cannot stop early, because its prompts come in groups"
    ):
        assay.run(path, tmp_path / "run")
