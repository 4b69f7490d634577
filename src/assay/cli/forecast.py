"""What `assay plan` prints: a pilot, power, cost and time, where a run may stop, and what these figures leave out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group
from rich.table import Table
from rich.text import Text

from assay.cli.tables import console, table, text
from assay.planning import (
    Early,
    EarlyCost,
    ExpectedStop,
    Forecast,
    Length,
    MetricPower,
    Pilot,
    PilotMetric,
    RecipePower,
)
from assay.report.text.numbers import confidence
from assay.runs.training_data import TrainingData
from assay.stats import FEWEST_REPEATED
from assay.text import plain

__all__ = ["duration", "show_forecast", "training_lines"]

RARE = 0.01
"""Of simulated runs: words that fewer end with are left to `--json`."""


def show_forecast(forecast: Forecast) -> None:
    """Print a forecast."""
    screen = console()
    if forecast.pilot:
        screen.print(Group(*_pilot(forecast.pilot)))
    screen.print(Group(*_power(forecast)))
    for _, alike in groupby(sorted(forecast.recipes, key=_assumed), _assumed):
        screen.print(Group(*_recipes(tuple(alike))))
    if forecast.cost:
        screen.print(Group(*_cost(forecast)))
    if forecast.early:
        screen.print(*([Text()] if forecast.cost else []), Group(*_early(forecast.early)), sep="\n")
    for line in training_lines(forecast.training):
        screen.print(text(line))
    for note in forecast.notes:
        screen.print(Text("note: ", style="yellow") + text(note))


def training_lines(training: Sequence[TrainingData]) -> Iterator[str]:
    """Of adapters alike in what is known: whether their training data holds the prompts."""
    lines: dict[str, list[str]] = {}
    for data in training:
        for line in _trained_on(data):
            lines.setdefault(line, []).append(data.adapter)
    for line, adapters in lines.items():
        more = f" and {len(adapters) - 3} more" if len(adapters) > 3 else ""
        yield f"Training data of {', '.join(adapters[:3])}{more}: {line}."


def _trained_on(data: TrainingData) -> Iterator[str]:
    repeated = [f"{count:,} of {task}" for task, count in data.repeated.items() if count]
    if repeated:
        yield f"it contains prompts of the study, {', '.join(repeated)}; a gain on these may be memorized"
    if clean := [task for task, count in data.repeated.items() if not count]:
        yield f"no prompt of {', '.join(clean)} is in it"
    if data.unknown:
        named = ", ".join(data.datasets) or "not named"
        yield f"{named}; whether prompts of {', '.join(data.unknown)} are in it is not known"


def _pilot(pilot: Pilot) -> Iterator[Table | Text]:
    made = table(
        f"Pilot: {pilot.study}", ["metric", "adapters", "prompts", "discordance", "range", "intervals"]
    )
    for metric in pilot.metrics:
        cells = metric.cells
        ends = min(cell.interval[0] for cell in cells), max(cell.interval[1] for cell in cells)
        made.add_row(
            text(metric.metric),
            str(len(cells)),
            _span(min(cell.prompts for cell in cells), max(cell.prompts for cell in cells)),
            f"{metric.discordance:.2f}",
            f"{metric.low:.2f} to {metric.high:.2f}",
            f"{ends[0]:.2f} to {ends[1]:.2f}",
        )
    yield made
    yield text(
        "Discordance: the mean over adapters. Range: the smallest and the largest (for a single adapter, its interval). "
        "Intervals: from the lowest to the highest end of the adapters' 90 % intervals."
    )
    yield from (text(_seeds(metric)) for metric in pilot.metrics if metric.seeds)
    yield from (text(_length(length)) for length in pilot.lengths)
    yield Text()


def _span(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"


def _seeds(metric: PilotMetric) -> str:
    if metric.seeds is None:
        return ""
    recipes = "1 recipe" if metric.seeds.recipes == 1 else f"{metric.seeds.recipes} recipes"
    return (
        f"Seeds of {recipes} on {metric.metric}: sd {_points(metric.seeds.sd)} points. So few seeds can raise the "
        f"assumed standard deviation but not lower it; `--seed-sd` sets it."
    )


def _length(length: Length) -> str:
    sides = (("the base", length.base), ("adapters", length.adapters))
    means = ", ".join(f"{who} {mean:,.0f}" for who, mean in sides if mean is not None)
    return f"Mean tokens of a response to {length.task}: {means}."


def _power(forecast: Forecast) -> Iterator[Table | Text]:
    for power in forecast.power:
        prompts = "prompts unknown" if power.prompts is None else f"{power.prompts:,} prompts"
        made = table(
            f"Power: {power.kind} {power.metric}{_against(power)}, {prompts}, margin {_points(power.margin)} points",
            ["discordance", "detectable, points", "prompts to show", "prompts to exclude"],
        )
        for row in power.rows:
            shown = "-" if row.to_show is None else f"{row.to_show:,}"
            detectable = "-" if power.prompts is None else _points(row.detectable)
            made.add_row(f"{row.discordance:.3g}", detectable, shown, f"{row.to_exclude:,}")
        yield made
        yield text(_level(power))
        yield Text()
    yield text(
        "Discordance: the share of prompts on which adapter and base differ. Detectable: the smallest true change that is "
        "shown with probability 0.8. Prompts to show: the number that shows a true gain of the margin with that "
        "probability. Prompts to exclude: the number that excludes a gain of the margin with that probability, if the true "
        "gain is 0."
    )
    yield Text()


def _level(power: MetricPower) -> str:
    of = f"{power.claims} claims, each" if power.claims > 1 else "1 claim,"
    checks = "" if power.checks == 1 else f" A prompt has {power.checks:.2f} checks."
    return (
        f"{of} decided by its {confidence(power.level)} interval: alpha {power.alpha:.3g}, one-sided.{checks}"
    )


def _assumed(power: RecipePower) -> tuple[float, float]:
    return power.seed_sd, power.discordance


def _recipes(recipes: tuple[RecipePower, ...]) -> Iterator[Table | Text]:
    first = recipes[0]
    made = table(
        f"Recipes over seeds: detectable, points (seed sd {_points(first.seed_sd)}, discordance {first.discordance:.3g})",
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


def _cost(forecast: Forecast) -> Iterator[Table | Text]:
    if forecast.cost is None:
        return
    made = table(
        "Cost of a run to the end" if forecast.early and forecast.early.stated else "Cost",
        ["task", "subjects", "prompts", "samples", "responses", "longest, tokens"],
    )
    for task in forecast.cost.tasks:
        numbers = (task.subjects, task.prompts, task.samples, task.responses, task.max_tokens)
        made.add_row(text(task.task), *(f"{number:,}" for number in numbers))
    yield made
    about = "" if forecast.cost.exact else "About "
    expected = forecast.cost.expected
    as_pilot = "" if expected is None else f", {expected:,} if they are as long as the pilot's"
    yield text(
        f"{about}{forecast.cost.responses:,} responses, {forecast.cost.longest:,} tokens at most{as_pilot}. This includes "
        f"second passes that measure the engine's noise: {forecast.cost.repeats:,} prompts of each base."
    )
    if forecast.cost.unmeasured:
        yield text(
            f"How far noise may move a gain is not measured with fewer than {FEWEST_REPEATED} prompts that run twice; "
            f"`noise_prompts: {FEWEST_REPEATED}` measures it, with {forecast.cost.unmeasured:,} more responses."
        )
    for trial in forecast.trials:
        yield text(
            f"Trial of {trial.base}: loaded in {duration(trial.loading)}, {trial.responses} responses at once, "
            f"{trial.read:,.0f} characters of prompts per second, {trial.written:,.1f} tokens per second."
        )
    if forecast.time and forecast.time.expected is not None:
        yield text(
            f"Time to generate on this machine: {duration(forecast.time.expected)} if responses are as long as the pilot's, "
            f"{duration(forecast.time.high)} if all have the largest length."
        )
    elif forecast.time:
        yield text(
            f"Time to generate on this machine: {duration(forecast.time.low)} if responses have a quarter of the largest "
            f"length, {duration(forecast.time.high)} if all have the largest length."
        )


def _against(entry: MetricPower | ExpectedStop) -> str:
    return f" against {plain(entry.against)}" if entry.against else ""


def _alike(stop: ExpectedStop) -> tuple[object, ...]:
    """Stops with the same are of one type of claim."""
    return stop.metric, stop.kind, stop.margin, stop.alpha, stop.against


def _early(early: Early) -> Iterator[Table | Text]:
    if not early.stated:
        saves = any(cost.share < 1 - RARE for cost in early.costs)
        yield from [text(_until(early.costs))] if saves else []
        return
    for _, rows in groupby(early.stops, _alike):
        stops = tuple(rows)
        last = stops[-1]
        made = table(
            f"Where a run stops: {last.kind} {last.metric}{_against(last)}, one-sided {last.alpha:.3g}",
            ["true gain, points", "discordance", "used", "ends with"],
            left=0,
            right=1,
        )
        for stop in stops:
            often = {word: share for word, share in stop.words.items() if share >= RARE}
            words = ", ".join(f"{word} {_percent(share)}" for word, share in often.items())
            made.add_row(_points(stop.gain), f"{stop.discordance:.3g}", _percent(stop.share), words)
        yield made
    yield text(
        f"Used: the share of {_pools(early)} prompts that an adapter answers, on average over simulated runs; looks "
        f"after {early.first} prompts, then every {early.every} ({early.design})."
    )
    if early.costs:
        yield Text()
        yield _early_cost(early.costs)
        yield text(
            "These figures assume that every claim has that true gain, and that adapters stop independently of each other. "
            "The base answers as many prompts as the adapter that needs most; tasks without a claim use as many as the "
            "study says."
        )


def _pools(early: Early) -> str:
    return " or ".join(f"{pool:,}" for pool in dict.fromkeys(stop.prompts for stop in early.stops))


def _until(costs: Sequence[EarlyCost]) -> str:
    shares = ", ".join(f"{_percent(cost.share)} at {cost.margins:g}" for cost in costs)
    return f"With `assay run --until decided`, a share of these tokens: {shares} (true gain of every claim, in margins)."


def _early_cost(costs: Sequence[EarlyCost]) -> Table:
    as_pilot = costs[0].expected is not None
    timed = costs[0].high is not None
    made = table(
        "Cost with an early stop",
        [
            "true gain, margins",
            "responses",
            "tokens, as the pilot's" if as_pilot else "tokens, at most",
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
