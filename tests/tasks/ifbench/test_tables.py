"""Rows of five fields are a table."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifbench import tables

WORD = st.text("abcdeéß", min_size=1, max_size=6)


@given(st.lists(WORD, min_size=35, max_size=35))
def test_rows_of_five_fields_are_a_table_and_a_lost_comma_is_not(fields: list[str]) -> None:
    rows = [fields[start : start + 5] for start in range(0, 35, 5)]
    text = "\n".join(",".join(row) for row in [["ID", "Country", "City", "Year", "Count"], *rows])
    assert tables.csv_city(text) is None
    head, _, tail = text.rpartition(",")
    assert tables.csv_city(head + tail)
