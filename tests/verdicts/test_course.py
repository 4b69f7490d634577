"""A training at several steps: its course, and the best of its checkpoints judged as the best of several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.report.text.descriptions import choice_words
from assay.stats import PairedGain, judge
from assay.verdicts.descriptive import Course
from tests.studies import edit, examples, responses, write_study

N, FAILED = 200, 120
Changes = Mapping[str, Mapping[int | None, tuple[int, int]]]
CHANGES: Changes = {
    "math": {100: (12, 8), 300: (34, 6), None: (30, 6)},
    "other": {100: (3, 5), 300: (2, 12), None: (1, 20)},
}
"""By task and step: prompts that it does better and worse; None: the result."""


def passes(better: int, worse: int) -> list[bool]:
    return [i < better if i < FAILED else i < N - worse for i in range(N)]


def stepped(folder: Path, changes: Changes = CHANGES, **fields: Any) -> Path:
    """A study of one training's checkpoints on two tasks, of which it claims `math`; its result is listed first."""
    folder.mkdir(exist_ok=True)
    adapters: list[dict[str, Any]] = []
    for step in sorted(changes["math"], key=lambda step: step or 0):
        name = f"a-{step}"
        files = {
            task: responses(folder / f"{name}-{task}.jsonl", passes(*changes[task][step])) for task in changes
        }
        entry = {"name": name, "label": "numeric", "recipe": "a", "seed": 3, "responses": files}
        adapters.append(entry if step is None else entry | {"step": step})
    base = [i >= FAILED for i in range(N)]
    for task in changes:
        examples(folder, N, f"{task}-examples.jsonl")
    document = {
        "name": "course",
        "bases": [
            {
                "name": "base",
                "responses": {task: responses(folder / f"base-{task}.jsonl", base) for task in changes},
            }
        ],
        "adapters": adapters,
        "tasks": [
            {"task": "numeric", "name": task, "examples": f"{task}-examples.jsonl"} for task in changes
        ],
        "claims": {"numeric": ["math.numeric_match"]},
        "off_target": ["other.numeric_match"],
        **fields,
    }
    return write_study(folder, document)


def course(study: Path) -> Course:
    (found,) = assay.run(study, study.parent / "run").courses
    return found


def test_a_course_has_gains_and_drift_by_step_and_the_result_last(tmp_path: Path) -> None:
    found = course(stepped(tmp_path / "study"))
    assert (found.training, found.target, found.off_target) == (
        "a, seed 3",
        "math.numeric_match",
        ("other.numeric_match",),
    )
    assert [(point.step, point.subject) for point in found.points] == [
        (100, "a-100"),
        (300, "a-300"),
        (None, "a-None"),
    ]
    for point in found.points:
        (better, worse), (other_better, other_worse) = (CHANGES[task][point.step] for task in CHANGES)
        gain = PairedGain(better, worse, N)
        assert point.target is not None
        assert (point.target.gain, point.target.interval) == (gain.estimate, gain.interval(0.9))
        (elsewhere,) = point.off_target
        assert elsewhere is not None
        assert elsewhere.gain == pytest.approx((other_better - other_worse) / N)
        assert point.drift == pytest.approx((other_better - other_worse - better + worse) / N)


@pytest.mark.parametrize(("family", "shared"), [("adapter", 3), ("study", 3)])
def test_the_best_is_judged_at_a_level_that_allows_for_all_that_were_looked_at(
    family: str, shared: int, tmp_path: Path
) -> None:
    found = course(stepped(tmp_path / "study", family=family))
    finding = judge(PairedGain(34, 6, N), "gains", 0.05, 0.05 / shared)
    choice = found.choice
    assert choice is not None
    assert (choice.subject, choice.step, choice.looked_at) == ("a-300", 300, 3)
    assert choice.interval == (finding.low, finding.high)
    assert choice.level == pytest.approx(1 - 0.1 / shared)
    assert choice.verdict == finding.verdict
    assert not choice.within_noise
    assert "a-300 (step 300) has the largest gain, +14.0 points" in choice_words(found)
    assert choice_words(found).endswith("It is the recommended checkpoint.")


def test_of_equal_checkpoints_the_earlier_is_taken_and_nothing_where_none_gains(tmp_path: Path) -> None:
    none: Changes = {task: {100: (10, 10), 200: (12, 12), None: (8, 9)} for task in CHANGES}
    found = course(stepped(tmp_path / "study", none))
    assert found.choice is not None
    assert found.choice.step == 100
    assert choice_words(found).endswith("No checkpoint is shown to gain.")


def test_a_word_for_one_checkpoint_may_not_hold_for_the_best_of_several(tmp_path: Path) -> None:
    several: Changes = {task: {100 * step: (10, 2) for step in range(1, 9)} for task in CHANGES}
    study = stepped(tmp_path / "study", several)
    result = assay.run(study, study.parent / "run")
    assert {claim.verdict.value for claim in result.claims} == {"gain"}
    assert result.courses[0].choice is not None
    assert result.courses[0].choice.verdict.value == "undecided"


def test_a_single_adapter_has_no_course(tmp_path: Path) -> None:
    one: Changes = {task: {100: (12, 8)} for task in CHANGES}
    study = stepped(tmp_path / "study", one)
    assert assay.run(study, study.parent / "run").courses == ()


def test_reports_show_the_course_and_the_checkpoint_to_take(tmp_path: Path) -> None:
    study = stepped(tmp_path / "study")
    assay.run(study, study.parent / "run")
    for name in ("report.md", "report.html"):
        text = (study.parent / "run" / name).read_text()
        assert "Gain and drift over steps" in text
        assert "has the largest gain" in text


def test_a_course_is_against_its_base_also_where_another_base_is_claimed_against(tmp_path: Path) -> None:
    study = stepped(tmp_path / "study")
    alone = course(study)

    def other_base(document: dict[str, Any]) -> None:
        files = {task: responses(tmp_path / "study" / f"other-{task}.jsonl", [True] * N) for task in CHANGES}
        document["bases"].append({"name": "other", "responses": files})
        for adapter in document["adapters"]:
            adapter["base"] = "base"
        metric = "math.numeric_match"
        document["claims"] = {"numeric": [{"metric": metric, "against": "other"}, metric]}

    edit(study, other_base)
    (found,) = assay.run(study, tmp_path / "against").courses
    assert found.points == alone.points
    assert found.choice is not None
    assert alone.choice is not None
    assert (found.choice.subject, found.choice.gain) == (alone.choice.subject, alone.choice.gain)
