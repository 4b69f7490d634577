"""The helper for users' own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.errors import RunError
from assay.plan import Policy
from assay.stats import Verdict
from assay.testing import assert_label_holds
from tests.studies import one_task_study, table


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    base, up = table(60, 20, 400, 200)
    _, open_question = table(60, 45, 400, 200)
    assay.run(one_task_study(folder, base, {"up": up, "open": open_question}), folder / "run")
    return folder / "run"


def test_a_label_that_holds_passes(run: Path) -> None:
    assert_label_holds(run, "up")


def test_a_label_that_does_not_hold_says_which_rule(run: Path) -> None:
    with pytest.raises(
        AssertionError, match=r"the label of 'open' does not hold: undecided\n  math.numeric_match"
    ):
        assert_label_holds(run, "open")


def test_an_undecided_label_passes_where_that_is_allowed(run: Path) -> None:
    assert_label_holds(run, "open", allow_undecided=True)


def test_a_policy_of_ones_own_is_asked(run: Path) -> None:
    with pytest.raises(AssertionError, match="fail"):
        assert_label_holds(run, "up", policy=Policy(passing=(Verdict.GAIN,), failing=(Verdict.CONFIRMED,)))


def test_an_adapter_that_the_run_lacks_is_an_error_not_a_failure(run: Path) -> None:
    with pytest.raises(RunError, match="no claim of 'down'; this run has up, open"):
        assert_label_holds(run, "down")
