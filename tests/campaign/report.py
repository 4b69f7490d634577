"""What a campaign writes: `campaign.json`, and a table of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.campaign.faults import FIXED
from tests.campaign.watchdog import Tally

__all__ = ["summary", "table", "write_summary"]


def summary(tallies: Mapping[str, Tally]) -> dict[str, dict[str, int]]:
    """Inputs of each kind; `found`: its faults of this campaign and of earlier ones; `fixed`: those with a test."""
    rows = {}
    for kind, tally in tallies.items():
        fixed = sum(fault.kind == kind for fault in FIXED)
        rows[kind] = {"inputs": tally.inputs, "found": fixed + len(tally.causes), "fixed": fixed}
    return rows


def write_summary(path: Path, tallies: Mapping[str, Tally]) -> None:
    """Write `campaign.json`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(summary(tallies), indent=1) + "\n", encoding="utf-8")


def table(tallies: Mapping[str, Tally]) -> str:
    """A line for each kind, and one for all."""
    rows = summary(tallies)
    rows["all"] = {name: sum(row[name] for row in rows.values()) for name in ("inputs", "found", "fixed")}
    width = max(map(len, rows))
    lines = [f"{'kind':<{width}} {'inputs':>9} {'found':>6} {'fixed':>6}"]
    lines += [
        f"{kind:<{width}} {row['inputs']:>9,} {row['found']:>6} {row['fixed']:>6}"
        for kind, row in rows.items()
    ]
    return "\n".join(lines)
