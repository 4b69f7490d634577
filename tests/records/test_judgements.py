"""A judge's answers are kept once a question, and an older run's file of them is moved into its records."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assay.errors import RunError
from assay.records import Judgement, Store
from assay.records.judgements import LEDGER
from assay.records.schema import STEPS

JUDGE = {"model": "m", "endpoint": "chat completions"}


def row(question: str, *answers: str, **more: Any) -> str:
    """A line of the file that older runs have."""
    fields = {"judge": JUDGE, "question": question, "answers": list(answers), "refused": "", "model": "m-1"}
    return json.dumps(fields | {"at": "2026-01-01T00:00:00+00:00", "question_sha256": "..."} | more)


def older_run(folder: Path, *lines: str, end: str = "\n") -> Path:
    """A run of the first layout, with a file of judgements beside its records."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "records.sqlite")) as db:
        db.executescript(f"{STEPS[0]} PRAGMA user_version = 1;")
    (folder / LEDGER).write_text("\n".join(lines) + end)
    return folder


def test_a_later_answer_replaces_an_earlier_one(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        for answer in ("first", "second"):
            store.judgements.add(Judgement(JUDGE, "q", (answer,)))
    with Store.read(tmp_path) as store:
        found = store.judgements.get(JUDGE, "q")
        assert found is not None
        assert (found.answer, found.at != "") == ("second", True)
        assert store.judgements.get({"model": "other"}, "q") is None
        assert len(list(store.judgements)) == 1


def test_the_answers_beside_an_older_runs_records_are_moved_into_them(tmp_path: Path) -> None:
    run = older_run(tmp_path / "run", row("q", "no"), row("p", refused="too long"), row("q", "?", "yes"))
    with Store.write(run) as store:
        found = store.judgements.get(JUDGE, "q")
        assert found == Judgement(JUDGE, "q", ("?", "yes"), "", "m-1", "2026-01-01T00:00:00+00:00")
        assert [one.refused for one in store.judgements if one.question == "p"] == ["too long"]
    assert [path.name for path in run.glob("judged*")] == []
    with Store.read(run) as store:
        assert len(list(store.judgements)) == 2


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    run = older_run(tmp_path / "run", row("q", "yes"), row("p", "no")[:-9], end="")
    with Store.write(run) as store:
        assert [one.question for one in store.judgements] == ["q"]


@pytest.mark.parametrize(
    "line", ["{}", '{"judge": {}, "question": "q", "answers": [1]}', "no JSON", '{"judge": 1}', "[]"]
)
def test_a_file_that_holds_something_else_is_refused_by_line_and_left(tmp_path: Path, line: str) -> None:
    run = older_run(tmp_path / "run", row("q", "yes"), line)
    with pytest.raises(RunError, match=r"judged\.jsonl:2: no question"), Store.write(run):
        pass
    assert (run / LEDGER).is_file()


def test_an_older_run_is_read_without_being_written_to(tmp_path: Path) -> None:
    run = older_run(tmp_path / "run", row("q", "yes"))
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with Store.read(run) as store:
        assert store.count() == 0
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
