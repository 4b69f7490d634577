"""Tokens of generations under way: kept with the records, read by content alone, deleted with the entry of their record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from assay.engines import Completion, Partial, Prompt
from assay.errors import RunError
from assay.records import Store, schema
from tests.records.stored import EXAMPLES, completion, enter

PROMPTS = [completion(example.key, "").prompt for example in EXAMPLES]
MILLION = 1_000_000


def append(store: Store, items: Iterable[Completion | Partial]) -> None:
    for _ in store.append(items):
        pass


def rows(folder: Path) -> int:
    """Rows of the table, whatever they are bound to."""
    with sqlite3.connect(folder / "records.sqlite") as db:
        (count,) = db.execute("SELECT count(*) FROM partial_rows").fetchone()
    db.close()
    return int(count)


def test_the_last_tokens_of_each_generation_are_kept_by_prompt(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [])
        append(store, [Partial({PROMPTS[0]: [5], PROMPTS[1]: [MILLION]}), Partial({PROMPTS[0]: [5, 0, 7]})])
    with Store.write(tmp_path) as store:
        assert store.partial(PROMPTS) == {PROMPTS[0]: [5, 0, 7], PROMPTS[1]: [MILLION]}
        assert store.partial(PROMPTS[1:2]) == {PROMPTS[1]: [MILLION]}
        assert store.count() == 0


def test_samples_and_requests_of_an_example_are_rows_of_their_own(tmp_path: Path) -> None:
    several = [
        Prompt("base", "math", "0", "prompt 0", sample=sample, request=request)
        for sample in range(2)
        for request in range(2)
    ]
    held = {prompt: [number] for number, prompt in enumerate(several)}
    with Store.write(tmp_path) as store:
        enter(store, [])
        append(store, [Partial(held)])
        assert store.partial(several) == held
        append(store, [Completion(several[2], "done")])
        assert store.partial(several) == {prompt: held[prompt] for prompt in several if prompt != several[2]}


def test_a_row_goes_with_the_transaction_that_enters_its_record(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [])
        append(store, [Partial({PROMPTS[0]: [1, 2]})])
        with sqlite3.connect(tmp_path / "records.sqlite") as db:
            db.execute(
                "CREATE TRIGGER halt BEFORE DELETE ON partial_rows BEGIN SELECT raise(ABORT, 'halt'); END"
            )
        db.close()
        with pytest.raises(sqlite3.IntegrityError, match="halt"):
            append(store, [completion("0", "done")])
        assert (store.count(), store.partial(PROMPTS)) == (0, {PROMPTS[0]: [1, 2]})
        with sqlite3.connect(tmp_path / "records.sqlite") as db:
            db.execute("DROP TRIGGER halt")
        db.close()
        append(store, [completion("0", "done")])
        assert (store.count(), rows(tmp_path)) == (1, 0)


def test_what_comes_after_a_record_is_not_kept(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [completion("0", "done")])
        append(store, [Partial({PROMPTS[0]: [1, 2], PROMPTS[1]: [3]})])
        assert store.partial(PROMPTS) == {PROMPTS[1]: [3]}


@pytest.mark.parametrize(
    ("identity", "protocol"),
    [
        ({"name": "base", "tokenizer": "other"}, {"decoding": {}}),
        ({"name": "base"}, {"decoding": {"max_tokens": 9}}),
    ],
    ids=["identity", "protocol"],
)
def test_rows_of_other_content_are_not_read_and_then_discarded(
    identity: dict[str, Any], protocol: dict[str, Any], tmp_path: Path
) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [])
        append(store, [Partial({PROMPTS[0]: [1, 2]})])
        store.bind("base", "math", identity, protocol)
        assert store.partial(PROMPTS) == {}
        store.bind("base", "math", {"name": "base"}, {"decoding": {}})
        assert store.partial(PROMPTS) == {PROMPTS[0]: [1, 2]}
        store.bind("base", "math", identity, protocol)
        store.discard_partial()
        assert rows(tmp_path) == 0


def test_rows_of_the_names_that_are_bound_are_not_discarded(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [])
        append(store, [Partial({PROMPTS[0]: [1, 2]})])
        store.discard_partial()
        assert store.partial(PROMPTS) == {PROMPTS[0]: [1, 2]}


def test_a_row_of_a_name_that_is_not_bound_is_refused(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [])
        with pytest.raises(RunError, match="'other' was not bound"):
            append(store, [Partial({Prompt("other", "math", "0", "prompt 0"): [1]})])


def test_a_run_of_an_older_layout_takes_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = next(i for i, step in enumerate(schema.STEPS) if isinstance(step, str) and "partial_rows" in step)
    with monkeypatch.context() as older:
        older.setattr(schema, "STEPS", schema.STEPS[:step])
        with Store.write(tmp_path):
            pass
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        rows(tmp_path)
    with Store.write(tmp_path) as store:
        enter(store, [])
        append(store, [Partial({PROMPTS[0]: [1, 2]})])
        assert store.partial(PROMPTS) == {PROMPTS[0]: [1, 2]}
