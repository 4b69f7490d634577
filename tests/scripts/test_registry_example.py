"""The page of this project's adapters shows what its data says, and the data is what the audits give."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("sqlalchemy", reason="the extra `registry` is not installed")

from scripts.registry_example import DATA, PAGE, audits, page


def test_the_page_shows_the_data() -> None:
    data = json.loads(DATA.read_text())
    assert page(data["verdicts"], data["line"]) == PAGE.read_text()


@pytest.mark.slow
def test_the_audits_of_the_demos_adapters_give_the_same_rows() -> None:
    verdicts, _ = audits([])
    kept = {
        (row["adapter"], row["metric"], row["study"]): row for row in json.loads(DATA.read_text())["verdicts"]
    }
    for row in verdicts:
        expected = kept[row["adapter"], row["metric"], row["study"]]
        assert row == {
            name: pytest.approx(value) if isinstance(value, float) else value
            for name, value in expected.items()
        }
