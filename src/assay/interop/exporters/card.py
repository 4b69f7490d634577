"""A model card for an adapter: what it claims, what was measured, the verdict, and how to reproduce it.

The YAML at the top is the hub's `model-index`; everything below is one section, to stand alone or to be
pasted into a card that is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

import assay
from assay.interop.exporters.finished import CONFIDENCE, Finished
from assay.report import apply_gate
from assay.report.markdown import escaped, table
from assay.report.soundness import applied_words
from assay.report.words import (
    STOPPED,
    confidence,
    interval,
    points,
    score,
    stop_words,
    unit_interval,
    units,
    verdict_words,
)
from assay.study import Adapter
from assay.verdicts import ClaimResult

__all__ = ["hub_id", "to_card"]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def to_card(run: Finished, name: str | None = None) -> str:
    """The card of an adapter of the run; the only one, unless `name` says which. Raises OutputError."""
    adapter = run.adapter(name)
    blocks = (_title, _claimed, _measured, _elsewhere, _verdict, _reproduce)
    front = yaml.safe_dump(_metadata(run, adapter), sort_keys=False, allow_unicode=True, width=10**9)
    body = "\n\n".join("\n".join(lines) for block in blocks if (lines := list(block(run, adapter))))
    return f"---\n{front}---\n\n{body}\n"


def hub_id(run: Finished, source: str | None) -> str | None:
    """A base's or an adapter's place on the hub; None for a folder, or where only responses were recorded."""
    if source is None or not _HUB_ID.fullmatch(source) or run.study.resolve(source).is_dir():
        return None
    return source


def _metadata(run: Finished, adapter: Adapter) -> dict[str, Any]:
    base = next(base for base in run.study.bases if base.name == adapter.base)
    front: dict[str, Any] = {"library_name": "peft", "tags": ["lora", "assay"]}
    if (place := hub_id(run, base.model)) is not None:
        front |= {"base_model": place, "base_model_relation": "adapter"}
    results = [
        {
            "task": {"type": "text-generation", "name": task},
            "dataset": _dataset(run, task),
            "metrics": [
                {"type": metric, "name": _named(run, task, metric), "value": round(one.score, 6)}
                for metric, one in found.items()
            ],
        }
        for task in run.tasks
        if (found := run.estimates(adapter.name, task))
    ]
    return front | ({"model-index": [{"name": adapter.name, "results": results}]} if results else {})


def _dataset(run: Finished, task: str) -> dict[str, Any]:
    """The hub's dataset where all of it was read from there; else the kind of task alone, which is no dataset."""
    entry, hub, part = run.entry(task), run.tasks[task].hub, run.part(task)
    if hub is None or entry.prompts or entry.examples or part:
        return {"name": f"{task} ({part})" if part else task, "type": run.tasks[task].kind}
    config = {"config": hub.config} if hub.config else {}
    return {"name": task, "type": hub.repo, **config, "split": hub.split, "revision": hub.revision}


def _named(run: Finished, task: str, metric: str) -> str:
    return next(own.title for own in run.tasks[task].metrics if own.name == metric)


def _title(run: Finished, adapter: Adapter) -> Iterator[str]:
    yield "## Tested against its label"
    yield ""
    yield (
        f"`{adapter.name.replace('`', '')}` is labelled **{escaped(adapter.label)}**. It was compared with its base "
        f"{escaped(adapter.base)}, prompt by prompt under the same protocol, by assay {assay.__version__}. Gains "
        f"are in points; nothing here is decided by a point estimate."
    )
    for warning in run.result.warnings:
        yield ""
        yield f"> {escaped(warning)}"


def _claims(run: Finished, adapter: Adapter) -> list[ClaimResult]:
    return [claim for claim in run.result.claims if claim.adapter == adapter.name]


def _claimed(run: Finished, adapter: Adapter) -> Iterator[str]:
    yield "### What it claims"
    yield ""
    for claim in _claims(run, adapter):
        margin = points(claim.margin).removeprefix("+")
        promise = (
            f"gains {margin} points or more"
            if claim.kind == "gains"
            else f"does not fall by {margin} points or more"
        )
        yield f"- {escaped(claim.metric)}: {promise}"
    declared = run.result.claims_declared
    yield ""
    yield (
        f"Declared {declared.when} the responses ({escaped(declared.reason)}); sha256 of the claims "
        f"`{run.result.claims_sha256}`."
    )


def _measured(run: Finished, adapter: Adapter) -> Iterator[str]:
    yield "### What was measured"
    yield ""
    yield from table(
        ["metric", "prompts", "base", "adapter", "gain", "interval", "confidence", "verdict"],
        (
            [
                escaped(claim.metric),
                "-" if claim.n is None else f"{claim.n:,}",
                score(claim.base_score),
                score(claim.score),
                points(claim.gain),
                interval(claim.interval, claim.margin),
                "-" if claim.level is None else confidence(claim.level),
                f"**{verdict_words(claim)}**"
                + "".join(f" ({escaped(why)})" for why in (claim.reason, stop_words(claim.stop)) if why),
            ]
            for claim in _claims(run, adapter)
        ),
    )
    if any(claim.stop for claim in _claims(run, adapter)):
        yield ""
        yield STOPPED
    for entry in run.result.applied:
        if entry.adapter == adapter.name:
            yield ""
            yield (
                f"Applied: {applied_words(entry)}"
                + (f" ({escaped(entry.reason)})" if entry.reason else "")
                + "."
            )
    own = [
        f"{escaped(f'{task}.{metric}')} {score(one.score)} {_within(one.interval)}"
        for task in run.tasks
        for metric, one in run.estimates(adapter.name, task).items()
    ]
    if own:
        yield ""
        yield f"Its own scores, with {confidence(CONFIDENCE)} intervals over prompts: {'; '.join(own)}."


def _within(bounds: tuple[float, float] | None) -> str:
    return "(no interval)" if bounds is None else f"[{score(bounds[0])}, {score(bounds[1])}]"


def _elsewhere(run: Finished, adapter: Adapter) -> Iterator[str]:
    cells = [cell for cell in run.result.cells if cell.adapter == adapter.name and cell.kind == "exploratory"]
    if not cells:
        return
    yield "### Elsewhere"
    yield ""
    excluded = {True: "excluded", False: "not excluded", None: "-"}
    yield from table(
        ["metric", "base", "adapter", "gain", "interval", "q", "finding", "harm of the margin"],
        (
            [
                escaped(cell.metric),
                score(cell.base_score),
                score(cell.score),
                points(cell.gain),
                interval(cell.interval, cell.margin),
                "-" if cell.q is None else f"{cell.q:.3g}",
                cell.finding or "-",
                excluded[cell.harm_excluded],
            ]
            for cell in cells
        ),
    )
    for drift in run.result.drift:
        if drift.adapter == adapter.name and drift.variant == "gap":
            yield ""
            yield f"Drift (variant gap) from {escaped(drift.target)}: {units(drift.value)} {unit_interval(drift.interval)}."


def _verdict(run: Finished, adapter: Adapter) -> Iterator[str]:
    yield "### Verdict"
    yield ""
    for claim in _claims(run, adapter):
        yield f"- {escaped(claim.metric)}: **{verdict_words(claim)}**: {claim.verdict.sentence}"
    gate = apply_gate(run.result, run.study.gate)
    for one in gate.adapters:
        if one.adapter == adapter.name:
            yield ""
            yield f"Gate: **{one.outcome}**" + "".join(f"; {escaped(reason)}" for reason in one.reasons)


def _reproduce(run: Finished, _: Adapter) -> Iterator[str]:
    text = run.study.text.rstrip("\n")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=2))
    yield "### How to reproduce"
    yield ""
    yield "Save as `study.yaml`, beside the files it names, and run `assay run study.yaml`:"
    yield ""
    yield f"{fence}yaml"
    yield text
    yield fence
    yield ""
    versions = ", ".join(f"{name} {number}" for name, number in run.result.versions.items())
    modes = "; ".join(f"{task} verified by {own.scorer}" for task, own in run.tasks.items())
    yield escaped(f"{modes}. Versions: {versions}.")
