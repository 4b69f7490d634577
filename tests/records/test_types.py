from __future__ import annotations

from assay.records.types import Schedule


def test_a_schedule_begins_without_looks_and_shares_them_with_no_other() -> None:
    first, second = (Schedule("group", 64, 32, {"math": [1, 0]}) for _ in range(2))
    assert first.looks == {}
    assert first.looks is not second.looks
