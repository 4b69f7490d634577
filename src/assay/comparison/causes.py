"""Why a claim has other words in another run: each difference between the runs, and the words with it alone undone.

A difference is *enough* where the left run's claim, with this alone taken from the right run, has the right run's words;
it is *needed* where the right run's claim, with this alone taken from the left run, has the left run's words. Both are
computed from the scores of both runs. What cannot be computed is null: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from assay.comparison.counterfactuals import Judged, Swap, judged
from assay.comparison.evidence import ADAPTER, REFERENCE, ClaimEvidence
from assay.comparison.identities import Reasons, reasons_of
from assay.stats import Verdict
from assay.verdicts import ClaimResult
from assay.verdicts.rule import RULE

__all__ = ["Cause", "causes_of"]

UNMEASURED = (Verdict.NOT_MEASURED, Verdict.NOT_APPLIED)


@dataclass(frozen=True, slots=True)
class Cause:
    """A difference between two runs that a claim's words may depend on."""

    kinds: tuple[str, ...]
    """What differs: `rule`, `evidence`, `prompts`, `verifier`, `adapter`, `base`, `reference`, `engine`, `settings`,
    `noise`, `looks`, `noise limit`, `margin`, `alpha` or `family`; several where their effects cannot be separated."""
    left: str
    """In the left run, for a reader."""
    right: str
    """In the right run."""
    alone: str | None = None
    """The left run's words with this alone from the right run; null where that cannot be computed."""
    without: str | None = None
    """The right run's words with this alone from the left run."""
    enough: bool | None = None
    """Whether `alone` is what the right run says."""
    needed: bool | None = None
    """Whether `without` is what the left run says."""
    moved: float | None = None
    """By how much this alone moves the left run's gain; null where it changes no score."""
    limit: float | None = None
    """Of `noise`: how far unequal noise may move a gain, the larger limit of both runs; null if neither measured it."""


class _Difference(NamedTuple):
    kinds: tuple[str, ...]
    left: str
    right: str
    swap: Swap


def causes_of(left: ClaimEvidence, right: ClaimEvidence) -> tuple[Cause, ...]:
    """Everything that differs between the runs and could change this claim's words, in the order of the evidence."""
    if left.entry.verdict in UNMEASURED or right.entry.verdict in UNMEASURED:
        return tuple(_unmeasured(left, right))
    own = judged(left, right), judged(right, left)
    return (*_rule(left, right, own), *_swapped(left, right, own))


def _unmeasured(left: ClaimEvidence, right: ClaimEvidence) -> Iterator[Cause]:
    """The reason decides; identities that differ are listed, and their effect is not known."""
    missing = [run.entry.verdict in UNMEASURED for run in (left, right)]
    yield Cause(
        ("evidence",),
        _reason(left.entry),
        _reason(right.entry),
        alone=right.entry.words if missing[1] else None,
        without=left.entry.words if missing[0] else None,
        enough=True if missing[1] else None,
        needed=True if missing[0] else None,
    )
    for kind, (ours, theirs) in _reasons(left, right).items():
        yield Cause((kind,), ours, theirs)


def _reason(entry: ClaimResult) -> str:
    return f"{entry.verdict}: {entry.reason}" if entry.verdict in UNMEASURED else "measured"


def _reasons(left: ClaimEvidence, right: ClaimEvidence) -> Reasons:
    reasons: Reasons = {}
    for side in (REFERENCE, ADAPTER):
        reasons |= reasons_of(left, right, side)
    return reasons


def _rule(
    left: ClaimEvidence, right: ClaimEvidence, own: tuple[Judged | None, Judged | None]
) -> Iterator[Cause]:
    """Where words are not what this assay's rules give on the run's own evidence."""
    rules = left.run.result.rule, right.run.result.rule
    again = [None if judgement is None else judgement.words for judgement in own]
    written = left.entry.words, right.entry.words
    kept = all(now in (None, word) for now, word in zip(again, written, strict=True))
    if rules[0] == rules[1] and kept:
        return
    alone = again[0] if rules[1] == RULE else None
    without = again[1] if rules[0] == RULE else None
    yield Cause(
        ("rule",),
        _rule_words(left),
        _rule_words(right),
        alone=alone,
        without=without,
        enough=None if alone is None else alone == written[1],
        needed=None if without is None else without == written[0],
    )


def _rule_words(run: ClaimEvidence) -> str:
    version = run.run.result.versions.get("lora-assay")
    return f"rule {run.run.result.rule}" + (f" of assay {version}" if version else "")


def _swapped(
    left: ClaimEvidence, right: ClaimEvidence, own: tuple[Judged | None, Judged | None]
) -> Iterator[Cause]:
    for difference in _differences(left, right):
        alone, without = judged(left, right, difference.swap), judged(right, left, difference.swap)
        noise = "noise" in difference.kinds
        limits = [run.limit for run in (left, right) if _limit_known(run)]
        moved = None
        if alone is not None and own[0] is not None and difference.swap in _MOVES:
            moved = alone.gain - own[0].gain
        yield Cause(
            difference.kinds,
            difference.left,
            difference.right,
            alone=None if alone is None else alone.words,
            without=None if without is None else without.words,
            enough=_explains(alone, own[0], own[1]),
            needed=_explains(without, own[1], own[0]),
            moved=moved,
            limit=max(limits) if noise and limits else None,
        )


_MOVES = ("prompts", "verifier", "reference responses", "adapter responses", "responses", "looks")


def _explains(again: Judged | None, mine: Judged | None, other: Judged | None) -> bool | None:
    """Whether a claim that is judged with something from the other run has its words, and not its own."""
    if again is None or mine is None or other is None:
        return None
    return again.words == other.words != mine.words


def _limit_known(run: ClaimEvidence) -> bool:
    return any(
        entry.limit is not None and entry.base == run.entry.base for entry in run.run.result.engine_noise
    )


def _differences(left: ClaimEvidence, right: ClaimEvidence) -> Iterator[_Difference]:
    """In the order in which evidence is made and judged."""
    ours, theirs = left.used_contents, right.used_contents
    if ours != theirs:
        shared = len(ours & theirs)
        yield _Difference(
            ("prompts",), f"{len(ours):,} prompts", f"{len(theirs):,} prompts, {shared:,} shared", "prompts"
        )
    if left.plan.scorer != right.plan.scorer:
        yield _Difference(("verifier",), left.plan.scorer, right.plan.scorer, "verifier")
    yield from _responses(left, right, ours & theirs)
    settings: dict[Swap, Callable[[ClaimEvidence], str]] = {
        "looks": lambda run: run.design or "no look",
        "noise limit": lambda run: f"{100 * run.limit:.1f} points",
        "margin": lambda run: f"{100 * run.entry.margin:g} points",
        "alpha": lambda run: f"{run.run.result.alpha:g}",
    }
    for swap, setting in settings.items():
        if (words := (setting(left), setting(right)))[0] != words[1]:
            yield _Difference((swap,), *words, swap)
    if left.claims != right.claims:
        yield _Difference(("family",), *_families(left, right), "family")


def _responses(left: ClaimEvidence, right: ClaimEvidence, shared: set[str]) -> Iterator[_Difference]:
    """One difference for each side, or one of both where they share a reason: such effects cannot be separated."""
    counts, sides = list[int](), list[Reasons]()
    for side in (REFERENCE, ADAPTER):
        reasons = reasons_of(left, right, side)
        differ, sent = _answers(left.responses(side), right.responses(side), shared)
        if not differ and left.recorded(side) and right.recorded(side):
            reasons = {}  # files of other rows
        if sent:
            reasons["settings"] = _with_sent(reasons.get("settings"), sent)
        if differ and not reasons:
            reasons["noise"] = _software(left, right)
        counts.append(differ)
        sides.append(reasons)
    names = ("reference" if left.entry.against else "base", "adapter")
    if sides[0].keys() & sides[1].keys():
        words = f"{names[0]}: {counts[0]:,}, adapter: {counts[1]:,} of {len(shared):,} responses differ"
        yield _difference(sides[0] | sides[1], words, "responses")
        return
    swaps: tuple[Swap, Swap] = ("reference responses", "adapter responses")
    for reasons, count, name, swap in zip(sides, counts, names, swaps, strict=True):
        if reasons:
            yield _difference(reasons, f"{name}: {count:,} of {len(shared):,} responses differ", swap)


def _difference(reasons: Reasons, words: str, swap: Swap) -> _Difference:
    left = "; ".join(filter(None, (ours for ours, _ in reasons.values())))
    right = "; ".join(filter(None, (*(theirs for _, theirs in reasons.values()), words)))
    return _Difference(tuple(reasons), left, right, swap)


def _answers(left: Mapping[str, object], right: Mapping[str, object], shared: set[str]) -> tuple[int, int]:
    """(examples with other responses, examples with other prompts as sent), of those that both runs used."""
    differ = sent = 0
    for content in shared:
        ours, theirs = _split(left.get(content)), _split(right.get(content))
        sent += ours[0] != theirs[0]
        differ += ours[1] != theirs[1]
    return differ, sent


def _split(rows: object) -> tuple[list[object], list[object]]:
    listed = rows if isinstance(rows, tuple) else ()
    return [row[:2] for row in listed], [(row[0], *row[2:]) for row in listed]


def _with_sent(settings: tuple[str, str] | None, sent: int) -> tuple[str, str]:
    ours, theirs = settings or ("", "")
    added = f"{sent:,} prompts are sent in another form"
    return ours or "-", f"{theirs}; {added}" if theirs else added


def _software(left: ClaimEvidence, right: ClaimEvidence) -> tuple[str, str]:
    """Versions that differ between two runs of one identity; both empty where none does."""
    ours, theirs = left.software(), right.software()
    differ = [name for name in dict.fromkeys((*ours, *theirs)) if ours.get(name) != theirs.get(name)]
    same = "same weights and settings"
    if not differ:
        return same, same
    listed = (
        ", ".join(f"{name} {versions.get(name, '-')}" for name in differ) for versions in (ours, theirs)
    )
    left_words, right_words = listed
    return f"{same}; {left_words}", right_words


def _families(left: ClaimEvidence, right: ClaimEvidence) -> tuple[str, str]:
    """Claims that share an error rate, with those that the other run lacks."""
    families = [_family(run) for run in (left, right)]
    texts = []
    for run, family, other in zip((left, right), families, reversed(families), strict=True):
        more = [claim for claim in family if claim not in other]
        count = f"{run.claims} {'claim' if run.claims == 1 else 'claims'}"
        listed = ", ".join(more[:3]) + (f" and {len(more) - 3} more" if len(more) > 3 else "")
        texts.append(f"{count}, with {listed}" if more else count)
    return texts[0], texts[1]


def _family(run: ClaimEvidence) -> list[str]:
    """The claims that share the error rate, named."""
    subjects = {subject.name: subject.adapter for subject in run.run.plan.subjects}
    own = subjects.get(run.entry.adapter)
    of_study = run.run.result.family == "study"
    return [
        f"{claim.adapter} {claim.kind} {claim.metric}"
        + (f" against {claim.against}" if claim.against else "")
        for claim in run.run.result.claims
        if of_study or subjects.get(claim.adapter) == own
    ]
