"""Digests of a run's rows: equal for equal rows, in whatever order they were entered; another for any change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from assay.records import Store
from assay.records.browsing import identity_of
from assay.records.digests import (
    example_content,
    response_content,
    score_content,
    scored,
)
from tests.records.stored import EXAMPLES, completion, enter, unscored


def stored(
    folder: Path, keys: Sequence[str] = "01234", text: str = "x", passed: int = 1
) -> tuple[object, ...]:
    with Store.write(folder) as store:
        enter(store, (completion(key, text) for key in keys))
        rows = unscored(store)
        for _ in store.add_scores("s", ((row, [passed, 1], {}) for row, _, _ in rows)):
            pass
        return response_content(store, "base", "math"), score_content(store, "base", "math", "s")


def test_equal_rows_have_equal_digests_in_whatever_order_they_came(tmp_path: Path) -> None:
    first, second = stored(tmp_path / "a"), stored(tmp_path / "b", "43210")
    assert first == second
    assert [content.rows for content in first] == [5, 5]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "differ"),
    [({"text": "y"}, (True, False)), ({"passed": 0}, (False, True)), ({"keys": "0123"}, (True, True))],
)
def test_another_text_or_score_has_another(
    tmp_path: Path, change: dict[str, object], differ: tuple[bool, bool]
) -> None:
    first, second = stored(tmp_path / "a"), stored(tmp_path / "b", **change)  # type: ignore[arg-type]
    assert tuple(mine != theirs for mine, theirs in zip(first, second, strict=True)) == differ


def test_examples_are_digested_from_the_rows_and_not_as_they_were_noted(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [])
        before = example_content(store, "math")
        (noted,) = store._db.execute("SELECT digest FROM tasks").fetchone()
        assert before == (len(EXAMPLES), noted)
        store._db.execute("UPDATE examples SET prompt = 'other' WHERE key = '1'")
        assert example_content(store, "math") != before


def test_scores_and_identities_are_read_back(tmp_path: Path) -> None:
    stored(tmp_path)
    with Store.read(tmp_path) as store:
        assert list(scored(store, "base", "math", "s").values()) == [[1, 1]] * 5
        assert identity_of(store, "base", "math") == json.loads('{"name": "base"}')
        assert response_content(store, "nobody", "math").rows == 0
        assert not scored(store, "nobody", "math", "s")
        assert not identity_of(store, "nobody", "math")
