"""A model card for an adapter: what it claims, what was measured, the verdict, and how to reproduce it.

The YAML at the top is the hub's `model-index`; everything below is one section, for a new card or
to be pasted into an existing one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

import assay
from assay.interop.exporters.finished import CONFIDENCE, Finished
from assay.plan import MetricName, Subject
from assay.report import apply_gate
from assay.report.markdown import render

__all__ = ["hub_id", "to_card"]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def to_card(run: Finished, name: str | None = None) -> str:
    """The card of an adapter of the run; the only one, unless `name` says which. Raises OutputError."""
    adapter = run.adapter(name)
    study = run.plan.study_text.rstrip("\n")
    ticks = max((len(ticks) for ticks in re.findall("`+", study)), default=2)
    scorers = "; ".join(f"{name} verified by {task.scorer}" for name, task in run.tasks.items())
    versions = ", ".join(f"{package} {number}" for package, number in run.result.versions.items())
    return render(
        Path(__file__).with_name("card.md"),
        front=yaml.safe_dump(_metadata(run, adapter), sort_keys=False, allow_unicode=True, width=10**9),
        adapter=adapter,
        assay=assay.__version__,
        result=run.result,
        claims=[claim for claim in run.result.claims if claim.adapter == adapter.name],
        gate=apply_gate(run.result, run.plan.policy),
        scores=[
            (str(metric), estimate)
            for task in run.tasks
            for metric, estimate in run.estimates(adapter.name, task).items()
        ],
        CONFIDENCE=CONFIDENCE,
        study=study,
        fence="`" * (1 + ticks),
        versions=f"{scorers}. Versions: {versions}.",
    )


def hub_id(run: Finished, source: str | None) -> str | None:
    """A base's or an adapter's place on the hub; None for a folder, or where only responses were recorded."""
    local = source is not None and ((run.folder / source).is_dir() or source.endswith(".gguf"))
    if source is None or local or not _HUB_ID.fullmatch(source):
        return None
    return source


def _metadata(run: Finished, adapter: Subject) -> dict[str, Any]:
    base = next(base for base in run.plan.bases if base.name == adapter.base)
    front: dict[str, Any] = {"library_name": "peft", "tags": ["lora", "assay"]}
    if adapter.is_model:
        front = {"library_name": "transformers", "tags": ["assay"]}
    if (place := hub_id(run, base.source)) is not None:
        relation = "finetune" if adapter.is_model else "adapter"
        front |= {"base_model": place, "base_model_relation": relation}
    results = [
        {
            "task": {"type": "text-generation", "name": task},
            "dataset": _dataset(run, task),
            "metrics": [
                {"type": metric.name, "name": _title(run, metric), "value": round(estimate.score, 6)}
                for metric, estimate in estimates.items()
            ],
        }
        for task in run.tasks
        if (estimates := run.estimates(adapter.name, task))
    ]
    return front | ({"model-index": [{"name": adapter.name, "results": results}]} if results else {})


def _dataset(run: Finished, task: str) -> dict[str, Any]:
    """The hub's dataset where all of it was read from there; else only the kind of task."""
    entry, hub, part = run.plan.tasks[task], run.tasks[task].hub, run.part(task)
    if hub is None or entry.data or part:
        return {"name": f"{task} ({part})" if part else task, "type": run.tasks[task].kind}
    config = {"config": hub.config} if hub.config else {}
    return {"name": task, "type": hub.repo, **config, "split": hub.split, "revision": hub.revision}


def _title(run: Finished, metric: MetricName) -> str:
    return run.plan.tasks[metric.task].metric(metric.name).title
