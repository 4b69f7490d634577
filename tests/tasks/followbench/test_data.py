"""FollowBench's files become examples or are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.errors import TaskError
from assay.tasks.followbench import FollowBenchJudged, FollowBenchRules
from tests.tasks.followbench.files import folder, group


def test_each_level_but_the_plain_one_is_an_example(tmp_path: Path) -> None:
    judged = FollowBenchJudged().read(folder(tmp_path))
    assert [example.key for example in judged][:6] == [f"content-1-{n}" for n in range(1, 6)] + [
        "situation-1-1"
    ]
    assert judged[1].prompt == "content 1, step 2"
    assert judged[1].data["path"] == [f"content 1, step {n}" for n in range(3)]
    assert [example.key for example in FollowBenchRules().read(tmp_path)] == [
        f"example-1-{n}" for n in range(1, 6)
    ]


def test_one_file_can_be_measured_alone(tmp_path: Path) -> None:
    file = folder(tmp_path) / "style_constraints.json"
    assert {example.data["kind"] for example in FollowBenchJudged().read(file)} == {"style"}
    with pytest.raises(TaskError, match="no rows that a rule decides"):
        FollowBenchRules().read(file)


def spoiled(change: Callable[[list[dict[str, Any]]], object]) -> list[dict[str, Any]]:
    rows = group("content", 1)
    change(rows)
    return rows


BAD: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a level twice": (spoiled(lambda rows: rows.append(dict(rows[3]))), "row 7: group 1 has level 3 already"),
    "a level missing": (spoiled(lambda rows: rows.pop()), r"group 1 has levels \[0, 1, 2, 3, 4\]"),
    "an empty instruction": (spoiled(lambda rows: rows[2].update(instruction=" ")), "row 3: `instruction` is ' '"),
    "a level of a text": (spoiled(lambda rows: rows[2].update(level="2")), "row 3: `level` is '2'"),
    "no source": (spoiled(lambda rows: rows[2].pop("source")), "row 3: `source` is 'None'"),
    "entities that are no list": (group("content", 1, "CONLL2003", target="Bonn"), "group 1, level 1: `target`"),
    "entities that are code": (group("content", 1, "CONLL2003", target="[print()]"), "a list of names"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "message"), BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_judged_is_refused_by_row(
    tmp_path: Path, rows: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(TaskError, match=rf"content_constraints\.json: {message}|{message}"):
        FollowBenchJudged().read(folder(tmp_path, {"content": rows}))


@pytest.mark.parametrize("text", ["", "{}", "[]", "[1]", '[{"level": 1}', "[" * 100_000])
def test_a_file_that_is_no_array_of_objects_is_refused(tmp_path: Path, text: str) -> None:
    (folder(tmp_path) / "style_constraints.json").write_text(text)
    with pytest.raises(TaskError, match=r"style_constraints\.json"):
        FollowBenchJudged().read(tmp_path)


def test_a_folder_that_lacks_a_file_and_a_file_of_another_name_are_refused(tmp_path: Path) -> None:
    (folder(tmp_path) / "style_constraints.json").rename(tmp_path / "mine.json")
    with pytest.raises(TaskError, match=r"no style_constraints\.json there"):
        FollowBenchJudged().read(tmp_path)
    with pytest.raises(TaskError, match="its name tells no kind of constraint"):
        FollowBenchJudged().read(tmp_path / "mine.json")
