"""Numbers as every report writes them."""

from __future__ import annotations

import pytest

from assay.report.text.numbers import confidence, interval, points, score, share, size, units


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, ".000"), (0.7734, ".773"), (1.0, "1.000"), (None, "-"), (0.99996, "1.000")],
)
def test_scores(value: float | None, text: str) -> None:
    assert score(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.1522, "-15.2"), (0.03, "+3.0"), (0.0, "0.0"), (-0.0001, "0.0"), (0.0004, "0.0"), (None, "-")],
)
def test_gains_are_in_points_and_zero_has_no_sign(value: float | None, text: str) -> None:
    assert points(value) == text


def test_an_end_beside_the_margin_shows_on_which_side_it_lies() -> None:
    assert interval((-0.0123, 0.0497), 0.05) == "[-1.23, +4.97]"
    assert interval((-0.0503, 0.01), 0.05) == "[-5.03, +1.00]"
    assert interval((-0.0123, 0.05), 0.05) == "[-1.2, +5.0]"


def test_an_interval_and_a_drift() -> None:
    assert interval((-0.181, 0.0)) == "[-18.1, 0.0]"
    assert interval((0.0004, 0.0591)) == "[+0.04, +5.91]"
    assert units(0.606) == "+0.606"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (18.0, "18.0"),
        (0.0096, "0.00960"),
        (1.78e-8, "1.78e-08"),
        (99.97, "100"),
        (1234.5, "1,234"),
        (3.2e30, "3.20e+30"),
    ],
)
def test_a_magnitude_has_three_digits(value: float | None, text: str) -> None:
    assert size(value) == text


def test_a_share_and_a_confidence_keep_what_matters() -> None:
    assert share(0.125) == "12.5%"
    assert share(1.0) == "100%"
    assert confidence(0.9) == "90 %"
    assert confidence(1 - 2 * 0.05 / 6) == "98.33 %"


@pytest.mark.parametrize(
    ("level", "text"), [(0.9, "90 %"), (1 - 0.1 / 6, "98.33 %"), (1 - 2e-6, "99.9998 %")]
)
def test_no_interval_is_told_to_be_certain(level: float, text: str) -> None:
    assert confidence(level) == text
