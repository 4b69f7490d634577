"""The gate's rules on expiry: a result is stale if it was measured on another base than the current one, or too long ago.

A stale result fails an adapter on a required task, as a missing one does, and leaves it undecided on any other. A
result whose base or age is not known is stale too. It changes no other rule: what failed fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from assay.plan import Policy
from assay.report.gate_rules import Outcome, Rule, entries_of, task_of
from assay.verdicts import Cell, Measured, Result

__all__ = ["expiry_rules"]

SKEW = timedelta(days=1)
"""By which the clocks of two machines may differ."""


def expiry_rules(
    name: str, result: Result, policy: Policy, tasks: Iterable[str], now: datetime
) -> Iterator[Rule]:
    """One for each of these tasks on which the adapter has a score. tasks: those that other rules are about."""
    if not policy.expires:
        return
    for task in dict.fromkeys(tasks):
        entries = [entry for entry in entries_of(name, result) if task_of(entry.metric) == task]
        if any(entry.score is not None for entry in entries):
            compared = [
                *entries,
                *(cell for cell in result.regressions if cell.interval and _on(cell, name, task)),
            ]
            sides = (name, *(entry.against for entry in compared if entry.against))
            yield _rule(task, name, [row for row in result.measured if row.task == task], sides, policy, now)


def _on(cell: Cell, name: str, task: str) -> bool:
    return cell.adapter == name and task_of(cell.metric) == task


def _rule(
    task: str, name: str, rows: list[Measured], sides: Iterable[str], policy: Policy, now: datetime
) -> Rule:
    """sides: the adapter, what its claims on the task are against, and the champion that it is compared with there."""
    known = {row.subject: row for row in rows}
    stale: dict[str, str] = {}
    for side in dict.fromkeys(sides):
        row = known.get(side)
        found = (
            _stale(row, policy, now)
            if row
            else [("neither the time nor the base of the measurement is known", "")]
        )
        about = "" if side == name else f"{side}: "
        stale |= {f"{about}{what}": needs for what, needs in found}
    called = f"{task} (expiry)"
    if not stale:
        return Rule(called, Outcome.PASS, f"current: measured {_words(known[name])}", "expiry", task)
    outcome = Outcome.FAIL if task in policy.required else Outcome.UNDECIDED
    needs = "; ".join(dict.fromkeys(need for need in stale.values() if need)) or "a run under this policy"
    return Rule(called, outcome, f"stale: {'; '.join(stale)}", "expiry", task, needs=needs)


def _stale(row: Measured, policy: Policy, now: datetime) -> Iterator[tuple[str, str]]:
    """(why a result is stale, what would be current) for each reason."""
    current = policy.current_bases.get(row.base)
    if policy.current_bases and current is None:
        yield f"`current_bases` does not list the base {row.base!r}", f"{row.base!r} in `current_bases`"
    elif current is not None and not _is(row, current):
        yield (
            f"measured {_words(row)}, but the current base is {current}",
            f"a run on {row.base!r} at {current}",
        )
    if policy.max_age_days is None:
        return
    needs = f"a run at most {policy.max_age_days:g} days old"
    if row.at is None:
        yield "the time of the measurement is not known", needs
        return
    age = now - datetime.fromisoformat(row.at)
    if age < -SKEW:
        yield (
            f"measured on {row.at[:10]}, which is in the future: check the clock of the machine that ran it",
            needs,
        )
    elif age > timedelta(days=policy.max_age_days):
        yield f"measured {age / timedelta(days=1):,.1f} days ago, on {row.at[:10]}", needs


def _is(row: Measured, current: str) -> bool:
    """Whether the base has this digest, or the study names this commit, in whichever of them is shorter."""
    digest = row.base_sha256 is not None and row.base_sha256.startswith(current)
    revision = row.revision or ""
    named = len(revision) >= 7 and (revision.startswith(current) or current.startswith(revision))
    return digest or named


def _words(row: Measured) -> str:
    """`on 2026-11-30 with the base 'qwen3-4b' (digest 4f3c2a1b9d0e, revision 1cfa9a72)`."""
    digest = f"digest {row.base_sha256[:12]}" if row.base_sha256 else "unknown digest"
    revision = f", revision {row.revision}" if row.revision else ""
    when = f"on {datetime.fromisoformat(row.at).astimezone(UTC):%Y-%m-%d} " if row.at else ""
    return f"{when}with the base {row.base!r} ({digest}{revision})"
