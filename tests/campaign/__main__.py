"""Runs a campaign, or one of its inputs again.

python -m tests.campaign --budget 120 --inputs 20000 --out campaign.json
python -m tests.campaign --replay "studies:1234"
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.campaign.child import replay
from tests.campaign.inputs import KINDS
from tests.campaign.kinds import Kind
from tests.campaign.report import table, write_summary
from tests.campaign.watchdog import Tally, rounds, watch

SHORTEST = 5.0
"""Seconds that each kind gets, whatever is left: a campaign tries every kind."""


def main() -> int:
    """The exit code: 1 where a fault was found that is not fixed."""
    given = _options()
    if given.replay:
        kind, _, number = given.replay.rpartition(":")
        with tempfile.TemporaryDirectory() as folder:
            replay(KINDS[kind], int(number), Path(folder))
        return 0
    kinds = {name: kind for name, kind in KINDS.items() if not given.only or name in given.only}
    print(
        f"seed {given.seed}, {given.budget:.0f} s, {len(kinds)} kinds; an input again: --replay KIND:NUMBER",
        flush=True,
    )
    tallies = campaign(kinds, given, time.monotonic() + given.budget)
    write_summary(given.out, tallies)
    print(table(tallies))
    return int(any(tally.faults for tally in tallies.values()))


def campaign(kinds: Mapping[str, Kind], given: argparse.Namespace, end: float) -> dict[str, Tally]:
    """Rounds of inputs until the time is up, or as many as asked for."""
    tallies = {name: Tally() for name in kinds}
    seen: set[tuple[str, str, str]] = set()

    def work(name: str, numbers: range, seconds: float) -> None:
        tally = watch(name, numbers, seconds)
        tallies[name].add(tally)
        for fault in tally.faults:
            if fault.cause not in seen:
                seen.add(fault.cause)
                print(f"{fault.what}: {fault.kind}:{fault.number} {fault.where} {fault.detail}", flush=True)

    for past in range(given.rounds or sys.maxsize):
        if past and time.monotonic() > end - SHORTEST:
            break
        first = given.seed * 1_000_000_000 + past * given.inputs
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for name, numbers in rounds(kinds, first, given.inputs):
                pool.submit(work, name, numbers, max(SHORTEST * 4, end - time.monotonic())).add_done_callback(
                    _raised
                )
    return tallies


def _raised(future: object) -> None:
    """What broke the campaign itself is shown at once."""
    if error := future.exception():  # type: ignore[attr-defined]
        print(error, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--budget", type=float, default=3600, help="seconds")
    parser.add_argument("--inputs", type=int, default=22_000, help="inputs in a round, over all kinds")
    parser.add_argument("--rounds", type=int, help="so many rounds at most; by default until the time is up")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other inputs")
    parser.add_argument(
        "--only", action="append", choices=sorted(KINDS), help="only this kind; may be repeated"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/campaign/campaign.json"))
    parser.add_argument("--replay", metavar="KIND:NUMBER", help="feed one input again, without limits")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
