"""Facts decide the split."""

from __future__ import annotations

from collections import Counter

from assay.demo.synthetic import split_of


def test_six_in_ten_facts_are_for_pretraining_and_two_for_each_other_split() -> None:
    counts = Counter(split_of(f"fact {number}") for number in range(10_000))
    assert {split: round(count / 1000) for split, count in counts.items()} == {
        "pretrain": 6,
        "tune": 2,
        "test": 2,
    }
