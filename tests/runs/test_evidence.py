"""Records as an analysis reads them: scores count only under the verifier that made them."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.audit import gate
from assay.errors import RunError
from assay.tasks import load_task
from tests.studies import responses, table


def test_scores_of_an_older_verifier_are_not_gated(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_task("numeric"), "version", "of the future")
    with pytest.raises(RunError, match="math was scored by another version of the verifier"):
        gate(done)
    assert assay.decide(done).claims[0].verdict == "confirmed"
    assert gate(done).outcome == "pass"


def test_scores_made_under_several_package_versions_are_warned_of(
    done: Path, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.scoring.score.version", lambda name: f"another {name}")
    responses(study.parent / "a.jsonl", table(60, 21, 400, 150)[1])
    warnings = assay.run(study, done).warnings
    assert any("math was scored under several versions of packages" in warning for warning in warnings)
