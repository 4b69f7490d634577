"""A file of responses is scored against the task's examples: those of a file, or those that it draws itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.demo.synthetic import WorldLists
from assay.errors import AssayError
from assay.scoring.file import score_file
from tests.studies import RIGHT, examples, jsonl

NO_FILE = {"prompts": None, "examples": None}


def answered(folder: Path, limit: int, seed: int) -> Path:
    """The right answers to what the small world draws, but one."""
    rows = [
        {"key": one.key, "response": one.data["answer"] if place else "no"}
        for place, one in enumerate(WorldLists().draw(limit, seed))
    ]
    jsonl(folder / "r.jsonl", rows)
    return folder / "r.jsonl"


def test_a_task_that_draws_its_own_examples_needs_no_file(tmp_path: Path) -> None:
    totals = score_file("world-lists", answered(tmp_path, 300, 0), NO_FILE)
    assert (totals["exact_match"], totals["examples"]) == (299 / 300, 300)


def test_limit_and_seed_of_the_draw_are_those_given(tmp_path: Path) -> None:
    file = answered(tmp_path, 20, 7)
    assert score_file("world-lists", file, NO_FILE, draw=(20, 7))["exact_match"] == 19 / 20
    with pytest.raises(AssayError, match="is not among the task's 20 examples"):
        score_file("world-lists", file, NO_FILE, draw=(20, 8))


def test_a_draw_beside_a_file_or_for_a_task_that_draws_nothing_is_refused(tmp_path: Path) -> None:
    examples(tmp_path, 2)
    jsonl(tmp_path / "r.jsonl", ({"key": str(i), "response": RIGHT} for i in range(2)))
    given = NO_FILE | {"examples": tmp_path / "examples.jsonl"}
    assert score_file("numeric", tmp_path / "r.jsonl", given)["numeric_match"] == 1
    for kind in ("numeric", "world-lists"):
        with pytest.raises(AssayError, match="nothing is drawn; leave out --limit and --seed, or the file"):
            score_file(kind, tmp_path / "r.jsonl", given, draw=(1, 0))
    with pytest.raises(AssayError, match="reads its data from --examples FILE"):
        score_file("numeric", tmp_path / "r.jsonl", NO_FILE, draw=(1, 0))


def test_responses_without_an_answer_after_the_mark_are_counted(tmp_path: Path) -> None:
    data = NO_FILE | {"examples": examples(tmp_path, 4)}
    texts = [f"<think>x</think>{RIGHT}", f"<think>{RIGHT}", "<think>x</think> ", RIGHT]
    file = jsonl(tmp_path / "r.jsonl", ({"key": str(i), "response": text} for i, text in enumerate(texts)))
    totals = score_file("numeric", file, data, after="</think>")
    assert (totals["numeric_match"], totals["without_answer"]) == (0.5, 2)
    assert "without_answer" not in score_file("numeric", file, data)


def test_progress_is_told_response_by_response(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []

    def progress(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:
        assert (note, part, left) == ("", "", "")
        told.append((what, done, total))

    score_file("world-lists", answered(tmp_path, 3, 0), NO_FILE, draw=(3, 0), progress=progress)
    assert told == [("scoring world-lists", done, 3) for done in (1, 2, 3)]


@pytest.mark.parametrize(
    ("kind", "mode", "message"),
    [
        ("gsm", None, "unknown task 'gsm'; choose one of .*ifeval.*, or a file: `./gsm.yaml`"),
        (
            "followbench-judged",
            None,
            "needs a judge; put it into a study that names one, `judge: {model: ...}`",
        ),
        ("ifeval", "strict", "task 'ifeval' has no mode 'strict'; choose one of reference, fixed"),
    ],
)
def test_a_task_that_cannot_score_a_file_is_refused_with_the_fix(
    tmp_path: Path, kind: str, mode: str | None, message: str
) -> None:
    with pytest.raises(AssayError, match=message):
        score_file(kind, tmp_path / "r.jsonl", NO_FILE, mode=mode)


def test_a_line_of_detail_for_each_response_is_written(tmp_path: Path) -> None:
    score_file("world-lists", answered(tmp_path, 3, 0), NO_FILE, draw=(3, 0), out=tmp_path / "scores.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert len({row["key"] for row in rows}) == 3


def test_a_file_that_names_clusters_gives_reliable_at_k(tmp_path: Path) -> None:
    passes = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (1,)]
    clusters = [name for name, wordings in enumerate(passes) for _ in wordings]
    answers = [RIGHT if passed else "no" for wordings in passes for passed in wordings]
    rows = (
        {"key": str(i), "question": f"q {i}", "answer": "1", "cluster": c} for i, c in enumerate(clusters)
    )
    given = NO_FILE | {"examples": jsonl(tmp_path / "e.jsonl", rows)}
    file = jsonl(tmp_path / "r.jsonl", ({"key": str(i), "response": r} for i, r in enumerate(answers)))
    totals = score_file("numeric", file, given)
    assert {name: rate for name, rate in totals.items() if "@" in name} == {
        "reliable@2": 2 / 3,
        "reliable@3": 1 / 3,
    }
