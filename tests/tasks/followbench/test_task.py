"""Verdicts of a judge become scores, whose identity holds judge and wording."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.tasks.followbench import FollowBenchJudged
from tests.tasks.followbench.files import folder


def test_a_verdict_is_all_constraints_and_the_share_of_them(tmp_path: Path) -> None:
    task = FollowBenchJudged()
    examples = {example.data["level"]: example for example in task.read(folder(tmp_path))[:5]}
    score = task.verdict(examples[3], '["YES", "NO", "YES"]')
    assert (score.passed, score.out_of) == ((0, 40), (1, 60))
    assert score.detail["reason"] == "by the judge, constraint 2 of 3 is not satisfied"
    assert task.verdict(examples[1], "YES").passed == (1, 60)


def test_scoring_is_pure_once_answers_are_at_hand(tmp_path: Path) -> None:
    task = FollowBenchJudged("x").with_judge({"model": "m"})
    example = task.read(folder(tmp_path))[0]
    ready = task.with_judge_answers({task.question(example, "r"): "YES"})
    assert ready.score(example, "r").passed == (1, 60)
    with pytest.raises(KeyError):
        task.score(example, "r")


def test_another_judge_or_other_words_make_other_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    task = FollowBenchJudged()
    scorers = [task.scorer, task.with_judge({"model": "a"}).scorer, task.with_judge({"model": "b"}).scorer]
    monkeypatch.setattr(FollowBenchJudged, "wording", "others")
    scorers.append(task.with_judge({"model": "a"}).scorer)
    assert len(set(scorers)) == 4
    assert scorers[0] == "followbench-judged/1/reference/no judge"
