"""A run as rows: p-values of the line, digests, gate, drift."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.registry.entries import rows_of
from tests.evidence.audited import make_audited
from tests.studies import one_task_study, table


def test_a_generated_run_has_the_digests_of_weights_base_and_tokenizer(tmp_path: Path) -> None:
    make_audited(tmp_path)
    made = rows_of(tmp_path / "run")
    (row,) = made.verdicts
    assert all(len(row[name]) == 64 for name in row if name.endswith("_sha256") and name != "template_sha256")
    assert (row["engine"], row["verdict"], row["gate"]) == ("torch, float32", "confirmed", "pass")
    assert row["drift"] == pytest.approx(-row["gain"])
    assert made.run["study"] == "audited"


@pytest.mark.parametrize(
    ("better", "worse", "right", "word", "fails", "holds"),
    [
        (60, 5, 200, "confirmed", False, True),
        (5, 60, 200, "harmed", True, False),
        (8, 10, 200, "no gain", True, False),
        (36, 25, 200, "undecided", False, False),
        (2, 2, 2, "no gain", False, False),
    ],
)
def test_a_word_counts_on_its_own_side_of_the_line(
    tmp_path: Path, better: int, worse: int, right: int, word: str, fails: bool, holds: bool
) -> None:
    base, adapter = table(better, worse, 400, right)
    assay.run(one_task_study(tmp_path / "in", base, {"a": adapter}), tmp_path / "run")
    (row,) = rows_of(tmp_path / "run").verdicts
    assert row["verdict"] == word
    assert (row["p_fails"] < 0.05, row["p_holds"] < 0.05) == (fails, holds)


def test_two_adapters_of_equal_responses_are_two_runs(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        make_audited(tmp_path / name, weights=name.encode())
        keys.add(rows_of(tmp_path / name / "run").run["key"])
    assert len(keys) == 2


def test_the_key_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    make_audited(tmp_path)
    before = rows_of(tmp_path / "run").run
    (tmp_path / "run").rename(tmp_path / "moved")
    after = rows_of(tmp_path / "moved").run
    assert before["key"] == after["key"]
    assert before["folder"] != after["folder"]
