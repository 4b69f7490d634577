"""A study becomes a plan, or is refused by the line that is at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from assay.errors import AssayError
from tests.runs.refusals import assert_refused
from tests.studies import write_study


def test_a_base_without_responses_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    assert_refused(tmp_path, lambda d: d["bases"][0].pop("responses"), AssayError, "base")


def summary_study(folder: Path, rows: str) -> Path:
    (folder / "scores.csv").write_text("subject,ifeval.prompt_strict,gsm8k.numeric_match\n" + rows)
    return write_study(
        folder,
        {
            "name": "summary",
            "summary": "scores.csv",
            "bases": [{"name": "base"}],
            "adapters": [{"name": "a", "label": "instruction"}],
            "tasks": [{"task": "ifeval"}, {"task": "numeric", "name": "gsm8k"}],
        },
    )


def test_a_summary_gives_matrix_and_drift_but_no_verdict(tmp_path: Path) -> None:
    result = assay.run(summary_study(tmp_path, "base,0.250,0.133\na,0.143,0.632\n"), tmp_path / "run")
    (claim,) = result.claims
    assert (claim.verdict, claim.interval) == ("not measured", None)
    assert claim.gain == pytest.approx(-0.107)
    assert claim.reason is not None
    assert "only an aggregate score" in claim.reason
    gap = next(drift for drift in result.drift if drift.variant == "gap")
    assert gap.value == pytest.approx(0.606)
    assert gap.interval is None
    assert result.modes == ()  # nothing was verified
