"""Writes an adapter's scores for its `.eval_results/` folder on the hub, which leaderboards read.

The format has no field for uncertainty: interval, gain and verdict are in `notes`. A leaderboard's task is
named by the user, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

import assay
from assay.errors import OutputError
from assay.interop.exporters.finished import CONFIDENCE, Estimate, Finished
from assay.report.text.numbers import confidence, interval, points, score
from assay.report.text.verdicts import against_words
from assay.verdicts import ClaimResult

__all__ = ["to_eval_results"]


def to_eval_results(run: Finished, datasets: Mapping[str, str], name: str | None = None) -> str:
    """YAML of the primary metric of each task that `datasets` places on the hub, as `org/dataset:task_id`.

    Raises OutputError where none is placed, a place is malformed, or what was asked is not the whole benchmark.
    """
    adapter = run.adapter(name)
    if not datasets:
        raise OutputError(
            "no task has a place on the hub",
            place="--format eval-results",
            fix=f"say where each is, e.g. `--dataset {next(iter(run.tasks))}=org/dataset:task_id`; the dataset's "
            f"eval.yaml lists its task ids",
        )
    entries = []
    for task, place in datasets.items():
        dataset, task_id = _placed(run, task, place)
        _whole(run, task)
        estimates = run.estimates(adapter.name, task)
        if not estimates:
            raise OutputError(f"{adapter.name!r} has no scores on {task!r}", fix="leave that task out")
        metric, estimate = next(iter(estimates.items()))
        hub = run.tasks[task].hub
        pinned = hub is not None and hub.repo == dataset and run.plan.tasks[task].data is None
        revision = {"revision": hub.revision} if hub and pinned else {}
        entries.append(
            {
                "dataset": {"id": dataset, "task_id": task_id, **revision},
                "value": round(estimate.score, 6),
                "date": run.result.claims_declared.history[-1].declared_at,
                "notes": _notes(run, adapter.name, str(metric), estimate),
            }
        )
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=10**9)


def _placed(run: Finished, task: str, place: str) -> tuple[str, str]:
    if task not in run.tasks:
        raise OutputError(
            f"no task {task!r} in this run",
            place=f"--dataset {task}={place}",
            fix=f"choose from {', '.join(run.tasks)}",
        )
    dataset, _, task_id = place.rpartition(":")
    if dataset.count("/") != 1 or not all(dataset.split("/")) or not task_id:
        raise OutputError(
            "no place on the hub",
            place=f"--dataset {task}={place}",
            fix=f"write `{task}=org/dataset:task_id`",
        )
    return dataset, task_id


def _whole(run: Finished, task: str) -> None:
    if run.plan.tasks[task].limit is not None:
        raise OutputError(
            f"{task!r} was run on its first {run.plan.tasks[task].limit} examples only, and a score on a part is not a score of the "
            f"benchmark",
            fix="run it without `limit`, or leave it out",
        )
    if run.stops_early:
        raise OutputError(
            f"{task!r}: this run may stop before the last prompt, and a score on a part is not a score of the benchmark",
            fix="run the study with `--until full` into another folder, or leave it out",
        )


def _notes(run: Finished, adapter: str, metric: str, estimate: Estimate) -> str:
    bounds = (
        "none"
        if estimate.interval is None
        else f"[{score(estimate.interval[0])}, {score(estimate.interval[1])}]"
    )
    notes: dict[str, Any] = {
        "metric": metric,
        f"{confidence(CONFIDENCE)} interval": bounds,
        "prompts": estimate.n,
    }
    for finding in run.findings(adapter):
        if finding.metric == metric and finding.gain is not None:
            level = "" if finding.level is None else f" at {confidence(finding.level)}"
            notes[f"gain over {finding.against or finding.base}"] = (
                f"{points(finding.gain)} points {interval(finding.interval, finding.margin)}{level}"
            )
            if isinstance(finding, ClaimResult):
                notes[" ".join(filter(None, ("verdict", against_words(finding))))] = finding.words
    notes["by"] = f"assay {assay.__version__}"
    return "; ".join(f"{name}: {value}" for name, value in notes.items())
