"""Logs a finished run to MLflow, W&B or trackio: a run with the report for the study, then one for each adapter.

The library's own settings (MLFLOW_TRACKING_URI, WANDB_MODE, TRACKIO_DIR) decide where the entries go. Each export adds
runs; none is changed.

    MLFLOW_TRACKING_URI=sqlite:///mlflow.db assay export runs/mine --format mlflow
    WANDB_MODE=offline assay export runs/mine --format wandb --project adapters
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from assay.errors import OutputError
from assay.interop.exporters.finished import Finished
from assay.plan import Subject
from assay.report import apply_gate
from assay.report.text.verdicts import against_words, stop_words
from assay.verdicts import ClaimResult

__all__ = ["TRACKERS", "Entry", "entries", "log_run"]

FILES = ("report.html", "report.md", "verdicts.json", "study.yaml")
"""Of a run's folder, kept beside the study's entry."""
NUMBERS = ("base_score", "score", "gain", "margin", "level", "p", "q", "n")
"""What is logged of a claim, or of another metric."""
LONGEST = 500
"""Characters of a text; MLflow refuses long ones."""
BATCH = 100
"""Of one kind that MLflow takes in one call."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tracker calls a run."""

    name: str
    kind: Literal["study", "adapter"]
    params: Mapping[str, str | int | float | bool]
    """What it is."""
    metrics: Mapping[str, float]
    """What was measured, `task.metric/what`; scores and gains are fractions."""
    words: Mapping[str, str]
    """Verdicts, their reasons, where the run stopped, the gate."""
    files: Sequence[Path] = field(default=())


def log_run(run: Finished, tracker: str, project: str | None) -> tuple[str, list[str]]:
    """Log a run; where it is and the names of its entries. Raises OutputError.

    `project` is the name of an experiment too; without it, the study's name does.
    """
    try:
        library = import_module(tracker)
    except ImportError:
        raise OutputError(f"--format {tracker} needs {tracker}", fix=f"`pip install {tracker}`") from None
    listed = list(entries(run))
    try:
        with redirect_stdout(sys.stderr):  # they greet
            place = TRACKERS[tracker](library, project or run.plan.name, listed)
    except Exception as bad:
        raise OutputError(
            f"{tracker} failed ({type(bad).__name__}: {' '.join(str(bad).split())[:LONGEST]})",
            place=f"--format {tracker}",
            fix="fix that and export again; what was logged before stays there",
        ) from bad
    return place, [entry.name for entry in listed]


def entries(run: Finished) -> Iterator[Entry]:
    """The study with its report and its bases' scores, then each adapter."""
    result, gate = run.result, apply_gate(run.result, run.plan.policy)
    counts = result.counts
    metrics: dict[str, float] = {"claims": counts.claims, "fails": counts.fails, "holds": counts.holds}
    metrics |= {f"verdicts/{verdict}": count for verdict, count in counts.verdicts.items()}
    for row in result.matrix.rows:
        if row.base is None:
            scores = {f"{row.subject}/{name}": value for name, value in row.scores.items()}
            metrics |= {name: value for name, value in scores.items() if value is not None}
    params: dict[str, Any] = {"study": result.study, "alpha": result.alpha, "family": result.family}
    params |= {"claims_sha256": result.claims_sha256, "claims_declared": result.claims_declared.when}
    params |= {f"version/{name}": number for name, number in result.versions.items()}
    words = {"gate": gate.outcome, "statement": counts.statement}
    files = [path for name in FILES if (path := run.folder / name).is_file()]
    yield Entry(run.plan.name, "study", params, metrics, words, files)
    outcomes = {entry.adapter: entry.outcome for entry in gate.adapters}
    for adapter in run.plan.adapters:
        yield _adapter(run, adapter, outcomes.get(adapter.name))


def _adapter(run: Finished, adapter: Subject, outcome: str | None) -> Entry:
    labels = {"label": adapter.label, "base": adapter.base, "recipe": adapter.recipe, "seed": adapter.seed}
    labels["step"] = adapter.step
    settings = {f"setting/{name}": value for name, value in adapter.settings.items()}
    params = {"study": run.plan.name, "adapter": adapter.name, "path": adapter.source, **labels, **settings}
    metrics: dict[str, float] = {}
    words = {} if outcome is None else {"gate": outcome}
    for finding in run.findings(adapter.name):
        key = " ".join(filter(None, (finding.metric, against_words(finding))))
        numbers = {name: getattr(finding, name, None) for name in NUMBERS}
        if finding.interval is not None:
            numbers["gain_low"], numbers["gain_high"] = finding.interval
        metrics |= {f"{key}/{name}": float(value) for name, value in numbers.items() if value is not None}
        if stopped := stop_words(finding.stop):
            words[f"stop/{key}"] = stopped
        if isinstance(finding, ClaimResult):
            words[f"verdict/{key}"] = finding.words
            if finding.reason:
                words[f"reason/{key}"] = finding.reason
    for drift in run.result.drift:
        if drift.adapter == adapter.name:
            target = " ".join(filter(None, (drift.target, against_words(drift))))
            metrics[f"drift/{drift.variant}/{target}"] = drift.value
    kept = {
        name: value if isinstance(value, int | float) else str(value)[:LONGEST]
        for name, value in params.items()
        if value is not None
    }
    return Entry(adapter.name, "adapter", kept, metrics, words)


def _to_mlflow(mlflow: Any, project: str, listed: Sequence[Entry]) -> str:
    """Adapters are children of the study's run; verdicts are tags."""
    client, kinds = mlflow.MlflowClient(), import_module("mlflow.entities")
    known = client.get_experiment_by_name(project)
    experiment = known.experiment_id if known is not None else client.create_experiment(project)
    parent: dict[str, str] = {}
    for entry in listed:
        own = client.create_run(
            experiment, tags={"assay": entry.kind, **parent}, run_name=entry.name
        ).info.run_id
        parent = parent or {"mlflow.parentRunId": own}
        try:
            for some in _batches(entry, kinds):
                client.log_batch(own, **some)
            for path in entry.files:
                client.log_artifact(own, str(path))
        except BaseException:
            client.set_terminated(own, "FAILED")
            raise
        client.set_terminated(own)
    return str(mlflow.get_tracking_uri())


def _batches(entry: Entry, kinds: Any) -> Iterator[dict[str, list[Any]]]:
    now = int(time.time() * 1000)
    parts = {
        "metrics": [kinds.Metric(_key(name), value, now, 0) for name, value in entry.metrics.items()],
        "params": [kinds.Param(_key(name), str(value)) for name, value in entry.params.items()],
        "tags": [kinds.RunTag(_key(name), value[:LONGEST]) for name, value in entry.words.items()],
    }
    for kind, listed in parts.items():
        for start in range(0, len(listed), BATCH):
            yield {kind: listed[start : start + BATCH]}


def _to_wandb(wandb: Any, project: str, listed: Sequence[Entry]) -> str:
    """Runs of one group; verdicts stand in their summaries."""
    place = ""
    for entry in listed:
        run = wandb.init(
            project=project,
            group=listed[0].name,
            job_type=entry.kind,
            name=entry.name,
            config=dict(entry.params),
            reinit="finish_previous",
            settings={"silent": True},
        )
        run.log(dict(entry.metrics))
        run.summary.update(dict(entry.words))
        if entry.files:
            run.log_artifact(_filled(wandb, entry))
        place = place or str(run.url or run.dir)
        run.finish()
    return place


def _to_trackio(trackio: Any, project: str, listed: Sequence[Entry]) -> str:
    """Runs of one group; verdicts stand in their configurations."""
    for entry in listed:
        config = {**entry.params, **entry.words}
        trackio.init(project=project, group=listed[0].name, name=entry.name, config=config, embed=False)
        trackio.log(dict(entry.metrics))
        if entry.files:
            trackio.log_artifact(_filled(trackio, entry))
        trackio.finish()
    return f"the project {project!r}"


def _filled(library: Any, entry: Entry) -> Any:
    """An artifact of the entry's files; W&B's and trackio's are made alike."""
    artifact = library.Artifact(f"assay-{re.sub(r'[^A-Za-z0-9_.-]', '_', entry.name)}", type="report")
    for path in entry.files:
        artifact.add_file(str(path))
    return artifact


def _key(name: str) -> str:
    return re.sub(r"[^\w.\- :/]", "_", name)


TRACKERS: Mapping[str, Callable[[Any, str, Sequence[Entry]], str]] = {
    "mlflow": _to_mlflow,
    "wandb": _to_wandb,
    "trackio": _to_trackio,
}
"""How each is logged to: the library, the project, what to log; returns where that is."""
