"""Tasks of a study and their examples are resolved, or refused by the line that is at fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.errors import AssayError, StudyError, TaskError
from tests.runs.refusals import assert_refused
from tests.studies import jsonl


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda d: d["tasks"][0].update(task="maths"),
            StudyError,
            r"study.yaml:\d+: unknown task 'maths'; choose one",
        ),
        (
            lambda d: d["tasks"][0].update(mode="lax"),
            StudyError,
            r"study.yaml:\d+: task 'numeric' has no mode 'lax'",
        ),
        (lambda d: d["tasks"][0].pop("examples"), TaskError, r"`examples: FILE`"),
        (lambda d: d["tasks"][0].update(prompts="examples.jsonl"), StudyError, r"not `prompts`"),
    ],
)
def test_a_task_that_cannot_be_bound_is_refused_and_nothing_is_written(
    tmp_path: Path, change: Any, error: type[AssayError], message: str
) -> None:
    assert_refused(tmp_path, change, error, message)


def test_a_study_whose_file_names_clusters_is_asked_to_the_end(tmp_path: Path) -> None:
    def named(data: dict[str, Any]) -> None:
        data["stop"] = "decided"
        path = tmp_path / "examples.jsonl"
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        jsonl(path, [{**row, "cluster": index // 2} for index, row in enumerate(rows)])

    assert_refused(tmp_path, named, StudyError, "cannot stop early, because its prompts come in groups")
