"""Which sizes can print the published figures, and which verdicts those leave open."""

from __future__ import annotations

from itertools import pairwise

import pytest

from assay.demo import published
from assay.demo.published import BENCHMARK_SIZES, Attainable, attainable


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Attainable]:
    """Of small sizes."""
    monkeypatch.setattr(published, "LIMIT", 120)
    return attainable()


def test_each_metric_is_looked_at_under_both_roundings(found: list[Attainable]) -> None:
    assert len({(entry.metric, entry.rounding) for entry in found}) == len(found)
    assert {entry.rounding for entry in found} == {"half_up", "half_even"}
    assert {entry.metric: entry.whole for entry in found if entry.whole} == BENCHMARK_SIZES
    assert all(0 < size <= 120 for entry in found for size in entry.sizes)


def test_verdicts_are_open_by_size_and_none_where_instructions_are_nested(found: list[Attainable]) -> None:
    assert any(entry.verdicts for entry in found)
    for entry in found:
        sizes = [size for size, _ in entry.verdicts]
        assert sizes == sorted(set(sizes) & set(entry.sizes))
        assert (not sizes) == (entry.metric.endswith("instruction_strict") or not entry.sizes)
        assert all(before != after for (_, before), (_, after) in pairwise(entry.verdicts))
