"""A study is resolved as far as it can be, with a note of each thing that is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assay.engines import Fake
from assay.errors import EngineError
from assay.runs.outline import outline
from assay.study import load_study
from tests.runs.generating import COUNT, answer, generating


def test_a_study_that_can_run_is_resolved_whole_or_without_its_weights(tmp_path: Path) -> None:
    study = load_study(generating(tmp_path))
    whole = outline(study, Fake(answer).preflight)
    assert whole.work is not None
    assert [len(known) for known in whole.examples.values()] == [COUNT]
    assert whole.notes == ()
    assert outline(study, whole=False).work is None


def test_what_is_missing_is_noted_and_the_plan_is_there(tmp_path: Path) -> None:
    def absent(*_: object) -> Any:
        raise EngineError("needs torch")

    study = load_study(generating(tmp_path))
    without_engine = outline(study, absent)
    (tmp_path / "examples.jsonl").write_text("{")
    without_examples = outline(study, absent)
    for found in (without_engine, without_examples):
        assert [claim.subject.name for claim in found.plan.claims] == ["good", "bad"]
        assert (found.work, len(found.notes)) == (None, 1)
    assert "needs torch" in without_engine.notes[0]
    assert without_examples.examples == {}
