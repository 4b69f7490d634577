from __future__ import annotations

import pytest

from assay.report.html.scale import axis, step


def test_an_axis_holds_all_values_zero_and_both_margins() -> None:
    scale = axis([0.3, 0.31], 0.05)
    assert scale.low < -0.05
    assert scale.high > 0.31
    assert all(0 <= scale.at(value) <= 100 for value in (-0.05, 0, 0.05, 0.3, 0.31, -9, 9))
    assert any(abs(tick) < 1e-12 for tick in scale.ticks)


@pytest.mark.parametrize(
    ("gain", "name"),
    [(None, "none"), (0.0, "z"), (0.024, "z"), (-0.03, "n1"), (0.06, "p2"), (0.1, "p3"), (-0.21, "n4")],
)
def test_colour_steps_count_margins(gain: float | None, name: str) -> None:
    assert step(gain, 0.05) == name
