"""What `assay.stats` offers, and what it never loads."""

import subprocess
import sys

from assay import stats

PROMISED = {
    "tango_interval", "newcombe_interval", "mcnemar_exact", "mcnemar_midp", "ratio_interval", "holm",
    "benjamini_hochberg", "Gain", "PairedGain", "ClusteredGain", "RecipeGain", "paired_gain", "judge", "Finding",
    "Verdict", "Drift", "drifts", "random_effects", "partial_conjunction", "attainable_sizes", "attainable_tables",
}  # fmt: skip


def test_every_promised_name_is_public_and_every_public_name_exists() -> None:
    assert set(stats.__all__) >= PROMISED
    assert len(set(stats.__all__)) == len(stats.__all__)
    assert all(hasattr(stats, name) for name in stats.__all__)


def test_statistics_load_no_models_no_forms_and_no_scipy_stats() -> None:
    code = "import sys, assay.stats; print(*sys.modules)"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, text=True
        ).stdout.split()
    )
    assert not loaded & {"torch", "transformers", "pydantic", "pandas", "statsmodels", "scipy.stats"}
