"""`report.md`: the findings as text, for a pull request or a terminal pager."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from assay.report.described import (
    CHANGED,
    ENDS,
    difference_words,
    ends_words,
    measures,
    moved_types,
    rank_words,
    sign_words,
    unmoved_words,
)
from assay.report.gate import Gate
from assay.report.soundness import (
    applied_statement,
    applied_words,
    matrix_statement,
    noise_statement,
    ranked,
    to_read_first,
)
from assay.report.words import (
    STOPPED,
    confidence,
    interval,
    plain,
    points,
    pool_words,
    score,
    share,
    size,
    stop_words,
    unit_interval,
    units,
    verdict_words,
)
from assay.stats import Verdict
from assay.verdicts import Result

__all__ = ["escaped", "table", "to_markdown"]


def to_markdown(result: Result, gate: Gate) -> str:
    """Verdicts first, the rest folded away. Gains are in points."""
    sections = (
        _agreement,
        _changes,
        _recipes,
        _labels,
        _matrix,
        _elsewhere,
        _drift,
        _applied,
        _noise,
        _method,
    )
    blocks = [
        f"# {escaped(result.study)}: gate {gate.outcome}",
        result.counts.statement,
        *(f"> {escaped(text)}" for text in (*result.warnings, *to_read_first(result))),
        *(f"> {escaped(found.statement)}" for found in result.agreement if found.depends),
        "\n".join(_verdicts(result, gate)),
        "The responses behind each number: `report.html` in the run's folder.",
        "<details><summary>Matrix, drift, applied adapters, noise floor, method</summary>",
        *("\n".join(lines) for section in sections if (lines := list(section(result)))),
        "</details>",
    ]
    return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    """Foreign text inside Markdown: no markup of its own, one line."""
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{character}" if character in "\\`*_[]|#~@" else character for character in safe)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a Markdown table; cells are written as they are given."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _verdicts(result: Result, gate: Gate) -> Iterator[str]:
    yield "## Verdicts"
    yield ""
    outcomes = {adapter.adapter: adapter.outcome for adapter in gate.adapters}
    yield from table(
        ["adapter", "claim", "base", "score", "gain", "interval", "verdict", "gate"],
        (
            [
                escaped(claim.adapter),
                escaped(f"{claim.metric} {claim.kind}"),
                score(claim.base_score),
                score(claim.score),
                points(claim.gain),
                interval(claim.interval, claim.margin) + _at(claim.level, 1 - 2 * result.alpha),
                f"**{verdict_words(claim)}**"
                + _aside(claim.reason, claim.examples_needed, stop_words(claim.stop)),
                outcomes[claim.adapter],
            ]
            for claim in result.claims
        ),
    )
    yield ""
    for word in dict.fromkeys(claim.verdict for claim in result.claims):
        yield f"- **{word}**: {Verdict(word).sentence}"
    if any(claim.stop for claim in result.claims):
        yield ""
        yield STOPPED
    for claim in result.claims:
        if claim.pool and claim.stop:
            yield ""
            yield f"{escaped(claim.adapter)}: {pool_words(claim.pool, claim.stop)}"


def _at(level: float | None, usual: float) -> str:
    """The confidence of an interval, where a family of several claims makes it another than the usual one."""
    return "" if level is None or level == usual else f" ({confidence(level)})"


def _aside(reason: str | None, needed: int | None, stop: str = "") -> str:
    would = f"about {needed:,} prompts would decide" if needed else ""
    told = [escaped(text) for text in (reason, would, stop) if text]
    return f" ({'; '.join(told)})" if told else ""


def _agreement(result: Result) -> Iterator[str]:
    if not result.agreement:
        return
    yield "## Do benchmarks of one capability agree?"
    for found in result.agreement:
        yield ""
        yield escaped(found.statement)
        yield ""
        yield (
            f"Intervals here are at {confidence(found.level)}; verdicts allow for an adapter's several claims, these "
            f"intervals do not."
        )
        yield ""
        yield from table(
            ["adapter", *map(escaped, found.metrics), "verdict depends on the benchmark?"],
            (
                [
                    escaped(row.adapter),
                    *(
                        "-"
                        if entry is None
                        else f"{points(entry.gain)} {interval(entry.interval)} {entry.verdict or ''}".strip()
                        for entry in row.gains
                    ),
                    ("yes, and the gains differ" if row.differs else "yes") if row.depends else "-",
                ]
                for row in found.adapters
            ),
        )
        yield ""
        for pair in found.pairs:
            ranks = "; ".join(
                rank_words(rank)
                + (
                    ""
                    if len(pair.ranks) == 1
                    else f" ({escaped(rank.base)})"
                    if rank.base
                    else " (all bases)"
                )
                for rank in pair.ranks
            )
            yield f"- {escaped(f'{pair.first}, {pair.second}')}: signs {sign_words(pair)}; rank correlation {ranks}."
    yield ""
    yield ENDS


def _changes(result: Result) -> Iterator[str]:
    if not result.changes:
        return
    columns = measures(result)
    yield "## What changed in the responses (descriptive)"
    yield ""
    yield f"{CHANGED} {unmoved_words(result)}".rstrip()
    yield ""
    yield from table(
        ["adapter", "metric", "gain", "prompts", *columns],
        (
            [
                escaped(change.adapter),
                escaped(change.metric),
                points(change.gain),
                f"{change.prompts:,}",
                *(
                    next(
                        (
                            f"{difference_words(found)} {ends_words(found)}"
                            for found in change.differences
                            if found.measure == measure
                        ),
                        "-",
                    )
                    for measure in columns
                ),
            ]
            for change in result.changes
        ),
    )
    for change in result.changes:
        if moved := moved_types(change):
            told = "; ".join(
                f"{escaped(found.type)} {points(found.difference)} {interval(found.interval)}"
                for found in moved
            )
            yield ""
            yield f"{escaped(change.adapter)}, instruction types that moved on {escaped(change.task)}: {told}."


def _recipes(result: Result) -> Iterator[str]:
    if not result.recipes:
        return
    yield "## Recipes, with seeds as a random effect"
    yield ""
    yield from table(
        [
            "recipe",
            "base",
            "claim",
            "seeds",
            "gains",
            "mean",
            "interval",
            "verdict",
            "SE prompts",
            "SE seeds",
            "flips",
            "next seed",
        ],
        (
            [
                escaped(recipe.recipe),
                escaped(recipe.base),
                escaped(f"{recipe.metric} {recipe.kind}"),
                str(len(recipe.seeds)),
                " ".join(map(points, recipe.gains)),
                points(recipe.gain),
                interval(recipe.interval, recipe.margin) + _at(recipe.level, 1 - 2 * result.alpha),
                f"**{verdict_words(recipe)}**" + _aside(None, recipe.examples_needed),
                points(recipe.se_prompt).removeprefix("+"),
                points(recipe.se_seed).removeprefix("+"),
                f"{recipe.flip_rate:.0%}",
                interval(recipe.next_seed),
            ]
            for recipe in result.recipes
        ),
    )


def _labels(result: Result) -> Iterator[str]:
    several = [label for label in result.labels if label.configurations > 1]
    if not several:
        return
    yield "## Labels over recipes and bases"
    for label in several:
        yield ""
        yield escaped(label.statement)
        if label.prediction is not None:
            yield (
                f"The next configuration's gain is expected in {interval(label.prediction)} (95 %); "
                f"{label.i2 or 0:.0%} of the variation between configurations is not noise."
            )
        if label.settings:
            yield ""
            yield from table(
                [
                    "setting",
                    "value",
                    "configurations",
                    "mean gain",
                    "lowest",
                    "highest",
                    "gain",
                    "harmed",
                    "neither",
                ],
                (
                    [
                        escaped(entry.setting),
                        escaped(entry.value),
                        str(entry.configurations),
                        points(entry.mean),
                        points(entry.low),
                        points(entry.high),
                        str(entry.above),
                        str(entry.below),
                        str(entry.configurations - entry.above - entry.below),
                    ]
                    for entry in label.settings
                ),
            )


def _matrix(result: Result) -> Iterator[str]:
    yield "## Matrix"
    yield ""
    if own := matrix_statement(result):
        yield own
        yield ""
    yield from table(
        ["subject", *map(escaped, result.matrix.metrics)],
        (
            [
                escaped(row.subject if row.base is None else f"{row.subject} on {row.base}"),
                *(
                    score(row.scores[metric])
                    + (f" ({points(row.gains[metric])})" if row.gains[metric] is not None else "")
                    for metric in result.matrix.metrics
                ),
            ]
            for row in result.matrix.rows
        ),
    )


def _elsewhere(result: Result) -> Iterator[str]:
    cells = [cell for cell in result.cells if cell.kind == "exploratory"]
    if not cells:
        return
    yield "## Elsewhere (exploratory; q by Benjamini and Hochberg)"
    yield ""
    excluded = {True: "excluded", False: "not excluded", None: "-"}
    yield from table(
        ["adapter", "metric", "gain", "interval", "q", "finding", "harm of the margin"],
        (
            [
                escaped(cell.adapter),
                escaped(cell.metric),
                points(cell.gain),
                interval(cell.interval, cell.margin),
                "-" if cell.q is None else f"{cell.q:.3g}",
                cell.finding or "-",
                excluded[cell.harm_excluded],
            ]
            for cell in cells
        ),
    )


def _drift(result: Result) -> Iterator[str]:
    rows = [drift for drift in result.drift if drift.variant == "gap"]
    if not rows:
        return
    yield "## Drift (variant gap: mean off-target gain - target gain)"
    yield ""
    yield from table(
        ["subject", "target", "gap", "interval", "target gain", "off-target gain", "lowest off-target"],
        (
            [
                escaped(drift.adapter or drift.recipe or ""),
                escaped(drift.target),
                units(drift.value),
                unit_interval(drift.interval) + (f" ({confidence(drift.level)})" if drift.interval else ""),
                units(drift.target_gain),
                units(drift.off_target_gain),
                units(drift.min_off_target_gain),
            ]
            for drift in rows
        ),
    )


def _applied(result: Result) -> Iterator[str]:
    yield "## Are the adapters applied?"
    yield ""
    yield escaped(applied_statement(result))
    if result.applied:
        yield ""
        yield from table(
            ["adapter", "base", "layers", "norm", "largest logit change", "KL (nats)", "responses that differ",
             "applied?"],
            (
                [
                    escaped(entry.adapter),
                    escaped(entry.base),
                    "-" if entry.modules is None else f"{entry.modules:,}",
                    size(entry.norm),
                    size(entry.largest),
                    size(entry.divergence),
                    share(entry.differ),
                    applied_words(entry) + _aside(entry.reason, None),
                ]
                for entry in ranked(result)
            ),
        )  # fmt: skip
    if result.problems:
        yield ""
        yield "Found by preflight, before the first response:"
        yield ""
        yield from (f"- {escaped(problem)}" for problem in result.problems)


def _noise(result: Result) -> Iterator[str]:
    yield "## Noise floor: the base against itself"
    yield ""
    yield escaped(noise_statement(result))
    if result.noise_floor:
        yield ""
        yield from table(
            [
                "base",
                "task",
                "prompts",
                "responses that differ",
                "better",
                "worse",
                "gain",
                "interval",
                "warning",
            ],
            (
                [
                    escaped(entry.base),
                    escaped(entry.task),
                    f"{entry.n:,}",
                    f"{entry.differ:,}",
                    f"{entry.better:,}",
                    f"{entry.worse:,}",
                    points(entry.gain),
                    f"{interval(entry.interval)} ({confidence(entry.level)})",
                    escaped(entry.warning) if entry.warning else "none",
                ]
                for entry in result.noise_floor
            ),
        )


def _method(result: Result) -> Iterator[str]:
    yield "## Method"
    yield ""
    yield (
        f"- Claims {result.claims_declared.when} the responses ({result.claims_declared.reason}); "
        f"sha256 `{result.claims_sha256}`."
    )
    for entry in result.claims_declared.history:
        yield f"- Claim block `{entry.sha256[:12]}` declared {entry.declared_at}, after {entry.records_before} records."
    yield f"- alpha {result.alpha:g} on each side, family: {result.family}; intervals in points."
    for mode in result.modes:
        causes = "; ".join(f"{escaped(cause)}: {count}" for cause, count in mode.causes.items())
        yield (
            f"- {escaped(mode.task)} was verified in mode `{mode.mode}`; mode `{mode.other}` decides {mode.differ} of "
            f"{mode.checks} verifications and {mode.verdicts} of these verdicts otherwise{': ' + causes if causes else ''}."
        )
    yield f"- Versions: {', '.join(f'{name} {number}' for name, number in result.versions.items())}."
