"""Dates of Napoleon's life are accepted in both modes."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifbench import answers


@given(st.dates(date(1769, 1, 1), date(1821, 12, 31)))
def test_every_day_of_napoleons_life_is_a_date_in_both_modes(day: date) -> None:
    assert answers.date_format_list(f" {day},{day}") is None
    assert answers.date_format_list_fixed(f" {day},{day}") is None
