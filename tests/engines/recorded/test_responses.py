"""A file of responses is read row by row, or refused by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.engines import Row, Source, read_responses
from assay.engines.recorded import match
from assay.errors import ResponsesError
from tests.engines.recorded.files import EXAMPLES, answers, source


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"key": "0", "response": "a"}\n{"key": "1", "resp', r"r.jsonl:2: not a JSON object .* cut off"),
        (b'{"key": "0", "response": "caf\xe9"}', r"r.jsonl:1: not UTF-8 \(byte 0xe9\)"),
        (b"[1, 2]", r"r.jsonl:1: a JSON object is expected, found int"),
        (b'{"key": "0", "response": "a", "x": NaN}', r"r.jsonl:1: .*NaN is not a JSON number"),
        (b'{"key": "0", "response": "\\ud800"}', r"r.jsonl:1: a lone surrogate"),
        (b"[" * 100_000, r"r.jsonl:1: not a JSON object"),
    ],
)
def test_a_broken_file_is_refused_by_line(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "r.jsonl").write_bytes(data)
    with pytest.raises(ResponsesError, match=message):
        match(Source(tmp_path / "r.jsonl", read_responses), EXAMPLES)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResponsesError, match=r"nothing.jsonl: cannot be read: No such file"):
        match(Source(tmp_path / "nothing.jsonl", read_responses), EXAMPLES)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=3, max_size=3))
def test_any_text_survives_the_file(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("any")
    rows = [{"key": str(i), "response": text} for i, text in enumerate(texts)]
    assert answers(source(folder, rows)) == texts


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "r.jsonl"
    path.write_bytes(data)
    try:
        rows = list(read_responses(path))
    except ResponsesError as refusal:
        assert str(path) in str(refusal)  # noqa: PT017 - either outcome is right
    else:
        assert all(isinstance(row, Row) for row in rows)


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(json.dumps({"key": "0", "response": "a\u2028b"}, ensure_ascii=False))
    assert [row.text for row in read_responses(tmp_path / "r.jsonl")] == ["a\u2028b"]
