"""What the commands print: tables on a terminal that fit 80 columns, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from assay.cli.tables import console, table, text
from assay.demo.published import Attainable
from assay.report import Gate, to_json
from assay.report.gate import Outcome
from assay.report.text.diagnostics import noise_line, silent
from assay.report.text.numbers import interval, points, score, size, unit_interval, units
from assay.report.text.verdicts import matrix_statement, pool_words, verdict_words
from assay.stats import Verdict
from assay.text import plain
from assay.verdicts import Result

__all__ = ["show_demo", "show_gate", "show_result", "show_scores", "show_tasks"]

COLOURS = {"good": "green", "bad": "red", "open": "yellow"}


def show_result(result: Result, folder: Path | None, as_json: bool) -> None:
    """The summary of a run, or the text of its `verdicts.json`."""
    if as_json:
        sys.stdout.write(to_json(result))
        return
    screen = console()
    for part in (*_verdicts(result), *_recipes(result), *_matrix(result)):
        screen.print(part)
    if any(drift.variant == "gap" for drift in result.drift):
        screen.print(_drift(result))
    for label in result.labels:
        if label.configurations > 1:
            screen.print(text(label.statement))
    screen.print(text(result.counts.statement))
    for line in _soundness(result):
        screen.print(line)
    for warning in result.warnings:
        screen.print(Text("warning: ", style="yellow") + text(warning))
    if folder is not None:
        screen.print(text(f"report: {folder / 'report.html'}"), soft_wrap=True)


def _coloured(words: str, word: Verdict | Outcome) -> Text:
    return Text(words, style=COLOURS[word.tone])


def _verdicts(result: Result) -> Iterator[Table | Text]:
    """A table for each claimed metric, then why anything was not measured."""
    asked = dict.fromkeys((claim.metric, claim.kind) for claim in result.claims)
    promise = {"gains": "gains on", "keeps": "keeps"}
    for metric, kind in asked:
        title = f"Verdicts: {promise[kind]} {plain(metric)} (in points)"
        claims = [claim for claim in result.claims if (claim.metric, claim.kind) == (metric, kind)]
        prompts = ["prompts"] if any(claim.stop for claim in claims) else []
        made = table(title, ["adapter", *prompts, "base", "score", "gain", "interval", "verdict"], right=1)
        for claim in claims:
            made.add_row(
                text(claim.adapter),
                *([f"{claim.stop.n:,} of {claim.stop.pool:,}" if claim.stop else "-"] if prompts else []),
                score(claim.base_score),
                score(claim.score),
                points(claim.gain),
                interval(claim.interval, claim.margin),
                _coloured(verdict_words(claim), claim.verdict),
            )
        yield made
    for claim in result.claims:
        if claim.pool and claim.stop:
            yield text(f"{claim.adapter}: {pool_words(claim.pool, claim.stop)}")
    reasons: dict[tuple[str, str], list[str]] = {}
    for claim in result.claims:
        if claim.reason:
            reasons.setdefault((claim.verdict, claim.reason), []).append(claim.adapter)
    for (verdict, reason), adapters in reasons.items():
        yield text(f"{verdict}: {', '.join(dict.fromkeys(adapters))}: {reason}")


def _recipes(result: Result) -> Iterator[Table]:
    if not result.recipes:
        return
    made = table(
        "Recipes, seeds as a random effect", ["recipe", "seeds", "gain", "interval", "verdict"], right=1
    )
    for recipe in result.recipes:
        made.add_row(
            text(f"{recipe.recipe} on {recipe.base}: {recipe.kind} {recipe.metric}"),
            str(len(recipe.seeds)),
            points(recipe.gain),
            interval(recipe.interval, recipe.margin),
            _coloured(verdict_words(recipe), recipe.verdict),
        )
    yield made


def _matrix(result: Result) -> Iterator[Table | Text]:
    """All metrics where they fit, else the first of each task: the page has the others."""
    metrics = result.matrix.metrics
    title = "Matrix"
    if len(metrics) > 4:
        title = "Matrix of primary metrics"
        metrics = tuple({metric.rpartition(".")[0]: metric for metric in reversed(metrics)}.values())[::-1]
    made = table(
        title, ["subject", *(metric.replace(".", ".\n", 1).replace("_", "_\n") for metric in metrics)]
    )
    for row in result.matrix.rows:
        made.add_row(text(row.subject), *(score(row.scores[metric]) for metric in metrics))
    yield made
    if own := matrix_statement(result):
        yield text(own)


def _drift(result: Result) -> Table:
    made = table(
        "Drift (variant gap: mean off-target gain - target gain)", ["adapter", "target", "gap"], left=2
    )
    for drift in result.drift:
        if drift.variant == "gap":
            value = units(drift.value) + (f" {unit_interval(drift.interval)}" if drift.interval else "")
            made.add_row(text(drift.adapter or f"{drift.recipe} on {drift.base}"), text(drift.target), value)
    return made


def _soundness(result: Result) -> Iterator[Text]:
    """The noise floor of each task, adapters that are not applied or seem not to be, and preflight's findings.

    What stands beside a verdict or among the warnings is not said twice.
    """
    for floor in result.noise_floor or ():
        if not floor.warning or not any(told.endswith(floor.warning) for told in result.warnings):
            yield Text("noise floor: ") + text(noise_line(floor))
    told = [why for why in (*(claim.reason for claim in result.claims), *result.warnings) if why]
    for entry in result.applied:
        if not entry.alive and not (entry.reason and any(why.endswith(entry.reason) for why in told)):
            yield Text("not applied: ", style="red") + text(f"{entry.adapter}: {entry.reason or 'no reason'}")
        elif silent(entry):
            change = f"logits move by {size(entry.largest)} at most, KL {size(entry.divergence)}"
            yield Text("in doubt: ", style="yellow") + text(
                f"{entry.adapter} changes no response to a probe prompt ({change})"
            )
    for problem in result.problems:
        if not any(problem.endswith(why) for why in told):
            yield Text("preflight: ", style="yellow") + text(problem)


def show_gate(gate: Gate) -> None:
    """Each adapter's outcome, with every rule that keeps it from passing."""
    screen = console()
    for adapter in gate.adapters:
        screen.print(_coloured(f"{adapter.outcome:9}", adapter.outcome) + Text(" ") + text(adapter.adapter))
        for reason in adapter.reasons:
            screen.print(Text("          ") + text(reason))
    screen.print(Text("gate: ") + _coloured(gate.outcome, gate.outcome))


def show_scores(task: str, totals: Mapping[str, float | int]) -> None:
    """Totals of a judged file."""
    made = table(task, ["metric", "value"])
    for name, value in totals.items():
        made.add_row(name, f"{value:,}" if isinstance(value, int) else f"{value:.4f}")
    console().print(made)


def show_tasks(listed: Sequence[Mapping[str, Any]]) -> None:
    """The tasks, their metrics (primary first) and where their data comes from."""
    made = table(
        "Tasks (the first metric is the primary one)", ["task", "capability", "metrics", "data"], left=4
    )
    for task in listed:
        made.add_row(
            task["task"],
            task["capability"],
            "\n".join(task["metrics"]),
            f"`{task['data']}`: {task['source']}",
        )
    screen = console()
    screen.print(made)
    for task in listed:
        if asked := _asked(task):
            screen.print(text(f"{task['task']}: {asked}"))


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
    made = table(
        "Could one run have given these figures? Sizes n at which both are some k/n",
        ["metric", "half rounds", "attainable n", "verdicts open over every (b, c)"],
        left=4,
    )
    for entry in attainable:
        sizes = ", ".join(map(str, entry.sizes[:5])) + (", ..." if len(entry.sizes) > 5 else "")
        if entry.whole is not None:
            sizes += f" ({'also' if entry.whole in entry.sizes else 'not'} {entry.whole}, all of IFEval)"
        words = "\n".join(f"n >= {n}: {' or '.join(words)}" for n, words in entry.verdicts)
        made.add_row(
            text(entry.metric),
            entry.rounding.removeprefix("half_"),
            sizes,
            words or "none: instructions nest in prompts",
        )
    screen = console()
    screen.print(made)
    screen.print(
        "Averages over several runs need not be k/n. No verdict is claimed here: the figures are aggregates, "
        "and a verdict needs each prompt's pass or fail."
    )
