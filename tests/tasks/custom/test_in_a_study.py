"""A study measures a task of one's own as it does any other, and a run keeps what judged it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import assay
from assay import audit
from assay.errors import RunError, StudyError, TaskError
from assay.records import Store
from assay.runs.tasks import keep_sources, resolve_examples, resolve_tasks, task_sources
from assay.scoring.file import score_file
from assay.study import load_study
from tests.studies import jsonl, write_study
from tests.tasks.custom.files import task_file

JUDGE = "def judge(example, response):\n    return response == example['answer']\n"


def study(folder: Path, **entry: Any) -> Path:
    """Forty prompts, of which the base answers 10 right and the adapter 30."""
    folder.mkdir(exist_ok=True)
    rows = [{"key": f"k{i}", "answer": f"a{i}"} for i in range(40)]
    (folder / "check.py").write_text(JUDGE)
    task_file(folder, {"python": "check.py:judge"}, rows)
    for name, right in (("base", 10), ("a", 30)):
        jsonl(
            folder / f"{name}.jsonl",
            ({"key": f"k{i}", "response": f"a{i}" if i < right else "?"} for i in range(40)),
        )
    name = entry.get("name", "tone")
    document = {
        "name": "small",
        "bases": [{"name": "base", "responses": {name: "base.jsonl"}}],
        "adapters": [{"name": "a", "label": "support", "responses": {name: "a.jsonl"}}],
        "tasks": [{"task": "tone.yaml", **entry}],
    }
    return write_study(folder, document)


def test_a_task_of_ones_own_is_claimed_by_its_capability_and_judged(tmp_path: Path) -> None:
    (claim,) = assay.run(study(tmp_path), tmp_path / "run").claims
    assert (claim.metric, claim.base_score, claim.score, claim.verdict) == (
        "tone.passed",
        0.25,
        0.75,
        "confirmed",
    )


def test_a_change_to_the_check_makes_the_scores_anew(tmp_path: Path) -> None:
    path = study(tmp_path)
    before = assay.run(path, tmp_path / "run").claims[0].score
    (tmp_path / "check.py").write_text("def judge(example, response):\n    return False\n")
    after = assay.run(path, tmp_path / "run").claims[0].score
    assert (before, after) == (0.75, 0.0)


def test_a_run_keeps_the_task_and_its_check(tmp_path: Path) -> None:
    path = study(tmp_path / "here")
    loaded = load_study(path)
    tasks = resolve_tasks(loaded)
    run = tmp_path / "run"
    keep_sources([task_sources(task) for task in tasks.values()], run)
    (run / "study.yaml").write_text(loaded.text)
    for left in (tmp_path / "here").iterdir():
        left.unlink()
    again = resolve_tasks(load_study(run / "study.yaml", check_files=False), run)
    assert again["tone"].scorer == tasks["tone"].scorer
    again["tone"].require(())
    assert {file.name for file in (run / "tasks" / "0").iterdir()} == {"tone.yaml", "check.py"}


def test_tasks_of_one_file_name_are_kept_apart(tmp_path: Path) -> None:
    for name, capability in (("x", "support"), ("y", "law")):
        (tmp_path / name).mkdir()
        task_file(tmp_path / name, "exact", capability=capability)
    path = study(tmp_path)
    document = yaml.safe_load(path.read_text())
    document["tasks"] += [{"task": f"{name}/tone.yaml", "name": name} for name in "xy"]
    loaded = load_study(write_study(tmp_path, document))
    keep_sources([task_sources(task) for task in resolve_tasks(loaded).values()], tmp_path / "run")
    kept = resolve_tasks(loaded, tmp_path / "run")
    assert [task.capability for task in kept.values()] == ["support", "support", "law"]


def test_a_task_is_named_after_its_file_unless_the_study_says_otherwise(tmp_path: Path) -> None:
    for entry, name in (({}, "tone"), ({"name": "manners"}, "manners")):
        loaded = load_study(study(tmp_path, **entry))
        assert [(task.name, task.file) for task in loaded.tasks] == [(name, "tone.yaml")]
        assert list(resolve_tasks(loaded)) == [name]


def test_prompts_come_from_the_tasks_file_or_the_studys(tmp_path: Path) -> None:
    jsonl(tmp_path / "more.jsonl", [{"prompt": "another", "answer": "x"}])
    sent = []
    for entry in ({}, {"prompts": "more.jsonl"}):
        loaded = load_study(study(tmp_path, **entry))
        sent.append([example.prompt for example in resolve_examples(loaded, resolve_tasks(loaded))["tone"]])
    assert sent == [[f"prompt {i}" for i in range(40)], ["another"]]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"task": "tune.yaml"}, r"study\.yaml:\d+: tasks\[0\]\.task: no file .*; paths are relative"),
        ({"task": "./tone"}, r"tasks\[0\]\.task: no file"),
        ({"task": "a\u202eb.yaml"}, r"tasks\[0\]\.task: the invisible or control character U\+202E"),
        ({"task": "tone"}, r"unknown task 'tone'; choose one of .*ifeval, .* or a file: `\./tone\.yaml`"),
        ({"examples": "tone.jsonl"}, r"reads its data from `prompts`, not `examples`"),
        ({"mode": "fixed"}, r"has no mode 'fixed'"),
        ({"shots": 1}, "this task has no worked examples"),
        ({"seed": 1}, r"draws no examples here"),
    ],
)
def test_what_a_study_gets_wrong_is_refused_by_line(
    tmp_path: Path, entry: dict[str, Any], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        assay.run(study(tmp_path, **entry, name="tone"), tmp_path / "run")


def test_prompts_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = study(tmp_path)
    (tmp_path / "tone.jsonl").unlink()
    with pytest.raises(TaskError, match=r"tone\.jsonl: no such file; .*tone\.yaml:2 names it"):
        assay.run(path, tmp_path / "run")


def test_a_check_that_fails_leaves_the_responses_and_no_findings(tmp_path: Path) -> None:
    path = study(tmp_path)
    (tmp_path / "check.py").write_text("def judge(example, response):\n    return response['no']\n")
    with pytest.raises(TaskError, match=r"check\.py: judge failed on example 'k0' on line 2 with TypeError"):
        assay.run(path, tmp_path / "run")
    with Store.read(tmp_path / "run") as store:
        assert store.count() == 80
    (tmp_path / "check.py").write_text(JUDGE)
    assert assay.run(path, tmp_path / "run").claims[0].verdict == "confirmed"


def test_a_run_is_decided_and_reported_from_its_own_folder(tmp_path: Path) -> None:
    path = study(tmp_path / "here")
    result = assay.run(path, tmp_path / "run")
    for left in (tmp_path / "here").iterdir():
        left.unlink()
    for again in (audit.report, audit.decide, audit.report):
        assert again(tmp_path / "run").claims == result.claims
    (tmp_path / "run" / "tasks" / "0" / "check.py").write_text("def judge(e, r): return False\n")
    with pytest.raises(RunError, match="scored by another version of the verifier"):
        audit.report(tmp_path / "run")
    assert audit.decide(tmp_path / "run").claims[0].score == 0.0


def test_reading_a_run_executes_nothing_that_it_keeps(tmp_path: Path) -> None:
    path = study(tmp_path)
    (tmp_path / "check.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').close()\n{JUDGE}")
    assay.run(path, tmp_path / "run")
    (tmp_path / "ran").unlink()
    audit.report(tmp_path / "run")
    assert not (tmp_path / "ran").exists()


def test_the_reason_of_a_failure_stands_beside_each_flip(tmp_path: Path) -> None:
    assay.run(study(tmp_path), tmp_path / "run")
    assert "the check says no" in (tmp_path / "run" / "report.html").read_text()


def test_a_file_of_responses_is_judged_without_a_study(tmp_path: Path) -> None:
    study(tmp_path)
    found = score_file(str(tmp_path / "tone.yaml"), tmp_path / "a.jsonl", {})
    assert (found["passed"], found["prompts"]) == (0.75, 40)
