"""`assay plan`: power, cost and time of a study, where a run may stop, and what these figures leave out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from assay.cli.app import EngineName, EngineOptions, Json, StudyFile, parse_options, print_json
from assay.cli.tables import console, table, text

if TYPE_CHECKING:
    from assay.planning import (
        Early,
        EarlyCost,
        Forecast,
        Length,
        MetricPower,
        Pilot,
        PilotMetric,
        RecipePower,
    )

__all__ = ["plan"]

RARE = 0.01
"""Of simulated runs: words that fewer end with are left to `--json`."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What the figures assume."""

    discordance: Annotated[
        list[float] | None,
        typer.Option(
            help="A share of prompts on which adapter and base may differ; may be repeated. By default 0.1, 0.2 and 0.3."
        ),
    ] = None
    seed_sd: Annotated[
        float | None,
        typer.Option(
            help="The standard deviation of the true gain between seeds of one recipe; by default 0.03."
        ),
    ] = None
    pilot: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="The folder of a small run of the same tasks, to learn both from."),
    ] = None


def plan(
    study: StudyFile,
    assumed: Assumed,
    trial: Annotated[
        bool,
        typer.Option("--trial", help="Load the base and generate a few responses, to estimate the run time."),
    ] = False,
    engine: EngineName = None,
    option: EngineOptions = None,
    json: Json = False,
) -> None:
    """Say what a study can find out, and what it costs. Nothing is generated unless `--trial` is given."""
    from assay.audit import plan as plan_study
    from assay.cli.progress import show_progress
    from assay.planning import Guesses
    from assay.study import load_study

    seed_sd, given = assumed.seed_sd, assumed.discordance
    guesses = Guesses(tuple(given), seed_sd) if given else Guesses(seed_sd=seed_sd)
    loaded = load_study(study).with_engine(engine, parse_options(option))
    with show_progress() as progress:
        planned = plan_study(loaded, trial, progress=progress, guesses=guesses, pilot=assumed.pilot)
    if json:
        print_json(asdict(planned))
    else:
        _show(planned)


def _show(plan: Forecast) -> None:
    screen = console()
    if plan.pilot:
        screen.print(Group(*_pilot(plan.pilot)))
    screen.print(Group(*_power(plan)))
    for _, alike in groupby(sorted(plan.recipes, key=_assumed), _assumed):
        screen.print(Group(*_recipes(tuple(alike))))
    if plan.cost:
        screen.print(Group(*_cost(plan)))
    if plan.early:
        screen.print(*([Text()] if plan.cost else []), Group(*_early(plan.early)), sep="\n")
    for note in plan.notes:
        screen.print(Text("note: ", style="yellow") + text(note))


def _pilot(pilot: Pilot) -> Iterator[Table | Text]:
    made = table(
        f"Pilot: {pilot.study}", ["metric", "adapters", "prompts", "discordance", "range", "intervals"]
    )
    for found in pilot.metrics:
        cells = found.cells
        ends = min(cell.interval[0] for cell in cells), max(cell.interval[1] for cell in cells)
        made.add_row(
            text(found.metric),
            str(len(cells)),
            _span(min(cell.prompts for cell in cells), max(cell.prompts for cell in cells)),
            f"{found.discordance:.2f}",
            f"{found.low:.2f} to {found.high:.2f}",
            f"{ends[0]:.2f} to {ends[1]:.2f}",
        )
    yield made
    yield text(
        "Discordance: mean over adapters; range: least and largest, of one adapter its interval; intervals: the "
        "outermost ends of each adapter's 90 % interval."
    )
    yield from (text(_seeds(found)) for found in pilot.metrics if found.seeds)
    yield from (text(_length(length)) for length in pilot.lengths)
    yield Text()


def _span(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"


def _seeds(found: PilotMetric) -> str:
    if found.seeds is None:
        return ""
    recipes = "1 recipe" if found.seeds.recipes == 1 else f"{found.seeds.recipes} recipes"
    return (
        f"Seeds of {recipes} on {found.metric}: sd {_points(found.seeds.sd)} points. So few can raise the assumed "
        f"spread, not lower it; `--seed-sd` sets it."
    )


def _length(length: Length) -> str:
    sides = (("the base", length.base), ("adapters", length.adapters))
    means = ", ".join(f"{who} {mean:,.0f}" for who, mean in sides if mean is not None)
    return f"Mean tokens of a response to {length.task}: {means}."


def _power(plan: Forecast) -> Iterator[Table | Text]:
    for power in plan.power:
        prompts = "prompts unknown" if power.prompts is None else f"{power.prompts:,} prompts"
        made = table(
            f"Power: {power.kind} {power.metric}, {prompts}, margin {_points(power.margin)} points",
            ["discordance", "detectable, points", "prompts to show", "prompts to exclude"],
        )
        for row in power.rows:
            shown = "-" if row.to_show is None else f"{row.to_show:,}"
            found = "-" if power.prompts is None else _points(row.detectable)
            made.add_row(f"{row.discordance:.3g}", found, shown, f"{row.to_exclude:,}")
        yield made
        yield text(_level(power))
        yield Text()
    yield text(
        "Discordance: the share of prompts on which adapter and base differ. Detectable: the smallest true "
        "change that is shown with probability 0.8. To show, to exclude: prompts that show a true gain of "
        "the margin, or exclude it where the truth is 0, with that probability."
    )
    yield Text()


def _level(power: MetricPower) -> str:
    from assay.report.text.numbers import confidence

    of = f"{power.claims} claims, each" if power.claims > 1 else "1 claim,"
    checks = "" if power.checks == 1 else f" A prompt has {power.checks:.2f} checks."
    return f"{of} judged by its {confidence(power.level)} interval: one-sided {power.alpha:.3g}.{checks}"


def _assumed(power: RecipePower) -> tuple[float, float]:
    return power.seed_sd, power.discordance


def _recipes(recipes: tuple[RecipePower, ...]) -> Iterator[Table | Text]:
    one = recipes[0]
    made = table(
        f"Recipes over seeds: detectable, points (seed sd {_points(one.seed_sd)}, discordance {one.discordance:.3g})",
        ["recipes", "seeds", "now", "twice the prompts", "twice the seeds"],
    )
    for power in recipes:
        names = ", ".join(power.recipes[:3]) + (
            f" and {more} more" if (more := len(power.recipes) - 3) > 0 else ""
        )
        made.add_row(
            text(f"{names}: {power.kind} {power.metric}"),
            str(power.seeds),
            *(_points(gain) for gain in (power.detectable, power.twice_prompts, power.twice_seeds)),
        )
    yield made
    advices = dict.fromkeys(power.advice for power in recipes)
    for power in recipes if len(advices) > 1 else recipes[:1]:
        where = f"{power.seeds} seeds on {power.metric}: " if len(advices) > 1 else ""
        yield text(where + power.advice)
    yield Text()


def _cost(plan: Forecast) -> Iterator[Table | Text]:
    if plan.cost is None:
        return
    made = table(
        "Cost of a run to the end" if plan.early and plan.early.stated else "Cost",
        ["task", "subjects", "prompts", "samples", "responses", "longest, tokens"],
    )
    for task in plan.cost.tasks:
        numbers = (task.subjects, task.prompts, task.samples, task.responses, task.max_tokens)
        made.add_row(text(task.task), *(f"{number:,}" for number in numbers))
    yield made
    about = "" if plan.cost.exact else "About "
    expected = plan.cost.expected
    foretold = "" if expected is None else f", {expected:,} if they are as long as the pilot's"
    yield text(
        f"{about}{plan.cost.responses:,} responses, {plan.cost.longest:,} tokens at most{foretold}; the base's second "
        f"pass for the noise floor is among them."
    )
    for trial in plan.trials:
        yield text(
            f"Trial of {trial.base}: loaded in {duration(trial.loading)}, {trial.responses} responses at once, "
            f"{trial.read:,.0f} characters of prompts a second, {trial.written:,.1f} tokens a second."
        )
    if plan.time and plan.time.expected is not None:
        yield text(
            f"Time here, to generate: {duration(plan.time.expected)} if responses are as long as the pilot's, "
            f"{duration(plan.time.high)} if they use all tokens that they may use."
        )
    elif plan.time:
        yield text(
            f"Time here, to generate: {duration(plan.time.low)} if responses use a quarter of the tokens that they may use, "
            f"{duration(plan.time.high)} if they use all."
        )


def _early(early: Early) -> Iterator[Table | Text]:
    if not early.stated:
        saves = any(cost.share < 1 - RARE for cost in early.costs)
        yield from [text(_until(early.costs))] if saves else []
        return
    for _, rows in groupby(early.stops, lambda one: (one.metric, one.kind, one.margin, one.alpha)):
        stops = tuple(rows)
        one = stops[-1]
        made = table(
            f"Where a run stops: {one.kind} {one.metric}, one-sided {one.alpha:.3g}",
            ["true gain, points", "discordance", "asked", "ends with"],
            left=0,
            right=1,
        )
        for stop in stops:
            often = {word: share for word, share in stop.words.items() if share >= RARE}
            words = ", ".join(f"{word} {_percent(share)}" for word, share in often.items())
            made.add_row(_points(stop.gain), f"{stop.discordance:.3g}", _percent(stop.share), words)
        yield made
    yield text(
        f"Asked: the share of {_pools(early)} prompts that an adapter is asked, on average over simulated runs; looks "
        f"after {early.first} prompts, then every {early.every} ({early.design})."
    )
    if early.costs:
        yield Text()
        yield _early_cost(early.costs)
        yield text(
            "If every claim has that true gain: the base goes as far as its furthest adapter, and what is not claimed "
            "as far as the study says. Adapters are taken to stop independently of each other."
        )


def _pools(early: Early) -> str:
    return " or ".join(f"{pool:,}" for pool in dict.fromkeys(stop.prompts for stop in early.stops))


def _until(costs: Sequence[EarlyCost]) -> str:
    shares = ", ".join(f"{_percent(cost.share)} at {cost.margins:g}" for cost in costs)
    return f"With `assay run --until decided`, a part of these tokens: {shares} (true gain of every claim, in margins)."


def _early_cost(costs: Sequence[EarlyCost]) -> Table:
    foretold = costs[0].expected is not None
    timed = costs[0].high is not None
    made = table(
        "Cost with an early stop",
        [
            "true gain, margins",
            "responses",
            "tokens, as the pilot's" if foretold else "tokens, at most",
            "of the whole",
            *(["time"] if timed else []),
        ],
        left=0,
    )
    for cost in costs:
        time = cost.high if cost.expected_time is None else cost.expected_time
        made.add_row(
            f"{cost.margins:g}",
            f"{cost.responses:,}",
            f"{cost.longest if cost.expected is None else cost.expected:,}",
            _percent(cost.share),
            *([duration(time)] if time is not None else []),
        )
    return made


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _points(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.1f}".removesuffix(".0")


def duration(seconds: float) -> str:
    """`40 s`, `6 min`, `2.5 h`, `30 h`: as rough as it is known."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    size, unit = (60, "min") if seconds < 90 * 60 else (3600, "h")
    return f"{seconds / size:.{0 if seconds >= 10 * size else 1}f} {unit}"
