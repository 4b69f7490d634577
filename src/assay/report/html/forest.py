"""The forest plot: positions of gains with intervals, by recipe and seed. It draws nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assay.plan import Plan, step_words
from assay.report.html.scale import Axis, axis
from assay.report.text.numbers import interval, points
from assay.verdicts import Cell, ClaimResult, RecipeResult, Result
from assay.verdicts.result import Interval

__all__ = ["Forest", "ForestRow", "Mark", "forest", "mark_of"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A gain with its interval, placed."""

    gain: float
    interval: Interval | None
    at: float
    """Percent of the width, as for the two ends."""
    low: float
    high: float
    margin: tuple[float, float]
    """Positions of minus the margin and of the margin."""
    words: str
    """Text for a screen reader."""
    verdict: str | None


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A recipe over its seeds, or one adapter."""

    name: str
    kind: Literal["recipe", "seed", "adapter"]
    base: str
    note: str
    """`seed 2`, `3 seeds`."""
    marks: tuple[Mark | None, ...]
    """In the order of the metrics."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Rows by base and recipe; one column a metric, all on one axis."""

    metrics: tuple[str, ...]
    axis: Axis
    rows: tuple[ForestRow, ...]
    seeds: bool
    """Some recipe has several."""


def forest(result: Result, plan: Plan, primaries: Sequence[str]) -> Forest | None:
    """Gains on claimed and primary metrics; None where nothing has an interval."""
    wanted = {*primaries, *(claim.metric for claim in result.claims)}
    everything: list[ClaimResult | Cell] = [*result.cells, *result.claims]
    found: dict[tuple[str, str], ClaimResult | Cell] = {
        (entry.adapter, entry.metric): entry
        for entry in everything
        if entry.interval is not None and entry.metric in wanted and entry.against is None
    }
    recipes = {
        (entry.recipe, entry.base, entry.step, entry.metric): entry
        for entry in result.recipes
        if entry.against is None
    }
    claimed = [claim.metric for claim in result.claims]
    metrics = tuple(
        metric for metric in dict.fromkeys([*claimed, *primaries]) if any(key[1] == metric for key in found)
    )
    if not metrics:
        return None
    entries: list[ClaimResult | Cell | RecipeResult] = [*found.values(), *recipes.values()]
    ends = [end for entry in entries if entry.interval for end in entry.interval]
    scale = axis(ends, max(entry.margin for entry in entries), 4 if len(metrics) > 2 else 7)
    rows = tuple(_rows(plan, metrics, found, recipes, scale))
    return Forest(metrics, scale, rows, any(row.kind == "recipe" for row in rows))


def _rows(
    plan: Plan,
    metrics: Sequence[str],
    found: Mapping[tuple[str, str], ClaimResult | Cell],
    recipes: Mapping[tuple[str, str, int | None, str], RecipeResult],
    scale: Axis,
) -> Iterator[ForestRow]:
    groups = dict.fromkeys(adapter.replicated for adapter in plan.adapters)
    order = {base.name: place for place, base in enumerate(plan.bases)}
    for recipe, base, step in sorted(groups, key=lambda group: order[group[1]]):
        members = [a for a in plan.adapters if a.replicated == (recipe, base, step)]
        over = [recipes.get((recipe, base, step, metric)) for metric in metrics]
        if any(over):
            marks = tuple(mark_of(entry, scale) for entry in over)
            yield ForestRow(step_words(recipe, step), "recipe", base, f"{len(members)} seeds", marks)
        for adapter in members:
            marks = tuple(mark_of(found.get((adapter.name, metric)), scale) for metric in metrics)
            note = "" if adapter.seed is None else f"seed {adapter.seed}"
            yield ForestRow(adapter.name, "seed" if any(over) else "adapter", base, note, marks)


def mark_of(entry: ClaimResult | Cell | RecipeResult | None, scale: Axis) -> Mark | None:
    """A gain on an axis; None where it has no interval."""
    if entry is None or entry.gain is None or entry.interval is None:
        return None
    low, high = entry.interval
    verdict = None if isinstance(entry, Cell) else entry.verdict
    words = f"{points(entry.gain)} {interval(entry.interval, entry.margin)}" + (
        f", {verdict}" if verdict else ""
    )
    margin = (scale.at(-entry.margin), scale.at(entry.margin))
    return Mark(
        entry.gain,
        entry.interval,
        scale.at(entry.gain),
        scale.at(low),
        scale.at(high),
        margin,
        words,
        verdict,
    )
