"""A data file becomes examples, or is refused with file, line, field, what was found there and the fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.errors import TaskError
from assay.tasks import Example
from assay.tasks.data_file import Row, read_examples
from tests.studies import jsonl


def read(folder: Path, *rows: dict[str, Any], **options: Any) -> tuple[Example, ...]:
    jsonl(folder / "rows.jsonl", rows)
    return read_examples(
        folder / "rows.jsonl", lambda row: Example(row.key("key", "ID"), row.text("question")), **options
    )


def test_a_key_is_a_field_or_the_position(tmp_path: Path) -> None:
    rows = ({"question": "a"}, {"question": "b", "ID": 7}, {"question": "c", "key": "x", "ID": 8})
    assert [example.key for example in read(tmp_path, *rows)] == ["0", "7", "x"]


def test_a_row_may_name_its_cluster(tmp_path: Path) -> None:
    rows = ({"question": "a", "cluster": 3}, {"question": "b", "cluster": "three"})
    assert [example.data for example in read(tmp_path, *rows)] == [{"cluster": "3"}, {"cluster": "three"}]


@pytest.mark.parametrize(
    ("rows", "message", "fix"),
    [
        ([{"question": "a", "key": True}], "`key` is True", "write a text or a whole number"),
        ([{"question": " "}], "`question` is ' '", "write the text of the question"),
        ([{"answer": 1}], "`question` is missing (found: answer)", "write the text of the question"),
        ([{"question": "a", "key": 1}, {"question": "b", "key": "1"}], "the same key as on line 1 ('1')", "keep one"),
        ([{"question": "a", "cluster": True}], "`cluster` is True", "write a text or a whole number"),
        ([{"question": "a", "cluster": 1}, {"question": "b"}], "`cluster` is in some rows and not in others", "give each row one"),
        ([], "no examples", "one JSON object a line is expected"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_judged_is_refused(
    tmp_path: Path, rows: list[dict[str, Any]], message: str, fix: str
) -> None:
    with pytest.raises(TaskError) as refused:
        read(tmp_path, *rows)
    assert refused.value.message == message
    assert refused.value.fix.startswith(fix)
    line = f":{len(rows)}" if rows else ""
    assert str(refused.value.place) == f"{tmp_path / 'rows.jsonl'}{line}"


def test_prompts_are_compared_where_they_have_to_differ(tmp_path: Path) -> None:
    rows = ({"question": "a"}, {"question": "a"})
    assert len(read(tmp_path, *rows)) == 2
    with pytest.raises(TaskError, match=r"the same prompt as on line 1 \('a'\)"):
        read(tmp_path, *rows, distinct_prompts=True)


def test_a_key_may_be_required() -> None:
    with pytest.raises(TaskError, match=r"x:3: `key` is missing \(found: nothing\)"):
        Row({}, "x:3").key(required=True)


def test_a_message_about_names_without_end_is_short(tmp_path: Path) -> None:
    row = {"n" * 50_000: 1, **{f"field{number}": 1 for number in range(5000)}}
    with pytest.raises(TaskError, match=r"and 4993 more") as caught:
        read(tmp_path, row)
    assert len(str(caught.value)) < 1000
