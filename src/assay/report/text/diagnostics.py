"""Diagnostics in sentences: are the adapters applied, what preflight found, how far the base differs from itself.

Page, Markdown and terminal use the same sentences. No verdict depends on them.
"""

from __future__ import annotations

from assay.report.text.numbers import interval, points, share
from assay.stats import FEWEST_REPEATED, Verdict
from assay.verdicts import Result
from assay.verdicts.result import Applied, EngineNoise, NoiseFloor

__all__ = [
    "applied_statement",
    "applied_words",
    "engine_noise_line",
    "noise_line",
    "noise_statement",
    "ranked",
    "silent",
    "to_read_first",
    "unprobed",
]

NEVER_LOADED = (
    "Not measured: no adapter was loaded. Where responses are recorded, an adapter counts as not applied if all "
    "of its responses are identical to its base's."
)
RECORDED = (
    "Not measured. The noise floor compares the base with itself: how far two runs of the same model differ. "
    "Here responses were recorded, and no second run of the base was given."
)
MEASURED = (
    "The base ran a second time, in another batch, on a sample of each task's prompts: the differences shown here were "
    "not caused by an adapter. An equally small gain of an adapter may have the same cause."
)


def silent(entry: Applied) -> bool:
    """Whether an adapter changes logits and yet no response to a probe prompt."""
    return entry.alive and entry.differ == 0


def applied_words(entry: Applied) -> str:
    """`applied`, `not applied`, or applied without a changed response."""
    if not entry.alive:
        return Verdict.NOT_APPLIED
    return "applied, but no response differs" if silent(entry) else "applied"


def ranked(result: Result) -> tuple[Applied, ...]:
    """Adapters that are not applied, then the silent ones, then the others."""
    return tuple(sorted(result.applied, key=lambda entry: 0 if not entry.alive else 2 - silent(entry)))


def unprobed(result: Result) -> tuple[str, ...]:
    """Adapters that were not loaded in a run that loaded some."""
    probed = {entry.adapter for entry in result.applied}
    found = dict.fromkeys(row.subject for row in result.matrix.rows if row.base is not None)
    return tuple(name for name in found if name not in probed.union(result.models)) if probed else ()


def applied_statement(result: Result) -> str:
    """The number of applied adapters, or why it is not known."""
    total = len(result.applied)
    models = (
        f" {', '.join(result.models)}: full models are not probed; a full model counts as not applied if all of its "
        f"responses are identical to its base's."
        if result.models
        else ""
    )
    if not total:
        return NEVER_LOADED + models
    quiet = sum(map(silent, result.applied))
    dead = sum(not entry.alive for entry in result.applied)
    sentences = [
        f"{_count(total, 'adapter was', 'adapters were')} loaded and run on probe prompts before the first response: "
        f"{_count(total - dead, 'is', 'are')} applied, {_count(dead, 'is', 'are')} not."
    ]
    if quiet:
        applied = _count(quiet, "of the applied adapters changes", "of the applied adapters change")
        sentences.append(f"{applied} logits, but no response to a probe prompt.")
    if missing := unprobed(result):
        sentences.append(f"Not loaded: {', '.join(missing)}.")
    return " ".join(sentences) + models


def noise_statement(result: Result) -> str:
    """What the noise floor is, and on which tasks it was measured."""
    if result.noise_floor is None:
        return RECORDED
    seen = {entry.base for entry in result.noise_floor}
    if not seen:
        return "Not measured in this run."
    bases = dict.fromkeys(row.base for row in result.matrix.rows if row.base is not None)
    missing = [base for base in bases if base not in seen]
    twice = "".join(
        f" {engine_noise_line(entry)[0].upper()}{engine_noise_line(entry)[1:]}."
        for entry in result.engine_noise
    )
    return MEASURED + (f" Not measured for {', '.join(missing)}." if missing else "") + twice


def engine_noise_line(entry: EngineNoise) -> str:
    """Second passes of a base and its adapters on one line: how far unequal noise may push a gain."""
    line = (
        f"{entry.base} and {_count(len(entry.adapters), 'adapter', 'adapters')} ran {entry.n:,} prompts twice"
    )
    if entry.identical:
        line = f"{line}: no response differs"
    else:
        line += (
            f": {entry.base_differ:,} and {entry.adapter_differ:,} responses differ, and "
            f"{share(entry.base_changed)} and {share(entry.adapter_changed)} of scores"
        )
    if entry.limit is None:
        return (
            f"{line}; how far unequal noise may move a gain is not measured below {FEWEST_REPEATED} prompts"
        )
    if entry.identical:
        return line
    return f"{line}; unequal noise may move a gain by up to {points(entry.limit).removeprefix('+')} points"


def noise_line(entry: NoiseFloor) -> str:
    """One task's noise floor on one line, in points."""
    return (
        f"{entry.base} on {entry.task}: {entry.differ:,} of {entry.n:,} responses differ, "
        f"{points(entry.gain)} {interval(entry.interval)}"
    )


def to_read_first(result: Result) -> tuple[str, ...]:
    """Lines listed with the warnings because their details come later; without preflight's notes."""
    entries: list[str] = []
    if grave := sum(not problem.startswith("note: ") for problem in result.problems):
        entries.append(f"preflight found {_count(grave, 'fault', 'faults')} in the adapters")
    if quiet := [entry.adapter for entry in result.applied if silent(entry)]:
        verb = "changes" if len(quiet) == 1 else "change"
        entries.append(f"{', '.join(quiet)} {verb} no response to a probe prompt")
    return tuple(entries)


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number:,} {singular if number == 1 else plural}"
