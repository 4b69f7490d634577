"""Text of agreement between benchmarks, and of changes in the responses. It decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from assay.report.text.numbers import confidence, interval, points
from assay.stats import Verdict
from assay.stats.agreement import FEWEST
from assay.verdicts import Result
from assay.verdicts.descriptive import (
    Change,
    Course,
    CoursePoint,
    Difference,
    PairAgreement,
    RankCorrelation,
    TurnScore,
    TurnScores,
    TypeDifference,
)
from assay.verdicts.response_changes import LENGTHS, MEASURES

__all__ = [
    "CHANGED",
    "COURSE",
    "DOSE",
    "ENDS",
    "RELIABLE",
    "TURNS",
    "by_turn",
    "choice_words",
    "difference_words",
    "ends_words",
    "measures",
    "moved_types",
    "rank_words",
    "sign_words",
    "step_label",
    "unmoved_words",
]

CHANGED = (
    "Descriptive: what else differs between the responses of an adapter and its base, for adapters that gained or fell. "
    "Such a difference occurs together with the gain or fall and need not be its cause. Adapter minus base on the same "
    "prompts; shares in points, lengths in characters and tokens; 95 % intervals, not adjusted for their number."
)
"""Shown above the changes."""
DOSE = (
    "Descriptive: an adapter applied at several strengths; at scale 1 as it was trained, and at scale 0 it is the base, so "
    "every gain is 0. A claim is decided at one scale. The intervals here are not adjusted for the number of scales, so the "
    "best of them looks better than it is."
)
"""Shown above gains at several scales."""
COURSE = (
    "Descriptive: a training at several of its steps; at step 0 it is the base, so every gain is 0. The intervals of the "
    "points are not adjusted for the number of checkpoints; the interval of the recommended checkpoint is."
)
"""Shown above gains over steps."""
ENDS = (
    "The rank correlation is Spearman's over recipes (mean over seeds), which are taken as independent; with 4 recipes or "
    "more it has a 95 % interval."
)
"""Shown with rank correlations."""
RELIABLE = (
    "Descriptive: reliable@k is the share of requests whose first k wordings, in the order of the file, all pass on the task's "
    "primary metric. Intervals count requests, not prompts; they are not adjusted for the number of subjects."
)
"""Shown above reliability across wordings."""
TURNS = (
    "Descriptive: scores by turn of a conversation. A drop is the score on the turn before minus the score on this turn, over "
    "the same conversations; more than the base is an adapter's drop minus its base's: above 0, the adapter falls further. "
    "Intervals count conversations; they are not adjusted for the number of subjects and turns."
)
"""Shown above scores by turn."""


class TurnRow(NamedTuple):
    """A row of the table of scores by turn."""

    entry: TurnScores
    at: TurnScore


def by_turn(entries: Iterable[TurnScores]) -> list[TurnRow]:
    """A row for each turn of each entry."""
    return [TurnRow(entry, turn) for entry in entries for turn in entry.by_turn]


def step_label(point: CoursePoint) -> str:
    """`200`, or `result`."""
    return "result" if point.step is None else str(point.step)


def choice_words(course: Course) -> str:
    """Which checkpoint to take, as the best of those that were looked at."""
    choice = course.choice
    if choice is None:
        return "Its checkpoints did not all answer the same prompts, so none is recommended."
    at = "its result" if choice.step is None else f"step {choice.step}"
    word = choice.verdict.value + (" (material)" if choice.material else "")
    taken = (
        f"Of {choice.looked_at} checkpoints, {choice.subject} ({at}) has the largest gain, {points(choice.gain)} points. "
        f"Adjusted for this choice, the interval is {interval(choice.interval)} ({confidence(choice.level)}): {word}"
    )
    if choice.within_noise:
        return f"{taken}. This verdict would not hold if unequal noise of the engine moved the gain."
    if choice.verdict is Verdict.TRIVIAL:
        return f"{taken}. It is the recommended checkpoint, but gains less than the margin."
    return f"{taken}. " + (
        "It is the recommended checkpoint." if choice.verdict.rises else "No checkpoint is shown to gain."
    )


def difference_words(entry: Difference) -> str:
    """`+8.2` points for a share, `-112` for a length."""
    return _length(entry.difference) if entry.measure in LENGTHS else points(entry.difference)


def ends_words(entry: Difference) -> str:
    """Its interval in the same unit; a dash where none can be given."""
    if entry.interval is None or entry.measure not in LENGTHS:
        return interval(entry.interval)
    return f"[{_length(entry.interval[0])}, {_length(entry.interval[1])}]"


def _length(value: float) -> str:
    """`-112`, and under 10 with a digit: `+0.4`."""
    text = f"{value:+,.1f}" if abs(value) < 10 else f"{value:+,.0f}"
    return "0" if text in ("+0.0", "-0.0") else text


def measures(result: Result) -> tuple[str, ...]:
    """Those that differ in some change of the study, in the order of `MEASURES`."""
    entries = (entry for change in result.changes for entry in change.differences)
    moved = {entry.measure for entry in entries if entry.difference or entry.base != entry.adapter}
    return tuple(measure for measure in MEASURES if measure in moved)


def unmoved_words(result: Result) -> str:
    """The measures that differ nowhere, in a sentence; empty where there are none."""
    seen = {entry.measure for change in result.changes for entry in change.differences}
    same = [name for name in MEASURES if name in seen.difference(measures(result))]
    return f"Not shown, because both sides have the same value everywhere: {', '.join(same)}." if same else ""


def moved_types(change: Change) -> tuple[TypeDifference, ...]:
    """Instruction types whose interval excludes 0, the largest fall first."""
    moved = (entry for entry in change.types if entry.interval[0] > 0 or entry.interval[1] < 0)
    return tuple(sorted(moved, key=lambda entry: entry.difference))


def sign_words(pair: PairAgreement) -> str:
    """`12 of 16 same (8 shown), 3 opposite (1 shown), 1 with a gain of 0`."""
    neither = pair.adapters - pair.same_sign - pair.opposite_sign
    return (
        f"{pair.same_sign} of {pair.adapters} same ({pair.surely_same} shown), "
        f"{pair.opposite_sign} opposite ({pair.surely_opposite} shown)"
        + (f", {neither} with a gain of 0" if neither else "")
    )


def rank_words(rank: RankCorrelation) -> str:
    """`+0.71 [+0.30, +0.90], 16 recipes`."""
    of = f"{rank.configurations} {'recipe' if rank.configurations == 1 else 'recipes'}"
    if rank.configurations < FEWEST:
        return f"none, {of}: too few"
    if rank.value is None:
        return f"none: gains do not vary, {of}"
    if rank.interval is None:
        return f"{rank.value:+.2f}, {of}: too few for an interval"
    return f"{rank.value:+.2f} [{rank.interval[0]:+.2f}, {rank.interval[1]:+.2f}], {of}"
