"""What the commands print: tables on a terminal that fit 80 columns, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assay.cli.progress import show_progress
from assay.demo.published import Attainable
from assay.report import Gate, to_json
from assay.report.soundness import noise_line, silent
from assay.report.words import (
    TONES,
    interval,
    plain,
    points,
    score,
    size,
    unit_interval,
    units,
    verdict_words,
)
from assay.verdicts import Result

__all__ = ["show_demo", "show_gate", "show_progress", "show_result", "show_scores", "show_tasks"]

COLOURS = {"good": "green", "bad": "red", "open": "yellow"}


def show_result(result: Result, folder: Path | None, as_json: bool) -> None:
    """The summary of a run, or the text of its `verdicts.json`."""
    if as_json:
        sys.stdout.write(to_json(result))
        return
    console = _console()
    for part in _verdicts(result):
        console.print(part)
    if result.recipes:
        console.print(_recipes(result))
    console.print(_matrix(result))
    if any(drift.variant == "gap" for drift in result.drift):
        console.print(_drift(result))
    for label in result.labels:
        if label.configurations > 1:
            console.print(_text(label.statement))
    console.print(_text(result.counts.statement))
    for line in _soundness(result):
        console.print(line)
    for warning in result.warnings:
        console.print(Text("warning: ", style="yellow") + _text(warning))
    if folder is not None:
        console.print(_text(f"report: {folder / 'report.html'}"), soft_wrap=True)


def _console() -> Console:
    console = Console()
    # Piped output keeps a fixed width; a narrow terminal keeps its own.
    return console if console.is_terminal else Console(width=80)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        least = 12 if index in (0, len(columns) - 1) and len(columns) < 8 else None
        table.add_column(column, overflow="fold", no_wrap=0 < index < len(columns) - 1, min_width=least)
    return table


def _text(text: str) -> Text:
    return Text(plain(text))


def _coloured(words: str, word: str) -> Text:
    return Text(words, style=COLOURS[TONES.get(word, "open")])


def _verdicts(result: Result) -> Iterator[Table | Text]:
    """A table for each claimed metric, then why anything was not measured."""
    asked = dict.fromkeys((claim.metric, claim.kind) for claim in result.claims)
    promise = {"gains": "gains on", "keeps": "keeps"}
    for metric, kind in asked:
        title = f"Verdicts: {promise[kind]} {plain(metric)} (in points)"
        table = _table(title, ["adapter", "base", "score", "gain", "interval", "verdict"])
        for claim in result.claims:
            if (claim.metric, claim.kind) == (metric, kind):
                table.add_row(
                    _text(claim.adapter),
                    score(claim.base_score),
                    score(claim.score),
                    points(claim.gain),
                    interval(claim.interval),
                    _coloured(verdict_words(claim), claim.verdict),
                )
        yield table
    reasons: dict[tuple[str, str], list[str]] = {}
    for claim in result.claims:
        if claim.reason:
            reasons.setdefault((claim.verdict, claim.reason), []).append(claim.adapter)
    for (verdict, reason), adapters in reasons.items():
        yield _text(f"{verdict}: {', '.join(dict.fromkeys(adapters))}: {reason}")


def _recipes(result: Result) -> Table:
    table = _table("Recipes, seeds as a random effect", ["recipe", "seeds", "gain", "interval", "verdict"])
    for recipe in result.recipes:
        table.add_row(
            _text(f"{recipe.recipe} on {recipe.base}: {recipe.kind} {recipe.metric}"),
            str(len(recipe.seeds)),
            points(recipe.gain),
            interval(recipe.interval),
            _coloured(verdict_words(recipe), recipe.verdict),
        )
    return table


def _matrix(result: Result) -> Table:
    """All metrics where they fit, else the first of each task: the page has the others."""
    metrics = result.matrix.metrics
    title = "Matrix"
    if len(metrics) > 4:
        title = "Matrix of primary metrics"
        metrics = tuple({metric.rpartition(".")[0]: metric for metric in reversed(metrics)}.values())[::-1]
    table = _table(
        title, ["subject", *(metric.replace(".", ".\n", 1).replace("_", "_\n") for metric in metrics)]
    )
    for row in result.matrix.rows:
        table.add_row(_text(row.subject), *(score(row.scores[metric]) for metric in metrics))
    return table


def _drift(result: Result) -> Table:
    table = _table("Drift (variant gap: mean off-target gain - target gain)", ["adapter", "target", "gap"])
    for drift in result.drift:
        if drift.variant == "gap":
            value = units(drift.value) + (f" {unit_interval(drift.interval)}" if drift.interval else "")
            table.add_row(
                _text(drift.adapter or f"{drift.recipe} on {drift.base}"), _text(drift.target), value
            )
    return table


def _soundness(result: Result) -> Iterator[Text]:
    """The noise floor of each task, adapters that are not applied or seem not to be, and preflight's findings.

    What stands beside a verdict or among the warnings is not said twice.
    """
    for floor in result.noise_floor or ():
        if not floor.warning or not any(text.endswith(floor.warning) for text in result.warnings):
            yield Text("noise floor: ") + _text(noise_line(floor))
    told = [text for text in (*(claim.reason for claim in result.claims), *result.warnings) if text]
    for entry in result.applied:
        if not entry.alive and not (entry.reason and any(text.endswith(entry.reason) for text in told)):
            yield Text("not applied: ", style="red") + _text(
                f"{entry.adapter}: {entry.reason or 'no reason'}"
            )
        elif silent(entry):
            change = f"logits move by {size(entry.largest)} at most, KL {size(entry.divergence)}"
            yield Text("in doubt: ", style="yellow") + _text(
                f"{entry.adapter} changes no response to a probe prompt ({change})"
            )
    for problem in result.problems:
        if not any(problem.endswith(text) for text in told):
            yield Text("preflight: ", style="yellow") + _text(problem)


def show_gate(gate: Gate) -> None:
    """Each adapter's outcome, with every rule that keeps it from passing."""
    console = _console()
    for adapter in gate.adapters:
        console.print(_coloured(f"{adapter.outcome:9}", adapter.outcome) + Text(" ") + _text(adapter.adapter))
        for reason in adapter.reasons:
            console.print(Text("          ") + _text(reason))
    console.print(Text("gate: ") + _coloured(gate.outcome, gate.outcome))


def show_scores(task: str, totals: Mapping[str, float | int]) -> None:
    """Totals of a judged file."""
    table = _table(task, ["metric", "value"])
    for name, value in totals.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else f"{value:.4f}")
    _console().print(table)


def show_tasks(listed: Sequence[Mapping[str, Any]]) -> None:
    """The tasks, their metrics (primary first) and where their data comes from."""
    table = _table("Tasks (the first metric is the primary one)", ["task", "capability", "metrics", "data"])
    for column in table.columns:
        column.no_wrap = False
    for task in listed:
        table.add_row(
            task["task"],
            task["capability"],
            "\n".join(task["metrics"]),
            f"`{task['data']}`: {task['source']}",
        )
    console = _console()
    console.print(table)
    for task in listed:
        if asked := _asked(task):
            console.print(_text(f"{task['task']}: {asked}"))


def _asked(task: Mapping[str, Any]) -> str:
    """A task's defaults where the study says nothing else; what is not told is left out."""
    said = [f"max_tokens {task['max_tokens']}"] if "max_tokens" in task else []
    unframed = [f"shots {task['shots']}"] if task.get("shots") else []
    if task.get("stop"):
        unframed.append(f"stop {', '.join(json.dumps(text, ensure_ascii=False) for text in task['stop'])}")
    if unframed:
        said.append(f"without a chat template {', '.join(unframed)}")
    return "; ".join(said)


def show_demo(attainable: Sequence[Attainable]) -> None:
    """Which sizes the published figures can come from, and which verdicts those sizes leave open."""
    table = _table(
        "Could one run have given these figures? Sizes n at which both are some k/n",
        ["metric", "half rounds", "attainable n", "verdicts open over every (b, c)"],
    )
    for column in table.columns:
        column.no_wrap = False
    for entry in attainable:
        sizes = ", ".join(map(str, entry.sizes[:5])) + (", ..." if len(entry.sizes) > 5 else "")
        if entry.whole is not None:
            sizes += f" ({'also' if entry.whole in entry.sizes else 'not'} {entry.whole}, all of IFEval)"
        words = "\n".join(f"n >= {n}: {' or '.join(words)}" for n, words in entry.verdicts)
        table.add_row(
            _text(entry.metric),
            entry.rounding.removeprefix("half_"),
            sizes,
            words or "none: instructions nest in prompts",
        )
    console = _console()
    console.print(table)
    console.print(
        "Averages over several runs need not be k/n. No verdict is claimed here: the figures are aggregates, "
        "and a verdict needs each prompt's pass or fail."
    )
