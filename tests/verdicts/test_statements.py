"""Sentences over the study, and warnings that count: whether one reads them, or several."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from tests.studies import one_task_study, table

FAIL, HOLD = "(a gain of the margin or more is excluded)", "(a gain is shown)"


def found(folder: Path, *changes: tuple[int, int]) -> assay.Result:
    """A study of an adapter for each (prompts that only it passes, prompts that only the base passes)."""
    base = table(0, 0, 400, 200)[0]
    adapters = {f"a{i}": table(better, worse, 400, 200)[1] for i, (better, worse) in enumerate(changes)}
    return assay.run(one_task_study(folder, base, adapters), folder / "run")


@pytest.mark.parametrize(
    ("changes", "statement"),
    [
        (
            [(45, 32)],
            f"Of 1 claim, none is shown to fail {FAIL} and none to hold {HOLD}, at 95 % confidence over the whole study.",
        ),
        (
            [(60, 10), (70, 10), (45, 32)],
            f"Of 3 claims, none is shown to fail {FAIL} and at least 2 hold {HOLD}, with 95 % confidence in each "
            f"number over the whole study.",
        ),
        (
            [(10, 60), (45, 32)],
            f"Of 2 claims, at least 1 fails {FAIL} and none is shown to hold {HOLD}, with 95 % confidence in each "
            f"number over the whole study.",
        ),
    ],
)
def test_a_number_that_is_0_is_told_as_none(
    tmp_path: Path, changes: list[tuple[int, int]], statement: str
) -> None:
    assert found(tmp_path, *changes).counts.statement == statement


@pytest.mark.parametrize(
    ("change", "verdict", "fails"),
    [
        ((0, 2), "no gain", 1),
        ((1, 3), "no gain", 1),
        ((0, 3), "harmed", 1),
        ((3, 0), "trivial", 1),
        ((2, 0), "no gain", 1),
        ((0, 9), "harmed", 1),
    ],
)
def test_the_count_over_one_claim_is_its_verdict_where_few_prompts_differ(
    tmp_path: Path, change: tuple[int, int], verdict: str, fails: int
) -> None:
    result = found(tmp_path, change)
    assert [claim.verdict for claim in result.claims] == [verdict]
    assert (result.counts.fails, result.labels[0].fails) == (fails, fails)


def test_a_label_that_neither_fails_nor_holds_says_so(tmp_path: Path) -> None:
    (label,) = found(tmp_path, (45, 32), (46, 32)).labels
    assert label.statement == (
        "Label 'numeric' (gains math.numeric_match), 2 configurations (a recipe on a base): it is not shown to fail in any "
        "and is not shown to hold in any, at 95 % confidence (fails: a gain of the margin or more is excluded; holds: a "
        "gain is shown)."
    )


def test_warnings_count_in_words_that_agree(tmp_path: Path) -> None:
    for number, changes in enumerate([[(5, 1)], [(5, 1), (60, 10)], [(5, 1), (6, 1)]]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (warning,) = (text for text in found(folder, *changes).warnings if "fewer than 25" in text)
        begins = ("the claim rests on", "1 of 2 claims rests on", "2 of 2 claims rest on")[number]
        assert warning.startswith(begins)


def test_one_claim_without_evidence_is_told_of_one(tmp_path: Path) -> None:
    (warning,) = (text for text in found(tmp_path, (0, 0)).warnings if "no paired evidence" in text)
    assert warning == (
        "1 claim has no paired evidence (not measured, or not applied): it is left out of recipe verdicts, and in the "
        "study's counts it neither fails nor holds"
    )
