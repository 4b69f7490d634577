"""How a forecast is printed; what stands in it is tested by `test_plan.py`."""

from __future__ import annotations

import pytest

from assay.cli.forecast import duration


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "1 s"), (40, "40 s"), (100, "1.7 min"), (1800, "30 min"), (9000, "2.5 h"), (400_000, "111 h")],
)
def test_durations_are_as_rough_as_they_are_known(seconds: float, told: str) -> None:
    assert duration(seconds) == told
