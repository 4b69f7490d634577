"""For users' own test suites: a label as an assertion.

from assay.testing import assert_label_holds

def test_the_adapter_deserves_its_label():
    assert_label_holds("runs/mine", "helper-seed1")
"""

from __future__ import annotations

from pathlib import Path

from assay.audit import gate
from assay.errors import RunError
from assay.plan import Policy

__all__ = ["assert_label_holds"]


def assert_label_holds(
    run: Path | str,
    adapter: str,
    *,
    policy: Policy | None = None,
    allow_undecided: bool = False,
) -> None:
    """Raise AssertionError, with the rules that were not met, unless the gate passes this adapter.

    run: a run's folder. policy: the study's own unless given. Raises RunError if the run is not complete
    or has no claim of this adapter.
    """
    found = {entry.adapter: entry for entry in gate(run, policy).adapters}
    if adapter not in found:
        raise RunError(f"{run}: no claim of {adapter!r}; this run has {', '.join(found)}")
    outcome = found[adapter].outcome
    if outcome != "pass" and not (allow_undecided and outcome == "undecided"):
        reasons = "\n".join(f"  {reason}" for reason in found[adapter].reasons)
        raise AssertionError(f"the label of {adapter!r} does not hold: {outcome}\n{reasons}")
