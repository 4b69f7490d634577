"""What bears on belief, in sentences: are the adapters applied, what was found before, how steady is the base.

Page, Markdown and terminal say these the same way. It decides nothing: verdicts are made elsewhere.
"""

from __future__ import annotations

from assay.report.text.numbers import interval, points
from assay.stats import Verdict
from assay.verdicts import Result
from assay.verdicts.result import Applied, NoiseFloor

__all__ = [
    "applied_statement",
    "applied_words",
    "noise_line",
    "noise_statement",
    "ranked",
    "silent",
    "to_read_first",
    "unprobed",
]

NEVER_LOADED = (
    "Not measured: no adapter was loaded. Where responses are recorded, an adapter counts as not applied if it "
    "answers every prompt to the letter as its base does."
)
RECORDED = (
    "Not measured. The noise floor is the base against itself: how far two runs of the same model differ. "
    "Here responses were recorded, and no second run of the base was given."
)
MEASURED = (
    "The base was asked again, in another batch, on a sample of each task's prompts: what differs here, no adapter "
    "caused. A gain as small as this need not come from an adapter either."
)


def silent(entry: Applied) -> bool:
    """Whether an adapter changes logits and yet no response to a probe prompt."""
    return entry.alive and entry.differ == 0


def applied_words(entry: Applied) -> str:
    """`applied`, `not applied`, or what stands between."""
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
    return tuple(name for name in found if name not in probed) if probed else ()


def applied_statement(result: Result) -> str:
    """How many adapters are applied, or why that is not known."""
    total = len(result.applied)
    if not total:
        return NEVER_LOADED
    quiet = sum(map(silent, result.applied))
    dead = sum(not entry.alive for entry in result.applied)
    told = (
        f"{_count(total, 'adapter was', 'adapters were')} loaded and asked probe prompts before the first response: "
        f"{total - dead} {'is' if total - dead == 1 else 'are'} applied, {dead} {'is' if dead == 1 else 'are'} not."
    )
    if quiet:
        told += (
            f" {_count(quiet, 'of those applied changes', 'of those applied change')} logits, "
            f"yet no response to a probe prompt."
        )
    if missing := unprobed(result):
        told += f" Not loaded: {', '.join(missing)}."
    return told


def noise_statement(result: Result) -> str:
    """What the noise floor is, and what of it was measured."""
    if result.noise_floor is None:
        return RECORDED
    seen = {entry.base for entry in result.noise_floor}
    if not seen:
        return "Not measured in this run."
    bases = dict.fromkeys(row.base for row in result.matrix.rows if row.base is not None)
    missing = [base for base in bases if base not in seen]
    return MEASURED + (f" Not measured for {', '.join(missing)}." if missing else "")


def noise_line(entry: NoiseFloor) -> str:
    """One task's noise floor on one line, in points."""
    return (
        f"{entry.base} on {entry.task}: {entry.differ:,} of {entry.n:,} responses differ, "
        f"{points(entry.gain)} {interval(entry.interval)}"
    )


def to_read_first(result: Result) -> tuple[str, ...]:
    """What stands beside the warnings, since its details are further down; preflight's notes are left there."""
    said: list[str] = []
    if grave := sum(not problem.startswith("note: ") for problem in result.problems):
        said.append(f"preflight found {_count(grave, 'fault', 'faults')} in the adapters")
    if quiet := [entry.adapter for entry in result.applied if silent(entry)]:
        said.append(f"no response to a probe prompt is changed by {', '.join(quiet)}")
    return tuple(said)


def _count(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
