"""Runs go in, pages come out; of each claim the newest verdict is current."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sized
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa

from assay.errors import AssayError, RunError
from assay.registry.index import DEFAULT, Filter, Registry, enter, place_of
from tests.registry.generated import DAY, NOW, rows, run, verdict
from tests.studies import edit


def names(registry: Registry, **fields: object) -> list[str]:
    return [row["adapter"] for row in registry.page(Filter(**fields), now=NOW).rows]  # type: ignore[arg-type]


def put(registry: Registry, *runs: object) -> None:
    for rows_of_run in runs:
        with registry.database.writing() as connection:
            enter(connection, rows_of_run)  # type: ignore[arg-type]


def test_a_complete_run_is_entered_with_its_verdicts_and_digests(registry: Registry, done: Path) -> None:
    assert registry.add(done) == 1
    (row,) = registry.page(Filter()).rows
    assert (row["adapter"], row["base"], row["label"], row["verdict"]) == (
        "a",
        "base",
        "numeric",
        "confirmed",
    )
    assert (row["study"], row["folder"], row["engine"], row["weights_sha256"]) == (
        "small",
        str(done),
        "recorded",
        "",
    )
    assert row["low"] < row["gain"] < row["high"]
    assert len(row["evidence_sha256"]) == len(row["prompts_sha256"]) == len(row["adapter_sha256"]) == 64
    assert (row["gate"], row["stale"], row["p_fails"]) == ("pass", False, 1.0)
    assert row["p_holds"] < 1e-3
    assert registry.line().sentence.startswith("Of 1 current claim, at least 0 fail and at least 1 holds")


def test_a_run_that_is_entered_again_replaces_itself(registry: Registry, done: Path) -> None:
    registry.add(done)
    registry.add(done)
    moved = done.rename(done.with_name("moved"))
    registry.add(moved)
    (row,) = registry.page(Filter(history=True)).rows
    assert row["folder"] == str(moved)


def test_the_evidence_digest_is_that_of_the_exported_file(
    registry: Registry, done: Path, tmp_path: Path
) -> None:
    import hashlib

    from assay.interop.exporters.export import export_run

    registry.add(done)
    (file,) = export_run(done, "evidence", tmp_path / "evidence").files or ()
    (row,) = registry.page(Filter()).rows
    assert row["evidence_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_run_that_was_edited_since_it_was_decided_is_refused(registry: Registry, done: Path) -> None:
    edit(done / "study.yaml", lambda document: document.update(margin=0.2))
    with pytest.raises(RunError, match="its claims were changed"):
        registry.add(done)
    assert registry.page(Filter()).total == 0


def test_the_line_follows_a_run_that_is_entered_again(registry: Registry) -> None:
    put(registry, run("first", verdict(p_holds=1e-9)))
    assert registry.line().holds == 1
    again = run("first", verdict(verdict="no gain", p_fails=1e-9))  # decided again, with another margin
    put(registry, replace(again, run={**again.run, "added": NOW + 1}))
    assert (registry.line().holds, registry.line().fails) == (0, 1)


def test_a_run_is_entered_into_a_history_of_any_length(registry: Registry) -> None:
    """Databases limit the number of values in a statement, to 32,766 in SQLite."""
    put(registry, *(run(f"night {night}", verdict(measured=NOW + night)) for night in range(120)))
    values: list[int] = []

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def counted(_: object, __: object, statement: str, given: Sized, *___: object) -> None:
        values.append(len(given) if statement.startswith("UPDATE") else 0)

    try:
        put(registry, run("the last", verdict(measured=NOW + DAY)))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", counted)
    assert 0 < max(values) < 10
    assert [row["measured"] for row in registry.page(Filter(), now=NOW).rows] == [NOW + DAY]


def test_the_newest_verdict_of_a_claim_is_current_in_whatever_order_they_come(registry: Registry) -> None:
    old = run("old", verdict(verdict="harmed", measured=NOW - DAY))
    new = run("new", verdict(verdict="confirmed", measured=NOW))
    put(registry, new, old)
    assert [row["verdict"] for row in registry.page(Filter()).rows] == ["confirmed"]
    assert [row["verdict"] for row in registry.page(Filter(history=True)).rows] == ["confirmed", "harmed"]
    put(registry, run("new", verdict(adapter="other")))  # decided again, without that claim
    assert {row["adapter"]: row["verdict"] for row in registry.page(Filter()).rows} == {
        "a": "harmed",
        "other": "confirmed",
    }


def test_filters_choose_by_label_base_verdict_name_and_staleness(registry: Registry) -> None:
    put(
        registry,
        run(
            "one",
            verdict(adapter="sums", label="numeric"),
            verdict(adapter="Helper_1", label="instruction", base="big", verdict="no gain"),
            verdict(adapter="old", measured=NOW - 91 * DAY),
            verdict(adapter="ruled", rule=1),
        ),
    )
    assert names(registry, label="instruction") == ["Helper_1"]
    assert names(registry, base="big") == ["Helper_1"]
    assert names(registry, verdict="no gain") == ["Helper_1"]
    assert names(registry, adapter="HELPER_") == ["Helper_1"]
    assert names(registry, adapter="%") == []
    assert set(names(registry, freshness="stale")) == {"old", "ruled"}
    assert set(names(registry, freshness="stale", max_age=100.0)) == {"ruled"}
    assert set(names(registry, freshness="fresh")) == {"sums", "Helper_1"}
    assert registry.stale(now=NOW) == 2
    assert registry.facets().label == {"instruction": 1, "numeric": 3}
    assert registry.facets().verdict == {"confirmed": 3, "no gain": 1}


def test_a_page_is_a_part_of_what_matches(registry: Registry) -> None:
    put(registry, run("one", *(verdict(adapter=f"a{i}", measured=NOW + i) for i in range(25))))
    page = registry.page(Filter(), start=20, rows=10, now=NOW)
    assert page.total == 25
    assert [row["adapter"] for row in page.rows] == ["a4", "a3", "a2", "a1", "a0"]


def test_controls_are_in_no_count_of_the_line(registry: Registry) -> None:
    put(registry, run("one", verdict(p_holds=1e-6), verdict(adapter="known", control=True, p_holds=1e-9)))
    assert (registry.line().claims, registry.line().holds) == (1, 1)
    put(registry, run("two", verdict(adapter="b", p_fails=1e-6)))
    assert (registry.line().claims, registry.line().fails) == (2, 1)


def test_several_writers_enter_every_run_once(place: str) -> None:
    with Registry.open(place, write=True):
        pass

    def write() -> None:
        with Registry.open(place, write=True) as registry:
            put(registry, *(run(f"run{number}", verdict(measured=NOW + number)) for number in range(10)))

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Registry.open(place) as registry:
        assert registry.page(Filter(history=True)).total == 10
        assert [row["study"] for row in registry.page(Filter()).rows] == ["run9"]


@pytest.mark.slow
def test_a_thousand_runs_of_thirty_adapters_are_filtered_in_no_time(registry: Registry) -> None:
    put(registry, *rows(1000, 30))
    chosen = [
        Filter(),
        Filter(label="code"),
        Filter(base="base-3"),
        Filter(verdict="no gain"),
        Filter(adapter="team77"),
        Filter(freshness="stale"),
    ]
    for filters in chosen:
        registry.page(filters, now=NOW)
    tracemalloc.start()
    slowest = 0.0
    for filters in chosen:
        began = time.process_time()
        page = registry.page(filters, now=NOW)
        slowest = max(slowest, time.process_time() - began)
        assert page.total > 0
        assert len(page.rows) == 100
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert slowest < 0.1 * 10, slowest  # traced, and on a busy machine
    assert peak < 20e6


def test_a_missing_registry_is_refused_for_reading(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no registry here"), Registry.open(str(tmp_path / "no.sqlite")):
        pass
    assert not (tmp_path / "no.sqlite").exists()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("mysql://somewhere/x", "mysql"),
        ("://", "not the address of a database"),
        ("postgresql://assay:secret@127.0.0.1:1/x", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(place: str, message: str) -> None:
    with pytest.raises(AssayError, match=message) as refusal, Registry.open(place, write=True):
        pass
    assert "secret" not in str(refusal.value)


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").write_text(
        "my notes, which are no database at all, but a text of some length"
    )
    with (
        pytest.raises(RunError, match="cannot be used"),
        Registry.open(str(tmp_path / "notes.sqlite"), write=True),
    ):
        pass


def test_the_place_is_as_given_or_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_REGISTRY", raising=False)
    assert place_of(None) == DEFAULT
    monkeypatch.setenv("ASSAY_REGISTRY", "postgresql://host/team")
    assert place_of(None) == "postgresql://host/team"
    assert place_of("mine.sqlite") == "mine.sqlite"
