"""Text of agreement between benchmarks, and of changes in the responses. It decides nothing."""

from __future__ import annotations

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
    TypeDifference,
)
from assay.verdicts.response_changes import LENGTHS, MEASURES

__all__ = [
    "CHANGED",
    "COURSE",
    "DOSE",
    "ENDS",
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
    "Descriptive: what else differs between the responses of an adapter and its base, where the adapter gained or "
    "fell. It accompanies the gain or fall and need not be its cause. Adapter less base on the same prompts; shares in "
    "points, lengths in characters and tokens; intervals 95 %, not adjusted for there being many."
)
"""Shown above the changes."""
DOSE = (
    "Descriptive: an adapter applied at several strengths, 1 as it was trained. At scale 0 it is the base, and every gain is "
    "0. A claim is decided at one scale; intervals here do not allow for there being several, so the best of them looks "
    "better than it is."
)
"""Shown above gains at several scales."""
COURSE = (
    "Descriptive: a training at several of its steps. At step 0 it is the base, and every gain is 0. Intervals of the points do "
    "not allow for there being several checkpoints; that of the checkpoint to take does."
)
"""Shown above gains over steps."""
ENDS = "Rank correlation is Spearman's over recipes (mean over seeds), as independent draws, with a 95 % interval from 4 on."
"""Shown with rank correlations."""


def step_label(point: CoursePoint) -> str:
    """`200`, or `result`."""
    return "result" if point.step is None else str(point.step)


def choice_words(course: Course) -> str:
    """Which checkpoint to take, as the best of those that were looked at."""
    choice = course.choice
    if choice is None:
        return "Its checkpoints are not all known on the same prompts, so none is chosen here."
    at = "its result" if choice.step is None else f"step {choice.step}"
    word = choice.verdict.value + (" (material)" if choice.material else "")
    taken = (
        f"Of {choice.looked_at} checkpoints {choice.subject} ({at}) has the largest gain, {points(choice.gain)} points. "
        f"Allowing for the choice on the same prompts, the interval is {interval(choice.interval)} "
        f"({confidence(choice.level)}): {word}"
    )
    if choice.within_noise:
        return f"{taken}, which would not hold if unequal noise of the engine moved the gain."
    if choice.verdict is Verdict.TRIVIAL:
        return f"{taken}. It is the one to take, and gains less than the margin."
    return f"{taken}. " + ("Take it." if choice.verdict.rises else "No checkpoint is shown to gain.")


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
    return f"The same on both sides everywhere, so not shown: {', '.join(same)}." if same else ""


def moved_types(change: Change) -> tuple[TypeDifference, ...]:
    """Instruction types whose interval excludes 0, the largest fall first."""
    moved = (entry for entry in change.types if entry.interval[0] > 0 or entry.interval[1] < 0)
    return tuple(sorted(moved, key=lambda entry: entry.difference))


def sign_words(pair: PairAgreement) -> str:
    """`12 of 16 same (8 surely), 3 opposite (1 surely), 1 with a gain of 0`."""
    neither = pair.adapters - pair.same_sign - pair.opposite_sign
    return (
        f"{pair.same_sign} of {pair.adapters} same ({pair.surely_same} surely), "
        f"{pair.opposite_sign} opposite ({pair.surely_opposite} surely)"
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
