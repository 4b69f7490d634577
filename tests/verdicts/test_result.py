from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.stats import Verdict
from assay.verdicts.result import ClaimResult
from tests.studies import one_task_study, table


def claim(verdict: Verdict, *, material: bool = False, kept: bool = False, **more: Any) -> ClaimResult:
    return ClaimResult("a", "base", "math", "math.match", "gains", 0.05, verdict, material, kept, **more)


def test_a_verdict_names_a_material_harm_and_one_kept_within_the_margin() -> None:
    assert claim(Verdict.GAIN).words == "gain"
    assert claim(Verdict.HARMED, material=True).words == "harmed (material)"
    assert claim(Verdict.HARMED, kept=True).words == "harmed, kept within the margin"


def test_a_missing_gain_names_a_base_at_its_floor_and_a_gain_does_not() -> None:
    assert claim(Verdict.NO_GAIN, extreme="floor").words == "no gain, the base at a floor"
    assert claim(Verdict.GAIN, extreme="floor").words == "gain"


def test_a_word_within_the_noise_says_so() -> None:
    assert claim(Verdict.GAIN, within_noise=True).words == "gain, within the engine's noise"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    base, adapter = table(60, 20, 400, 200)
    return one_task_study(tmp_path, base, {"a": adapter, "<b>&": base})


def test_a_result_shows_its_verdicts_and_its_matrix(study: Path, tmp_path: Path) -> None:
    html = assay.run(study, tmp_path / "run")._repr_html_()
    assert "<td>+10.0</td>" in html
    assert "▲ confirmed</b>" in html
    assert "<td>0.500</td>" in html
    assert "∅ not applied</b>" in html


def test_names_are_texts_and_not_html(study: Path, tmp_path: Path) -> None:
    html = assay.run(study, tmp_path / "run")._repr_html_()
    assert "&lt;b&gt;&amp;" in html
    assert "<b>&" not in html


def test_a_run_shows_its_state_and_its_findings_once_it_is_complete(study: Path, tmp_path: Path) -> None:
    with assay.Run.start(assay.resolve(study), tmp_path / "run") as run:
        run.generate()
        assert "Matrix" not in run._repr_html_()
    assay.run(study, tmp_path / "run")
    with assay.Run.open(tmp_path / "run") as run:
        assert "<b>complete</b>" in run._repr_html_()
        assert "Matrix of scores" in run._repr_html_()
