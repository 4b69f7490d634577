"""Verdicts of a judge become scores, whose identity holds judge and wording."""

from __future__ import annotations

from pathlib import Path

from assay.tasks.followbench import FollowBenchJudged
from tests.tasks.followbench.files import folder


def test_a_verdict_is_all_constraints_and_the_share_of_them(tmp_path: Path) -> None:
    task = FollowBenchJudged()
    examples = {example.data["level"]: example for example in task.read(folder(tmp_path))[:5]}
    score = task.verdict(examples[3], '["YES", "NO", "YES"]')
    assert (score.passed, score.out_of) == ((0, 40), (1, 60))
    assert score.detail["reason"] == "by the judge, constraint 2 of 3 is not satisfied"
    assert task.verdict(examples[1], "YES").passed == (1, 60)
