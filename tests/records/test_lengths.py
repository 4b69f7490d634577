"""Tokens are counted of the responses whose tokens are known, and of no others."""

from __future__ import annotations

from pathlib import Path

import assay
from assay.engines import Fake, Prompt
from assay.records import Store
from assay.records.lengths import response_tokens
from assay.study import Study
from tests.studies import RIGHT, examples, one_task_study


def test_tokens_of_generated_responses_are_summed_by_subject(tmp_path: Path) -> None:
    def answer(request: Prompt) -> str:
        return f"{request.subject}, {RIGHT}" + " word" * (
            int(request.example) if request.subject == "a" else 0
        )

    examples(tmp_path, 10)
    study = Study.from_dict(
        {
            "name": "lengths",
            "bases": [{"name": "base", "model": "owner/base"}],
            "adapters": [{"name": "a", "label": "numeric", "path": "owner/a"}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        },
        tmp_path,
    )
    assay.run(study, tmp_path / "run", engine=Fake(answer).preflight)
    with Store.read(tmp_path / "run") as store:
        assert response_tokens(store, "base", "math") == (10, 30)
        assert response_tokens(store, "a", "math") == (10, 30 + sum(range(10)))
        assert response_tokens(store, "nobody", "math") == (0, 0)


def test_recorded_responses_have_none(tmp_path: Path) -> None:
    assay.run(one_task_study(tmp_path, [True] * 5, {"a": [False] * 5}), tmp_path / "run")
    with Store.read(tmp_path / "run") as store:
        assert response_tokens(store, "a", "math") == (0, 0)
