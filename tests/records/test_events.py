"""Events only grow, and a manifest is their fold; what an older run kept by name amounts to the same."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import RunError
from assay.plan import Problem
from assay.records import Event, Manifest, Refusal, Schedule, Store
from assay.records.events import events_of_facts, fold
from assay.records.schema import STEPS
from assay.stats import Verdict

STARTED: dict[str, object] = {
    "study": "s",
    "responses_sha256": "x",
    "source": "generated",
    "summary": {},
    "warnings": ["w"],
    "problems": [["error", "a", "no weights"], ["note", "b", "own template"]],
}
FACTS = {
    "study": "s",
    "measured": "x",
    "complete": True,
    "responses_complete": True,
    "responses_came_first": False,
    "summary": {},
    "warnings": ["w"],
    "problems": [["error", "a", "no weights"], ["note", "b", "own template"]],
    "absent": {"a": ["not measured", "no weights"], "c": ["not applied", "it changes nothing"]},
    "liveness": {"id": {"adapter": "c", "reason": "it changes nothing", "verdict": "not applied"}},
    "early": {
        "design": "group", "first": 64, "every": 32,
        "orders": {"math": [1, 0, 2]}, "looks": {"math abc": [1, 3]},
    },
    "provenance": {"content": [{"torch": "1"}, {"torch": "2"}]},
    "scored by numeric/1/reference": [{"nltk": "3"}],
    "unjudged": {"math": {"scorer": "j", "reason": "no judge"}},
    "policy": "p",
}  # fmt: skip


def events(*made: tuple[str, Mapping[str, object]]) -> list[Event]:
    return [Event(number, "", kind, data) for number, (kind, data) in enumerate(made, 1)]  # type: ignore[arg-type]


def test_a_start_refuses_adapters_with_errors_and_forgets_how_the_last_one_ended() -> None:
    before = fold(
        events(("started", STARTED), ("refused", {"adapter": "b", "verdict": "not applied", "reason": "r"}))
    )
    assert before.refused["b"] == Refusal(Verdict.NOT_APPLIED, "r")
    after = fold(events(("generated", {}), ("failed", {"error": "disk"}), ("started", STARTED)), before)
    assert after.refused == {"a": Refusal(Verdict.NOT_MEASURED, "no weights")}
    assert (after.generated, after.analyzed, after.ended, after.error) == (False, False, None, "")
    assert after.problems == (Problem("a", "error", "no weights"), Problem("b", "note", "own template"))


def test_looks_are_kept_by_cell_in_rising_order_under_a_new_schedule_too() -> None:
    schedule = {"design": "group", "first": 2, "every": 1, "orders": {"math": [0, 1]}}
    looks = [("look", {"cell": "math x", "n": n}) for n in (2, 1, 2)]
    known = fold(events(("schedule", schedule), *looks, ("schedule", {**schedule, "design": "betting"})))
    assert known.schedule == Schedule("betting", 2, 1, {"math": [0, 1]}, {"math x": [1, 2]})


def test_versions_are_kept_once_each() -> None:
    made = [("provenance", {"content": "c", "versions": {"torch": number}}) for number in ("1", "2", "1")]
    assert fold(events(*made)).provenance == {"c": ({"torch": "1"}, {"torch": "2"})}


@given(st.text(min_size=1, max_size=12))
def test_events_of_an_unknown_kind_change_nothing(kind: str) -> None:
    known = fold(events(("started", STARTED)))
    if kind not in {"plan", "started"}:
        assert fold(events((f"x-{kind}", {})), known) == known


def test_what_an_older_run_kept_by_name_becomes_the_same_manifest() -> None:
    facts = {name: json.dumps(value) for name, value in FACTS.items()}
    known = fold(events(*events_of_facts(facts)))
    assert known == Manifest(
        study="s",
        responses_sha256="x",
        source="generated",
        warnings=("w",),
        problems=(Problem("a", "error", "no weights"), Problem("b", "note", "own template")),
        refused={
            "a": Refusal(Verdict.NOT_MEASURED, "no weights"),
            "c": Refusal(Verdict.NOT_APPLIED, "it changes nothing"),
        },
        liveness=FACTS["liveness"],  # type: ignore[arg-type]
        schedule=Schedule("group", 64, 32, {"math": [1, 0, 2]}, {"math abc": [1, 3]}),
        provenance={"content": ({"torch": "1"}, {"torch": "2"})},
        verifiers={"numeric/1/reference": ({"nltk": "3"},)},
        judge={"math": {"scorer": "j", "reason": "no judge"}},
        generated=True,
        analyzed=True,
        policy_sha256="p",
    )


def old_run(folder: Path) -> Path:
    """A run in layout 1, which kept facts by name."""
    path = folder / "records.sqlite"
    with sqlite3.connect(path) as db:
        assert isinstance(STEPS[0], str)
        db.executescript(STEPS[0])
        db.executemany(
            "INSERT INTO facts VALUES (?, ?)", [(name, json.dumps(value)) for name, value in FACTS.items()]
        )
        db.execute("PRAGMA user_version = 1")
    db.close()
    return path


def test_an_older_run_is_read_as_it_is_and_migrated_when_it_is_written(tmp_path: Path) -> None:
    path = old_run(tmp_path)
    before = path.read_bytes()
    with Store.read(tmp_path) as store:
        read = store.manifest
    assert path.read_bytes() == before
    with Store.write(tmp_path) as store:
        assert store.manifest == read
        store.note("generated")
        assert [event.kind for event in store.events()][-1] == "generated"
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'facts'").fetchone() == (0,)
    db.close()


def test_a_second_process_follows_events_from_where_it_was(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        store.note("stopped")
        (first,) = store.events()
        store.note("failed", error="disk")
        assert [(event.kind, dict(event.data)) for event in store.events(first.id)] == [
            ("failed", {"error": "disk"})
        ]
        assert store.manifest.error == "disk"


def test_a_run_of_a_newer_assay_is_not_read(tmp_path: Path) -> None:
    with Store.write(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "records.sqlite") as db:
        db.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    db.close()
    with pytest.raises(RunError, match=f"layout {len(STEPS) + 1}.*pip install -U"), Store.read(tmp_path):
        pass
