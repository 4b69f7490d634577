"""Aggregate scores from CSV: a number from 0 to 1 for each subject and metric, or an error that names the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.engines.recorded.summary import read_summary
from assay.errors import ResponsesError

HEAD = "subject,ifeval.prompt_strict,gsm8k.numeric_match\n"
METRICS = HEAD.strip().split(",")[1:]


def read(folder: Path, text: str) -> dict[str, dict[str, float]]:
    (folder / "scores.csv").write_text(text)
    return read_summary(folder / "scores.csv", ["base", "a"], METRICS)


def test_an_empty_field_is_a_score_that_is_not_known(tmp_path: Path) -> None:
    scores = read(tmp_path, f"{HEAD}base,0.2,\na,1,.5\n")
    assert scores == {
        "base": {"ifeval.prompt_strict": 0.2},
        "a": {"ifeval.prompt_strict": 1.0, "gsm8k.numeric_match": 0.5},
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("base,0.2,NaN\na,0.1,0.2\n", r"scores.csv:2: gsm8k.numeric_match: 'NaN' is not a score from 0 to 1"),
        ("base,0.2,20\na,0.1,0.2\n", r"'20' is not a score"),
        ("base,0.2,0.1\n", r"no row for a"),
        ("base,0.2,0.1\na,0.1,0.2\na,0.1,0.2\n", r"scores.csv:4: 'a' occurs twice"),
        ("base,0.2,0.1\nb,0.1,0.2\n", r"scores.csv:3: 'b' is not a base or adapter"),
        ("base,0.2\na,0.1,0.2\n", r"scores.csv:2: another number of fields"),
        *(
            (f"base,{number},0.1\na,0.1,0.2\n", "is not a score from 0 to 1")
            for number in ("0.1_5", "\uff10.5", "1e999", "-0.1", "0x1")
        ),
    ],
)
def test_a_bad_row_is_refused_by_line(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(ResponsesError, match=message):
        read(tmp_path, HEAD + rows)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("subject,ifeval.prompt_strict,ifeval.prompt_strict\n", "column 'ifeval.prompt_strict' occurs twice"),
        ("subject,ifeval.speed,gsm8k.numeric_match\n", "column 'ifeval.speed' is not a metric"),
        ("name,ifeval.prompt_strict,gsm8k.numeric_match\n", "no column `subject`"),
        ("subject,a,b,c\n", "another number of fields"),
    ],
)
def test_a_bad_header_is_refused(tmp_path: Path, head: str, message: str) -> None:
    with pytest.raises(ResponsesError, match=message):
        read(tmp_path, head + "base,0.2,0.1\na,0.1,0.2\n")
