"""What `assay plan` prints: power, then cost and time, then what they leave out."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.table import Table
from rich.text import Text

from assay.cli.tables import console, table, text
from assay.planning import MetricPower, Plan, RecipePower
from assay.report.words import confidence

__all__ = ["show_plan"]


def show_plan(plan: Plan) -> None:
    """Print a plan."""
    screen = console()
    screen.print(Group(*_power(plan)))
    if plan.recipes:
        screen.print(Group(*_recipes(plan.recipes)))
    if plan.cost:
        screen.print(Group(*_cost(plan)))
    for note in plan.notes:
        screen.print(Text("note: ", style="yellow") + text(note))


def _power(plan: Plan) -> Iterator[Table | Text]:
    for power in plan.power:
        prompts = "prompts unknown" if power.prompts is None else f"{power.prompts:,} prompts"
        made = table(
            f"Power: {power.kind} {power.metric}, {prompts}, margin {_points(power.margin)} points",
            ["discordance", "detectable, points", "prompts to show", "prompts to exclude"],
        )
        for row in power.rows:
            shown = "-" if row.to_show is None else f"{row.to_show:,}"
            found = "-" if power.prompts is None else _points(row.detectable)
            made.add_row(f"{row.discordance:g}", found, shown, f"{row.to_exclude:,}")
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
    of = f"{power.claims} claims, each" if power.claims > 1 else "1 claim,"
    checks = "" if power.checks == 1 else f" A prompt has {power.checks:.2f} checks."
    return f"{of} judged by its {confidence(power.level)} interval: one-sided {power.alpha:.3g}.{checks}"


def _recipes(recipes: tuple[RecipePower, ...]) -> Iterator[Table | Text]:
    one = recipes[0]
    made = table(
        f"Recipes over seeds: detectable, points (seed sd {_points(one.seed_sd)}, discordance {one.discordance:g})",
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


def _cost(plan: Plan) -> Iterator[Table | Text]:
    if plan.cost is None:
        return
    made = table("Cost", ["task", "subjects", "prompts", "samples", "responses", "longest, tokens"])
    for task in plan.cost.tasks:
        numbers = (task.subjects, task.prompts, task.samples, task.responses, task.max_tokens)
        made.add_row(text(task.task), *(f"{number:,}" for number in numbers))
    yield made
    about = "" if plan.cost.exact else "About "
    yield text(
        f"{about}{plan.cost.responses:,} responses, {plan.cost.longest:,} tokens at most; the base's second "
        f"pass for the noise floor is among them."
    )
    for trial in plan.trials:
        yield text(
            f"Trial of {trial.base}: loaded in {duration(trial.loading)}, {trial.responses} responses at once, "
            f"{trial.read:,.0f} characters of prompts a second, {trial.written:,.1f} tokens a second."
        )
    if plan.time:
        yield text(
            f"Time here, to generate: {duration(plan.time.low)} if responses use a quarter of the tokens that they may use, "
            f"{duration(plan.time.high)} if they use all."
        )


def _points(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.1f}".removesuffix(".0")


def duration(seconds: float) -> str:
    """`40 s`, `6 min`, `2.5 h`, `30 h`: as rough as it is known."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    size, unit = (60, "min") if seconds < 90 * 60 else (3600, "h")
    return f"{seconds / size:.{0 if seconds >= 10 * size else 1}f} {unit}"
