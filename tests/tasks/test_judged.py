"""A task that a judge decides: scoring is pure, and the judge and its words are part of who scored."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.tasks.followbench import FollowBenchJudged
from tests.tasks.followbench.files import folder


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
