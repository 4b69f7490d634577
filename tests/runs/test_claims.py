"""Claims of a study are explicit before anything is generated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.errors import StudyError
from assay.runs.resolve import plan_of
from assay.runs.tasks import resolve_tasks
from assay.study import load_study
from tests.runs.generating import generating
from tests.runs.refusals import assert_refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(claims={"numeric": ["math.speed"]}), r"no task .* gives the metric 'math.speed'"),
        (lambda d: d["adapters"][0].update(label="poetry"), r"label 'poetry' .* claims nothing"),
        (lambda d: d.update(off_target=["math.nothing"]), r"no task .* gives the metric 'math.nothing'"),
    ],
)
def test_a_claim_that_cannot_be_bound_is_refused_and_nothing_is_written(
    tmp_path: Path, change: Any, message: str
) -> None:
    assert_refused(tmp_path, change, StudyError, message)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ({}, ["ifeval.prompt_strict"]),
        ({"off_target": ["ifeval.instruction_strict"]}, ["ifeval.instruction_strict"]),
    ],
)
def test_a_label_claims_its_tasks_and_the_others_are_off_target(
    tmp_path: Path, listed: dict[str, Any], expected: list[str]
) -> None:
    tasks = [{"task": "numeric", "name": name} for name in ("math", "more")]
    study = load_study(generating(tmp_path, ("good",), tasks=[*tasks, {"task": "ifeval"}], **listed))
    claims = plan_of(study, resolve_tasks(study)).claims
    assert [(str(claim.metric), claim.kind) for claim in claims] == [
        ("math.numeric_match", "gains"),
        ("more.numeric_match", "gains"),
    ]
    assert {claim.alpha for claim in claims} == {study.alpha / 2}
    assert [[str(metric) for metric in claim.off_target] for claim in claims] == [expected] * 2


def test_a_claim_that_is_written_twice_is_made_once(tmp_path: Path) -> None:
    metric = "math.numeric_match"
    for again in ({"scale": 1}, {"against": "base"}):
        study = load_study(
            generating(tmp_path, ("good",), claims={"numeric": [metric, {"metric": metric, **again}]})
        )
        (claim,) = plan_of(study, resolve_tasks(study)).claims
        assert claim.alpha == study.alpha


def test_a_claim_with_two_margins_is_refused(tmp_path: Path) -> None:
    claims = ["math.numeric_match", {"metric": "math.numeric_match", "against": "base", "margin": 0.2}]
    assert_refused(
        tmp_path,
        lambda d: d.update(claims={"numeric": claims}),
        StudyError,
        r"math.numeric_match gains of 'a' against 'base' is claimed with two margins",
    )
