"""Tokens per second of the torch engine by how OpenMP's threads wait for each other, alone and beside a busy process.

`GOMP_SPINCOUNT` is how often a thread looks before it sleeps, 100,000 being about a millisecond; 0 is what
`OMP_WAIT_POLICY=passive` does, 300,000 what torch does on its own. `assay` is what assay does, which watches the other
processes. A count in `--counts` is tried on a quiet machine, then beside a process that keeps one core busy; the
machine must have nothing else to do.

    python benchmarks/waiting.py --ifeval IFEVAL.jsonl --counts assay,0,3000,300000
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine import prepare, run
from engine_workload import REAL

BURN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
"""It ends with its parent, however that ends."""
NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


@contextmanager
def neighbour() -> Iterator[None]:
    """A process that keeps one core busy."""
    process = subprocess.Popen(
        [sys.executable, "-c", BURN], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def rate(workload: dict[str, Any], folder: Path, count: str) -> float:
    """Tokens per second under one way of waiting."""
    for name in NAMES:
        os.environ.pop(name, None)
    if count != "assay":
        os.environ["GOMP_SPINCOUNT"] = count
    found = run("assay", sys.executable, workload, folder)
    return float(found["generated"] / found["seconds"])


def main() -> None:
    """Every count, quiet and busy."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ifeval", type=Path, required=True, help="IFEval's prompt file")
    parser.add_argument("--model", default=REAL)
    parser.add_argument("--counts", default="assay,0,3000")
    parser.add_argument("--prompts", type=int, default=16, help="prompts for each subject")
    parser.add_argument("--tokens", type=int, default=128, help="of each response, at most")
    parser.add_argument("--adapters", type=int, default=8)
    options = parser.parse_args()
    options.random, options.grow, options.lm_eval_subjects = False, "", 0
    options.threads = len(os.sched_getaffinity(0))
    print(f"{'spin count':>12}{'quiet':>10}{'busy':>10}{'busy of quiet':>15}")
    with tempfile.TemporaryDirectory() as place:
        workload = prepare(Path(place), options)
        for count in options.counts.split(","):
            quiet = rate(workload, Path(place), count)
            with neighbour():
                busy = rate(workload, Path(place), count)
            print(f"{count:>12}{quiet:10.1f}{busy:10.1f}{busy / quiet:15.0%}", flush=True)


if __name__ == "__main__":
    main()
