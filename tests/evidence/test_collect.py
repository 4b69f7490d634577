"""Evidence is a file for each claim, and rests on the claimed and the off-target tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import AssayError, OutputError
from assay.evidence import read_evidence
from assay.interop.exporters.export import export_run
from tests.evidence.audited import make_audited


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_audited(tmp_path_factory.mktemp("audited"))


def test_it_rests_on_both_sides_of_the_claimed_and_of_the_off_target_task(made: Path) -> None:
    evidence, _ = read_evidence(made)
    rows = {(part.name, part.task) for part in evidence.basis if not part.name.endswith("/again")}
    assert rows == {(name, task) for name in ("base", "sums") for task in ("math", "style")}
    assert {task: basis.prompts.rows for task, basis in evidence.tasks.items()} == {"math": 120, "style": 120}
    assert all(part.responses.rows == part.scores.rows > 0 for part in evidence.basis if "/" not in part.name)
    assert evidence.drift[0].off_target == ("style.prompt_strict",)


def test_the_same_run_gives_the_same_file(made: Path, tmp_path: Path) -> None:
    (again,) = export_run(made.parent.parent / "run", "evidence", tmp_path).files or ()
    assert again.read_bytes() == made.read_bytes()


def test_a_subject_without_claims_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no claim of 'nobody' in this run; choose one of sums"):
        export_run(made.parent.parent / "run", "evidence", tmp_path / "new", subject="nobody")
    assert not (tmp_path / "new").exists()


def test_evidence_is_not_for_standard_output(made: Path) -> None:
    with pytest.raises(AssayError, match="give --out FOLDER"):
        export_run(made.parent.parent / "run", "evidence")
