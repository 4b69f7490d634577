"""Prints the output of commands: tables of at most 80 columns on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table
from rich.text import Text

from assay.cli.tables import console, notes_table, table, text
from assay.report import Gate, to_json
from assay.report.gate import Outcome
from assay.report.text.diagnostics import engine_noise_line, noise_line, silent
from assay.report.text.numbers import interval, points, score, size, unit_interval, units
from assay.report.text.verdicts import against_words, matrix_statement, pool_words
from assay.stats import Verdict
from assay.text import plain
from assay.verdicts import ClaimResult, Result

__all__ = ["show_gate", "show_result"]

COLOURS = {"good": "green", "bad": "red", "open": "yellow"}
EXPLAINED = "docs/how-to/reading-a-report.md"
"""The page that explains the notes below the tables."""


def show_result(result: Result, folder: Path | None, as_json: bool) -> None:
    """The summary of a run, or the text of its `verdicts.json`."""
    if as_json:
        sys.stdout.write(to_json(result))
        return
    screen = console()
    for section in (_verdicts, _recipes, _matrix, _drift, _statements):
        for part in section(result):
            screen.print(part)
    if notes := list(_diagnostics(result)):
        screen.print(Text(f"\nBefore you believe it (explained in {EXPLAINED})", style="bold"))
        screen.print(notes_table(notes))
    if folder is not None:
        screen.print(text(f"report: {folder / 'report.html'}"), soft_wrap=True)


def _coloured(words: str, word: Verdict | Outcome) -> Text:
    return Text(words, style=COLOURS[word.tone])


def _verdicts(result: Result) -> Iterator[Table | Text]:
    """A table for each claimed metric, what its words mean, why anything was not measured, and the counts of the study."""
    promise = {"gains": "gains on", "keeps": "keeps"}
    for metric, kind, against in dict.fromkeys(map(_table_of, result.claims)):
        other = f" against {plain(against)}" if against else ""
        title = f"Verdicts: {promise[kind]} {plain(metric)}{other} (in points)"
        claims = [claim for claim in result.claims if _table_of(claim) == (metric, kind, against)]
        prompts = ["prompts"] if any(claim.stop for claim in claims) else []
        yield table(
            title,
            ["adapter", *prompts, "reference" if against else "base", "score", "gain", "interval", "verdict"],
            right=1,
            rows=(
                [
                    text(claim.adapter),
                    *(f"{claim.stop.n:,} of {claim.stop.pool:,}" if claim.stop else "-" for _ in prompts),
                    score(claim.base_score),
                    score(claim.score),
                    points(claim.gain),
                    interval(claim.interval, claim.margin),
                    _coloured(claim.words, claim.verdict),
                ]
                for claim in claims
            ),
        )
    for claim in result.claims:
        if claim.pool and claim.stop:
            yield text(f"{claim.adapter}: {pool_words(claim.pool, claim.stop)}")
    words = dict.fromkeys(claim.verdict for claim in result.claims)
    yield notes_table((_coloured(word, word), Text(word.sentence)) for word in words)
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for claim in result.claims:
        if claim.reason:
            reasons.setdefault((claim.verdict, claim.reason), {})[claim.adapter] = None
    for (verdict, reason), adapters in reasons.items():
        yield text(f"{', '.join(adapters)} ({verdict}): {reason}")
    yield from (Text(), text(result.counts.statement), Text())


def _table_of(claim: ClaimResult) -> tuple[str, str, str | None]:
    """Claims with the same go into one table."""
    return claim.metric, claim.kind, claim.against


def _recipes(result: Result) -> Iterator[Table]:
    if result.recipes:
        yield table(
            "Recipes, seeds as a random effect",
            ["recipe", "seeds", "gain", "interval", "verdict"],
            right=1,
            rows=(
                [
                    text(
                        f"{recipe.name} on {recipe.base}: {recipe.kind} {recipe.metric} {against_words(recipe)}"
                    ),
                    str(len(recipe.seeds)),
                    points(recipe.gain),
                    interval(recipe.interval, recipe.margin),
                    _coloured(recipe.words, recipe.verdict),
                ]
                for recipe in result.recipes
            ),
        )


def _matrix(result: Result) -> Iterator[Table | Text]:
    """All metrics where they fit, else the first of each task: the page has the others."""
    metrics = result.matrix.metrics
    title = "Matrix"
    if len(metrics) > 4:
        title = "Matrix of primary metrics"
        metrics = tuple({metric.rpartition(".")[0]: metric for metric in reversed(metrics)}.values())[::-1]
    yield table(
        title,
        ["subject", *(metric.replace(".", ".\n", 1).replace("_", "_\n") for metric in metrics)],
        rows=(
            [text(row.subject), *(score(row.scores[metric]) for metric in metrics)]
            for row in result.matrix.rows
        ),
    )
    if statement := matrix_statement(result):
        yield from (text(statement), Text())


def _drift(result: Result) -> Iterator[Table]:
    gaps = [drift for drift in result.drift if drift.variant == "gap"]
    if gaps:
        yield table(
            "Drift (variant gap: mean off-target gain minus target gain)",
            ["adapter", "target", "gap"],
            left=2,
            rows=(
                [
                    text(drift.name if drift.adapter else f"{drift.name} on {drift.base}"),
                    text(f"{drift.target} {against_words(drift)}"),
                    units(drift.value) + (f" {unit_interval(drift.interval)}" if drift.interval else ""),
                ]
                for drift in gaps
            ),
        )


def _statements(result: Result) -> Iterator[Text]:
    yield from (text(label.statement) for label in result.labels if label.configurations > 1)


def _diagnostics(result: Result) -> Iterator[tuple[Text, Text]]:
    """Each task's noise floor, adapters that are not applied or seem not to be, preflight's findings, warnings.

    What is written beside a verdict or in a warning is not repeated.
    """
    written = [text for text in (*(claim.reason for claim in result.claims), *result.warnings) if text]
    yield from _noise(result)
    for entry in result.applied:
        if not entry.alive and not (entry.reason and any(why.endswith(entry.reason) for why in written)):
            yield Text("not applied:", style="red"), text(f"{entry.adapter}: {entry.reason or 'no reason'}")
        elif silent(entry):
            change = f"it changes logits by {size(entry.largest)} at most, KL {size(entry.divergence)}"
            changes = f"{entry.adapter} changes no response to a probe prompt ({change})"
            yield Text("in doubt:", style="yellow"), text(changes)
    for problem in result.problems:
        if not any(problem.endswith(why) for why in written):
            yield Text("preflight:", style="yellow"), text(problem)
    for warning in result.warnings:
        yield Text("warning:", style="yellow"), text(warning)


def _noise(result: Result) -> Iterator[tuple[Text, Text]]:
    """How far answers change by themselves; bases that never differed from themselves share a line."""
    still: dict[tuple[str, int], list[str]] = {}
    for floor in result.noise_floor or ():
        if not floor.warning and floor.differ == 0:
            still.setdefault((floor.base, floor.n), []).append(floor.task)
        elif not floor.warning or not any(warning.endswith(floor.warning) for warning in result.warnings):
            yield Text("noise floor:"), text(noise_line(floor))
    for (base, n), tasks in still.items():
        yield Text("noise floor:"), text(f"{base} on {', '.join(tasks)}: 0 of {n:,} responses differ")
    for twice in result.engine_noise:
        yield Text("noise:"), text(engine_noise_line(twice))


def show_gate(gate: Gate) -> None:
    """Each adapter's outcome, why it does not pass, and what does not pass of its advisory tasks."""
    screen = console()
    rows: list[tuple[Text, Text]] = []
    for adapter in gate.adapters:
        champion = " (the champion: not counted)" if adapter.champion else ""
        rows.append((_coloured(adapter.outcome, adapter.outcome), text(f"{adapter.adapter}{champion}")))
        rows += [(Text(), text(reason)) for reason in adapter.reasons]
        rows += [(Text(), text(f"advisory: {advice}")) for advice in adapter.advice]
    screen.print(notes_table(rows))
    screen.print(Text("gate: ") + _coloured(gate.outcome, gate.outcome))
