"""What the commands print: tables on a terminal that fit 80 columns, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assay.demo.published import Attainable
from assay.report import Gate, to_json
from assay.report.words import TONES, interval, plain, points, score, unit_interval, units, verdict_words
from assay.verdicts import Result

__all__ = ["show_demo", "show_gate", "show_progress", "show_result", "show_scores", "show_tasks"]

COLOURS = {"good": "green", "bad": "red", "open": "yellow"}


@contextmanager
def show_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar with rate and time left on a terminal; elsewhere a line at every tenth, on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines_of_progress()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True,
    ) as bars:  # fmt: skip
        known: dict[str, Any] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in known:
                known[what] = bars.add_task(plain(what), total=total)
            bars.update(known[what], completed=done)

        yield advance


def _lines_of_progress() -> Callable[[str, int, int], None]:
    printed: dict[str, int] = {}

    def advance(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth > printed.get(what, -1):
            printed[what] = tenth
            sys.stderr.write(f"{plain(what)}: {done:,} of {total:,}\n")

    return advance


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
    if gaps := [drift for drift in result.drift if drift.variant == "gap"]:
        table = _table(
            "Drift (variant gap: mean off-target gain - target gain)", ["adapter", "target", "gap"]
        )
        for drift in gaps:
            value = units(drift.value) + (f" {unit_interval(drift.interval)}" if drift.interval else "")
            table.add_row(
                _text(drift.adapter or f"{drift.recipe} on {drift.base}"), _text(drift.target), value
            )
        console.print(table)
    for label in result.labels:
        if label.configurations > 1:
            console.print(_text(label.statement))
    console.print(_text(result.counts.statement))
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
    _console().print(table)


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
