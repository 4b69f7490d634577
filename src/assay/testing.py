"""For users' own tests: a label as an assertion, an engine without a model, and one response scored.

    from assay.testing import Fake, assert_label_holds, score_response

    def test_the_adapter_deserves_its_label():
        assert_label_holds("runs/mine", "helper-seed1")

    def test_the_pipeline(tmp_path):
        fake = Fake(lambda prompt: "yes" if prompt.subject == "helper" else "no")
        result = assay.run("study.yaml", tmp_path, engine=fake.preflight)
        assert result.claims[0].verdict == "confirmed"

    def test_the_task():
        assert score_response("tone.yaml", {"prompt": "Thanks!", "answer": "warm"}, "warm") == {"passed": 1.0}

Nothing here loads a model or uses a network.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assay.audit import gate
from assay.engines import Completion, Fake, Prompt
from assay.errors import RunError
from assay.plan import Policy
from assay.scoring.file import task_of

__all__ = ["Completion", "Fake", "Prompt", "assert_label_holds", "score_response"]


def assert_label_holds(
    run: Path | str,
    adapter: str,
    *,
    policy: Policy | None = None,
    allow_undecided: bool = False,
) -> None:
    """Raise AssertionError, with the rules that were not met, unless the gate passes this adapter.

    A rule on an advisory task that is not met is a warning. run: a run's folder. policy: the study's own unless given.
    Raises RunError if the run is not complete or has no claim of this adapter.
    """
    entries = {entry.adapter: entry for entry in gate(run, policy).adapters}
    if adapter not in entries:
        raise RunError(f"no claim of {adapter!r}; this run has {', '.join(entries)}", place=Path(run))
    outcome = entries[adapter].outcome
    if advice := entries[adapter].advice:
        warnings.warn(f"{adapter!r}, advisory: {'; '.join(advice)}", stacklevel=2)
    if outcome != "pass" and not (allow_undecided and outcome == "undecided"):
        reasons = "\n".join(f"  {reason}" for reason in entries[adapter].reasons)
        raise AssertionError(f"the label of {adapter!r} does not hold: {outcome}\n{reasons}")


def score_response(
    task: Path | str, example: Mapping[str, Any], response: str, *, mode: str | None = None
) -> dict[str, float]:
    """The share of passed checks of one response, by metric.

    task: a task's name, or its file. example: a row as in the task's data file. Raises AssayError where the
    task or the row is unusable.
    """
    measured = task_of(str(task), mode)
    with TemporaryDirectory(prefix="assay-") as folder:
        data = Path(folder) / "example.jsonl"
        data.write_text(json.dumps(dict(example)) + "\n", encoding="utf-8")
        (read,) = measured.read(data)
    measured.require([read])
    score = measured.score(read, response)
    counts = zip(measured.metrics, score.passed, score.out_of, strict=True)
    return {metric.name: passed / out_of for metric, passed, out_of in counts}
