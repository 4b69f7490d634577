"""The identity of a custom task's scores is that of its check."""

from __future__ import annotations

from pathlib import Path

from assay.tasks.custom import read_task
from tests.tasks.custom.files import task_file


def test_scores_have_another_identity_once_the_check_changes(tmp_path: Path) -> None:
    seen = set()
    for check in ("exact", {"exact": {"ignore": "case"}}, {"regex": "a"}, {"regex": "b"}, "numeric"):
        seen.add(read_task(task_file(tmp_path, check))().scorer)
    for code in ("def judge(e, r): return True\n", "def judge(e, r): return False\n"):
        (tmp_path / "check.py").write_text(code)
        seen.add(read_task(task_file(tmp_path, {"python": "check.py:judge"}))().scorer)
    for schema in ("{}", '{"type": "object"}'):
        (tmp_path / "s.json").write_text(schema)
        seen.add(read_task(task_file(tmp_path, {"json_schema": "s.json"}))().scorer)
    assert len(seen) == 9


def test_scores_keep_their_identity_where_only_the_words_around_change(tmp_path: Path) -> None:
    first = read_task(task_file(tmp_path, "exact"))().scorer
    assert read_task(task_file(tmp_path, {"exact": {}}, max_tokens=5, capability="x"))().scorer == first


def test_reading_a_task_runs_none_of_its_code(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text("raise SystemExit('ran')\n")
    assert read_task(task_file(tmp_path, {"python": "check.py:judge"}))().scorer.startswith("own/1/")
