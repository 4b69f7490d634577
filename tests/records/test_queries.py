"""Reads of a run's records: texts with their endings, and tokens that are known."""

from __future__ import annotations

from pathlib import Path

import assay
from assay.engines import Fake, Prompt
from assay.records import Store
from assay.records.queries import response_tokens, written
from assay.study import Study
from tests.studies import RIGHT, examples, one_task_study, write_study


def test_every_so_manieth_example_is_read_with_tokens_and_finish(tmp_path: Path) -> None:
    examples(tmp_path, 10)
    document = {
        "name": "written",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": "a", "label": "numeric", "path": "owner/a"}],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        "decoding": {"max_tokens": 3},
    }
    texts = Fake(
        lambda asked: f"answer {asked.example} is" + (" long indeed" if asked.example == "4" else "")
    )
    assay.run(write_study(tmp_path, document), tmp_path / "run", engine=texts.preflight)
    with Store.read(tmp_path / "run") as store:
        found = sorted(written(store, "a", "math", step=4))
        everything = list(written(store, "a", "math"))
        nobody = list(written(store, "nobody", "math"))
    assert [row[0] for row in found] == [0, 4, 8]
    assert found[0] == (0, "answer 0 is", 3, "stop")
    assert found[1][2:] == (3, "length")
    assert len(everything) == 10
    assert nobody == []


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
