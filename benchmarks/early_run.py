"""What stopping early saves in wall time: one study, run in full and until every claim is settled.

    assay demo --out DEMO
    python benchmarks/early_run.py DEMO [--limit 600] [--elsewhere 150] [--adapters NAME ...] [--json FILE]

Both runs answer on this machine with the engine that the study names, in turn, full first and early second, then the
reverse (not with `--once`); printed are seconds by the clock and of the processor (which other work on the machine
does not stretch), responses, and the verdicts side by side.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

import assay
from assay.records import Store
from assay.study import Study


def main() -> None:
    """Run each way twice, and print what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("demo", type=Path, help="folder that `assay demo --out` left")
    parser.add_argument("--limit", type=int, default=600, help="prompts of each task")
    parser.add_argument("--elsewhere", type=int, help="prompts of tasks without a claim, in the early run")
    parser.add_argument("--adapters", nargs="+", help="these of the study only")
    parser.add_argument("--once", action="store_true", help="each way once, full first")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    data = yaml.safe_load((given.demo / "study.yaml").read_text(encoding="utf-8"))
    data["tasks"] = [task | {"limit": given.limit} for task in data["tasks"]]
    if given.adapters:
        data["adapters"] = [entry for entry in data["adapters"] if entry["name"] in given.adapters]
    stop: dict[str, Any] = {"when": "decided"} | ({"elsewhere": given.elsewhere} if given.elsewhere else {})
    ways = {"full": data, "early": data | {"stop": stop}}
    turns = ("full", "early") if given.once else ("full", "early", "early", "full")
    found = [one(way, ways[way], given.demo) for way in turns]
    for way in ways:
        runs = [run for run in found if run["way"] == way]
        seconds = " and ".join(f"{run['seconds']:.0f}" for run in runs)
        busy = " and ".join(f"{run['processor_seconds']:.0f}" for run in runs)
        print(
            f"{way:6}{seconds:>16} s {busy:>16} s of processor {runs[0]['responses']:>8,} responses  {runs[0]['counts']}"
        )
    full, early = (next(run["verdicts"] for run in found if run["way"] == way) for way in ways)
    for claim, word in full.items():
        print(f"{claim:60}{word:12}{early[claim]}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def one(way: str, data: dict[str, Any], demo: Path) -> dict[str, Any]:
    """A run in a folder of its own, which is removed again."""
    folder = Path(tempfile.mkdtemp(prefix=f"assay-{way}-"))
    began, busy = time.monotonic(), time.process_time()
    result = assay.run(Study.from_dict(data, demo), folder)
    seconds, busy = time.monotonic() - began, time.process_time() - busy
    with Store.read(folder) as store:
        responses = store.count()
    shutil.rmtree(folder)
    return {
        "way": way,
        "seconds": seconds,
        "processor_seconds": busy,
        "responses": responses,
        "counts": dict(Counter(claim.verdict for claim in result.claims)),
        "verdicts": {f"{claim.adapter} {claim.metric}": claim.verdict for claim in result.claims},
    }


if __name__ == "__main__":
    main()
