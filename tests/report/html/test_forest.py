"""The forest plot: one axis, a bar from end to end, recipes before their seeds."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def rows(page: str) -> list[str]:
    body = page.split('<section id="forest"')[1].split("<tbody>")[1].split("</tbody>")[0]
    return re.findall(r"<tr.*?</tr>", body, re.DOTALL)


def test_a_recipe_stands_before_its_seeds(rows: list[str]) -> None:
    kinds = [kind for row in rows for kind in re.findall(r'<tr class="(\w+)"', row) if kind != "group"]
    assert kinds == ["recipe", "seed", "seed"] * 6


def test_a_bar_goes_from_the_low_end_over_the_gain_to_the_high_end(rows: list[str]) -> None:
    for row in rows:
        for low, high, gain in re.findall(
            r'class="bar" x1="([\d.]+)%" x2="([\d.]+)%".*?(?:svg x|circle class="dot" cx)="([\d.]+)%"', row
        ):
            assert 0 < float(low) <= float(gain) <= float(high) < 100
