"""Claims of a study are explicit before anything is generated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.errors import StudyError
from tests.runs.refusals import assert_refused
from tests.studies import edit


def test_grouping_adapters_otherwise_is_another_claim_block(done: Path) -> None:
    before = assay.open_result(done).claims_sha256
    edit(done / "study.yaml", lambda document: document["adapters"][0].update(recipe="r", seed=1))
    assert assay.decide(done).claims_sha256 != before


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
