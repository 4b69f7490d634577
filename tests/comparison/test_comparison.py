"""Two sides beside each other: what changed, and what it may depend on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import assay
from assay.comparison import Comparison, Side, compare
from assay.runs.decided import open_decided
from tests.evidence.audited import change_study, make_audited
from tests.studies import edit, study_with
from tests.view.conftest import several


@pytest.fixture(scope="module")
def runs_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return several(tmp_path_factory.mktemp("compared"))


@pytest.fixture
def runs(runs_once: Path, tmp_path: Path) -> Path:
    """Of the test's own, to change as it likes."""
    return Path(shutil.copytree(runs_once, tmp_path / "runs"))


def beside(runs: Path, left: str, right: str, *adapters: str) -> Comparison:
    names = adapters or ("", "")
    sides = (Side(open_decided(runs / key), name) for key, name in zip((left, right), names, strict=True))
    return compare(*sides)


def differing(comparison: Comparison) -> set[str]:
    return {fact.what for fact in comparison.facts if not fact.same}


def test_a_run_beside_itself_differs_in_nothing(runs: Path) -> None:
    comparison = beside(runs, "two", "two")
    assert differing(comparison) == set()
    assert not any(line.changed for line in comparison.lines)
    assert [line.adapter for line in comparison.lines] == ["up", "down"]


def test_another_word_is_marked_with_what_it_may_depend_on(runs: Path) -> None:
    comparison = beside(runs, "small", "later")
    (line,) = comparison.lines
    assert line.left is not None
    assert line.right is not None
    assert (line.left.gain, line.right.gain) == (0.125, 0.05)
    assert differing(comparison) == {"bases"}  # recorded responses are what a base is


def test_other_prompts_and_another_margin_are_told(tmp_path: Path, runs: Path) -> None:
    source = tmp_path / "other"
    study = study_with(source, 60, 10)
    (source / "examples.jsonl").write_text(
        (source / "examples.jsonl").read_text().replace("question 0", "another")
    )
    edit(study, lambda document: document.update(margin=0.1))
    assay.run(study, runs / "other")
    assert {"math: prompts", "margin"} <= differing(beside(runs, "small", "other"))


def test_two_adapters_are_counted_prompt_by_prompt(runs: Path) -> None:
    comparison = beside(runs, "two", "two", "up", "down")
    (agreement,) = comparison.agreement
    up, down = (open_decided(runs / "two").result.claims[i].score for i in (0, 1))
    assert agreement.prompts == 200
    assert (agreement.left - agreement.right) / 200 == round((up or 0) - (down or 0), 9)
    (line,) = comparison.lines
    assert line.changed
    assert comparison.apart == ()


def test_two_adapters_of_two_runs_are_counted_where_prompts_are_the_same(tmp_path: Path, runs: Path) -> None:
    shutil.copytree(runs / "small", runs / "copy")
    (agreement,) = beside(runs, "small", "copy", "a", "a").agreement
    assert (agreement.prompts, agreement.left, agreement.right) == (400, 0, 0)
    source = tmp_path / "other"
    study = study_with(source, 60, 10)
    (source / "examples.jsonl").write_text(
        (source / "examples.jsonl").read_text().replace("question 0", "another")
    )
    assay.run(study, runs / "other")
    comparison = beside(runs, "small", "other", "a", "a")
    assert comparison.agreement == ()
    assert comparison.apart == ("math",)


def test_scores_of_two_verifiers_are_not_counted_against_each_other(tmp_path: Path) -> None:
    make_audited(tmp_path / "left")
    shutil.copytree(tmp_path / "left", tmp_path / "right")
    change_study(tmp_path / "right", "prompts: prompts.jsonl\n", "prompts: prompts.jsonl\n  mode: fixed\n")
    assay.decide(tmp_path / "right" / "run")
    sides = (Side(open_decided(tmp_path / side / "run"), "sums") for side in ("left", "right"))
    comparison = compare(*sides)
    assert [agreement.task for agreement in comparison.agreement] == ["math"]
    assert comparison.apart == ("style",)
