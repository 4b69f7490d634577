"""Stopping early on real responses: 16 checkpoints of Qwen3-4B on IFEval, 12 of them harmed by a full run."""

from pathlib import Path

import numpy as np
import pytest

import assay
from assay.runs import Run
from assay.stats import Design, stand
from tests.stats.sequential.oracles import Floats

STUDY = Path(__file__).parents[3] / "studies" / "qwen3-4b-ifeval.yaml"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cells(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Floats, str]]:
    """By adapter: what each prompt gained at prompt level, and the full run's verdict."""
    folder = tmp_path_factory.mktemp("early")
    study = folder / "study.yaml"
    study.write_text(STUDY.read_text().replace("../../shared", str(shared)))
    verdicts = {claim.adapter: claim.verdict for claim in assay.run(study, folder / "run").claims}
    with Run.open(folder / "run") as run:
        passed = {}
        for name in ("qwen3-4b", *verdicts):
            scores = run.evidence.scores(name, "ifeval")
            assert scores is not None
            passed[name] = scores.passed[:, 0, 0].astype(np.float64)
    return {name: (passed[name] - passed["qwen3-4b"], verdict) for name, verdict in verdicts.items()}


def test_every_harm_is_found_early_and_nothing_else_is_called_one(
    cells: dict[str, tuple[Floats, str]],
) -> None:
    shares, same = [], []
    design = Design(541)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(541)
        for differences, verdict in cells.values():
            for n in design.looks:
                gain = design.evidence(differences[order[:n]])
                standing = stand(gain, "gains", 0.05, 0.05, pool=541, futility=design.futility)
                if standing.stops:
                    break
            assert (standing.verdict == "harmed") is (verdict == "harmed")
            shares.append(standing.n / 541)
            same.append(standing.verdict == verdict)
    assert np.mean(shares) <= 0.45
    assert np.mean(same) >= 0.9
