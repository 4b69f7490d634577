"""Examples of one cluster count once, and the score stays what it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from assay.records import Scores
from assay.stats import ClusteredGain, paired_gain
from assay.tasks import Example
from assay.tasks.followbench import FollowBenchRules
from assay.tasks.numeric import Numeric
from assay.verdicts import ClaimResult
from assay.verdicts.clusters import by_cluster, clusters_of
from tests.studies import jsonl, one_task_study, table


def examples(*groups: str) -> list[Example]:
    return [Example(str(i), f"question {i}", {"group": group}) for i, group in enumerate(groups)]


def scores(passed: list[int]) -> Scores:
    table = np.array(passed, dtype=np.int64)[:, None, None]
    return Scores(table, np.ones_like(table), np.arange(len(passed)))


def test_examples_stand_alone_unless_their_task_says_otherwise() -> None:
    assert clusters_of(Numeric(), examples("a", "a")) is None
    assert clusters_of(FollowBenchRules(), examples("a", "b")) is None
    found = clusters_of(FollowBenchRules(), examples("b", "a", "b"))
    assert found is not None
    assert found.tolist() == [0, 1, 0]


def test_a_file_may_name_the_cluster_of_each_row() -> None:
    rows = [Example(str(i), f"question {i}", {"cluster": name}) for i, name in enumerate("aba")]
    numbers = clusters_of(Numeric(), rows)
    assert numbers is not None
    assert numbers.tolist() == [0, 1, 0]


def test_a_question_that_occurs_twice_is_one_cluster() -> None:
    found = clusters_of(Numeric(), [Example(key, prompt) for key, prompt in ("ax", "by", "cx")])
    assert found is not None
    assert found.tolist() == [0, 1, 0]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=40))
def test_clusters_keep_the_score(rows: list[tuple[int, int]]) -> None:
    clusters = np.unique([cluster for _, cluster in rows], return_inverse=True)[1].astype(np.int64)
    before = scores([passed for passed, _ in rows])
    after = by_cluster(before, clusters)
    assert len(after.positions) == clusters.max() + 1
    assert after.passed.sum() == before.passed.sum()
    assert after.out_of.sum() == len(rows)
    assert sorted(after.positions) == sorted({int(np.argmax(clusters == one)) for one in clusters})


def test_copies_of_an_example_are_no_more_evidence_than_one() -> None:
    before, after = [1] * 20 + [0] * 20 + [1, 0] * 5, [1] * 20 + [1] * 12 + [0] * 8 + [0, 1] * 5
    alone = paired_gain(before, after, [1] * 50)
    clusters = np.repeat(np.arange(50), 5).astype(np.int64)
    sums = [by_cluster(scores(list(np.repeat(side, 5))), clusters) for side in (before, after)]
    copied = paired_gain(sums[0].passed[:, 0, 0], sums[1].passed[:, 0, 0], sums[0].out_of[:, 0, 0])
    assert isinstance(copied, ClusteredGain)
    assert copied.n == 50
    assert copied.estimate == pytest.approx(alone.estimate)
    assert copied.interval(0.9) == pytest.approx(alone.interval(0.9), abs=0.03)
    naive = paired_gain(np.repeat(before, 5), np.repeat(after, 5), [1] * 250)
    assert copied.interval(0.9)[0] < naive.interval(0.9)[0]


def test_a_question_that_occurs_in_two_groups_joins_them() -> None:
    rows = [
        Example(str(i), prompt, {"cluster": name})
        for i, (prompt, name) in enumerate(zip("wxyzx", "aabcd", strict=True))
    ]
    found = clusters_of(Numeric(), rows)
    assert found is not None
    assert found.tolist() == [0, 0, 1, 2, 0]
    alone = [Example(str(i), "the same", {"cluster": str(i)}) for i in range(3)]
    numbers = clusters_of(Numeric(), alone)
    assert numbers is not None
    assert numbers.tolist() == [0, 0, 0]


def test_a_number_of_prompts_that_would_decide_counts_prompts_of_every_cluster(tmp_path: Path) -> None:
    base, adapter = table(20, 12, 100, 40)

    def claim(copies: int) -> ClaimResult:
        folder = tmp_path / str(copies)
        sides = ([passed for passed in side for _ in range(copies)] for side in (base, adapter))
        first, second = sides
        study = one_task_study(folder, first, {"a": second})
        rows = map(json.loads, (folder / "examples.jsonl").read_text(encoding="utf-8").splitlines())
        jsonl(folder / "examples.jsonl", [row | {"cluster": i // copies} for i, row in enumerate(rows)])
        return assay.run(study, folder / "run").claims[0]

    alone, copied = claim(1), claim(3)
    assert (alone.verdict, copied.verdict, copied.n) == ("undecided", "undecided", 100)
    assert copied.examples_needed == pytest.approx(3 * (alone.examples_needed or 0), rel=0.2)
