"""Queries of a reader count and show what the whole run holds."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.engines import Fake
from assay.records import Store, browsing
from assay.runs import Run
from tests.runs.generating import BASE, COUNT, GOOD, answer, generating


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("browsing")
    assay.run(generating(made), made / "run", engine=Fake(answer).preflight)
    return made / "run"


def test_flips_are_where_the_passes_differ(folder: Path) -> None:
    with Run.open(folder) as run:
        scorer = run.tasks["math"].scorer
        expected = [(i, good) for i, (base, good) in enumerate(zip(BASE, GOOD, strict=True)) if base != good]
        assert browsing.flips(run.records, "good", "base", "math", scorer) == expected
        assert browsing.flips(run.records, "good", "nobody", "math", scorer) == []
        assert browsing.flips(run.records, "good", "base", "math", "another") == []


def test_rows_have_both_answers(folder: Path) -> None:
    with Run.open(folder) as run:
        scorer = run.tasks["math"].scorer
        positions = [position for position, _ in browsing.flips(run.records, "good", "base", "math", scorer)][
            :3
        ]
        rows = list(browsing.flip_rows(run.records, "good", "base", "math", scorer, positions))
    assert [row.position for row in rows] == positions
    assert [row.prompt for row in rows] == [f"question {position}" for position in positions]
    assert {row.before.response for row in rows} | {row.after.response for row in rows} == {
        "#### 1",
        "#### 2",
    }
    assert all(row.before.detail["flexible"] != row.after.detail["flexible"] for row in rows)


def test_passes_are_counted_by_key(folder: Path) -> None:
    with Run.open(folder) as run:
        passed = browsing.passed(run.records, "good", "math", run.tasks["math"].scorer)
    assert passed == {str(i): int(right) for i, right in enumerate(GOOD)}


def test_a_run_is_counted_by_name_and_task(folder: Path) -> None:
    with Store.read(folder) as store:
        answered, samples = browsing.answered(store), browsing.samples(store)
        assert browsing.sizes(store) == {"math": COUNT}
        assert browsing.under_way(store) == 0
        assert browsing.instruction_types(store) == ()
        digests = browsing.contents(store)
    assert {name: answered[name, "math"] for name in ("base", "good", "bad")} == dict.fromkeys(
        ("base", "good", "bad"), COUNT
    )
    assert set(samples.values()) == {1}
    assert digests["base", "math"] == digests["good", "math"]


def test_names_have_the_digests_of_their_subjects(folder: Path) -> None:
    with Store.read(folder) as store:
        known = browsing.identities(store)
        assert known["good"]["digest"] == store.subject("good", "math")
        assert known["good"]["content"] == "good owner/good"


def test_the_newest_event_of_some_kinds(folder: Path) -> None:
    with Store.read(folder) as store:
        last = browsing.last_event(store, "started", "generated")
        assert last is not None
        assert last.kind == "generated"
        assert browsing.last_event(store, "failed") is None
        assert last in store.events()


def test_a_claim_block_is_known_by_its_digest(folder: Path) -> None:
    with Store.read(folder) as store:
        block = browsing.claim_block_of(store, store.declared()[-1].sha256)
        assert block is not None
        assert [claim["adapter"] for claim in block["claims"]] == ["good", "bad"]
        assert browsing.claim_block_of(store, "0" * 64) is None
