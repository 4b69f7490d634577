"""What a custom task sends, and the identity of its scores, which is that of its check."""

from __future__ import annotations

from pathlib import Path

from assay.tasks.custom import read_task
from tests.studies import jsonl
from tests.tasks.custom.files import VALID, custom, read, task_file


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


def test_two_files_make_two_tasks(tmp_path: Path) -> None:
    first = read(tmp_path, VALID)
    second = read(tmp_path, "capability: law\nprompts: x.jsonl\ncheck: exact\n")
    assert (first.capability, second.capability) == ("support", "law")
    assert (first.form.max_tokens, second.form.max_tokens) == (64, 1024)


def test_a_prompt_is_sent_alone_or_in_the_words_of_the_file(tmp_path: Path) -> None:
    task = read(tmp_path, VALID)()
    jsonl(tmp_path / "one.jsonl", [{"prompt": "3 + 3", "answer": "6"}])
    (example,) = task.read(tmp_path / "one.jsonl")
    assert task.prompt(example, chat=True, shots=0) == "3 + 3"
    assert task.prompt(example, chat=False, shots=2) == "Q: 1 + 1\nA: 2\n\nQ: 2 + 2\nA: 4\n\nQ: 3 + 3\nA:"


def test_braces_in_a_prompt_stay(tmp_path: Path) -> None:
    task, example = custom(tmp_path, "exact", {"prompt": "{x} {prompt}", "answer": "1"})
    assert task.prompt(example, chat=False, shots=0) == "{x} {prompt}\n"
