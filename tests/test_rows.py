"""Rows of data files: the same rows whatever form, encoding or compression, or an error that names file and line."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.errors import ResponsesError, TaskError
from assay.rows import Fields, read_csv, read_rows

ROWS: list[dict[str, Any]] = [
    {"key": "0", "response": "a\u2028b, \u00e9"},
    {"key": "1", "response": 'two\nlines and "quotes"'},
]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
ARRAY = json.dumps(ROWS, ensure_ascii=False, indent=2)
CSV = 'key,response\n0,"a\u2028b, \u00e9"\n1,"two\nlines and ""quotes"""\n'


def read(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_rows(path, ResponsesError)]


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    ("name", "text"), [("r.jsonl", LINES), ("r.json", ARRAY), ("r.csv", CSV), ("r", LINES), ("r", ARRAY)]
)
def test_any_form_encoding_and_compression_gives_the_same_rows(
    name: str, text: str, encoding: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / (name if compress is bytes else f"{name}.gz")
    path.write_bytes(compress(text.encode(encoding)))
    assert read(path) == ROWS


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_of_either_byte_order_is_read_by_its_mark(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_bytes(("\ufeff" + LINES.replace("\n", "\r\n")).encode(encoding))
    assert read(tmp_path / "r.jsonl") == ROWS


def test_parquet_is_read_whatever_its_name_and_its_rows_are_numbered(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame(ROWS, index=[7, 8]).to_parquet(tmp_path / "r")
    found = list(read_rows(tmp_path / "r", ResponsesError))
    assert [number for number, _ in found] == [1, 2]
    assert [{name: row[name] for name in ("key", "response")} for _, row in found] == ROWS


def test_csv_as_pandas_writes_it_with_its_index_and_missing_values_is_read(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    rows = [
        {"key": "0", "response": "x", "sample": 0, "score": 0.5},
        {"key": "1", "response": None, "sample": 1},
    ]
    pandas.DataFrame(rows).to_csv(tmp_path / "r.csv")
    first, second = read(tmp_path / "r.csv")
    assert (first["key"], first["response"], first["score"]) == ("0", "x", "0.5")
    assert (second["response"], second["score"]) == (None, None)


@pytest.mark.parametrize(("name", "mark"), [("r.csv", ";"), ("r.tsv", "\t"), ("r.csv", ",")])
def test_csv_with_another_delimiter_is_read(name: str, mark: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(f"key{mark}response\n1{mark}a\n")
    assert read(tmp_path / name) == [{"key": "1", "response": "a"}]


@pytest.mark.parametrize("header", ['"key, the id";response', 'key;"a, b, ""c"", or\n, d, e"', 'key;5" wide'])
def test_a_delimiter_in_quotes_is_text(header: str, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(f"{header}\n1;a\n")
    (row,) = read(tmp_path / "r.csv")
    assert list(row.values()) == ["1", "a"]


def test_a_row_is_placed_by_the_line_it_begins_on(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('\n[\n {"a":\n 1},\n\n {"a": 2} , {"a": 3}]\n')
    assert [line for line, _ in read_rows(tmp_path / "r.json", ResponsesError)] == [3, 6, 6]
    (tmp_path / "r.jsonl").write_text('\n{"a": 1}\n\n{"a": 2}\n')
    assert [line for line, _ in read_rows(tmp_path / "r.jsonl", ResponsesError)] == [2, 4]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.jsonl", b'{"a": 1}\n{"a": ', r"r.jsonl:2: not a JSON object \(Expecting value, .*may be cut off"),
        ("r.jsonl", b'{"a": 1}\n3\n', "r.jsonl:2: a JSON object is expected, found int"),
        ("r.jsonl", b'{"a": 1, "a": 2}', "r.jsonl:1: .*one key occurs twice"),
        ("r.jsonl", b'{"a": NaN}', "r.jsonl:1: .*NaN is not a JSON number"),
        ("r.jsonl", b'{"a": "\\ud800"}', "r.jsonl:1: a lone surrogate"),
        ("r.jsonl", b"[" * 10_000, "r.jsonl:1: not a JSON object"),
        ("r.json", b'[{"a": 1},\n', "r.json:2: .*may be cut off"),
        ("r.json", b'[{"a": 1}\n{"a": 2}]', "r.json:2: `,` or `]` is expected"),
        ("r.json", b'[{"a": 1}]\nx', "r.json:1: more text follows"),
        ("r.json", b"[3]", "r.json:1: a JSON object is expected, found int"),
        ("r.json", b'[{"a": "\\ud800"}]', "r.json:1: a lone surrogate"),
        ("r.csv", b"a,b\n1\n", "r.csv:2: another number of fields"),
        ("r.csv", b'a,b\n1,"cut', "r.csv:[12]: not CSV"),
        ("r.csv", b'"a"b,c\n', "r.csv:1: not CSV"),
        ("r.csv", b"a,a\n", "r.csv:1: column 'a' occurs twice"),
        ("r.jsonl", b'{"a": 1}\n{"a": "\xe9"}', r"r.jsonl:2: not UTF-8 \(byte 0xe9\); .*iconv -f latin1"),
        ("r.jsonl", LINES.encode("utf-16")[:-1], "not UTF-16 .*cut off"),
        ("r.jsonl.gz", gzip.compress(LINES.encode(), mtime=0)[:-4], "not a whole gzip file"),
        ("r.parquet", b"PAR1 and no more", "r.parquet: not a whole Parquet file"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    if name == "r.parquet":
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ResponsesError, match=message):
        read(tmp_path / name)


def test_csv_given_up_half_way_leaves_the_limit_of_the_process_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("key,response\na,1\nb,2\n")
    before = csv.field_size_limit()
    half_read = read_csv(tmp_path / "r.csv", ResponsesError)
    next(half_read)
    assert csv.field_size_limit() == before


def test_fields_are_read_by_type() -> None:
    row = Fields({"t": "x", "k": 3.0, "n": "2", "o": {"t": "y"}, "none": None}, "r:1", TaskError)
    assert (row.text("t"), row.key("k"), row.count("n"), row.object("o").text("t")) == ("x", "3", 2, "y")
    assert (row.optional("none"), row.key("missing"), row.count("none")) == (None, None, 0)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda row: row.text("none"), "r:1: `none` must be text, found NoneType"),
        (lambda row: row.text("missing"), "r:1: `missing` must be text, found nothing"),
        (lambda row: row.optional("n"), "r:1: `n` must be text or null, found int"),
        (lambda row: row.key("yes"), "r:1: `yes` must be text or an integer, found bool"),
        (lambda row: row.count("half"), r"r:1: `half` must be 0, 1, ..., found 0.5"),
        (lambda row: row.count("minus"), "r:1: `minus` must be 0, 1, ..., found -1"),
        (lambda row: row.object("n"), "r:1: `n` must be an object, found int"),
    ],
)
def test_a_field_of_another_type_is_refused(read: Callable[[Fields], object], message: str) -> None:
    row = Fields({"n": 3, "yes": True, "half": 0.5, "minus": -1, "none": None}, "r:1", TaskError)
    with pytest.raises(TaskError, match=message):
        read(row)


def test_a_first_line_of_many_quoted_names_is_read_in_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(",".join(f'"{number}"' for number in range(100_000)) + "\n" + "1," * 99_999 + "1\n")
    (row,) = read(path)
    assert len(row) == 100_000
