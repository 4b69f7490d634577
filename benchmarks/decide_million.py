"""Times deciding a run of 1,000,000 scored records, and its peak memory.

    python benchmarks/decide_million.py [--adapters 124] [--examples 8000]

Makes the run first (that is not timed), scores it, and decides it in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

DECIDE = """
import resource, sys, time
from assay.audit import decide
start = time.perf_counter()
result = decide(sys.argv[1])
print(len(result.claims), time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def write_study(folder: Path, adapters: int, examples: int) -> Path:
    """A study of one numeric task whose adapters are right at rates from .3 to .7."""
    rng = random.Random(0)  # noqa: S311 - not for secrets

    def file(name: str, rows: Iterator[dict[str, str]]) -> str:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return name

    def subject(name: str, rate: float) -> dict[str, object]:
        rows = ({"key": str(i), "response": f"#### {int(rng.random() < rate)}"} for i in range(examples))
        return {"name": name, "responses": {"math": file(f"{name}.jsonl", rows)}}

    file("examples.jsonl", ({"key": str(i), "question": f"q {i}", "answer": "1"} for i in range(examples)))
    document = {
        "name": "million",
        "bases": [subject("base", 0.5)],
        "adapters": [
            {**subject(f"a{i}", 0.3 + 0.4 * i / adapters), "label": "numeric"} for i in range(adapters)
        ],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def main() -> None:
    """Make the run and time what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapters", type=int, default=124)
    parser.add_argument("--examples", type=int, default=8000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        study = write_study(Path(name), options.adapters, options.examples)
        run = Path(name) / "run"
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "assay", "run", study, "--out", run], check=True, capture_output=True
        )
        taken = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        print(f"records {(1 + options.adapters) * options.examples:,}")
        print(f"whole run (read, store, score, decide): {taken:.1f} s, peak {peak:.2f} GiB")
        decided = subprocess.run(
            [sys.executable, "-c", DECIDE, run], check=True, capture_output=True, text=True
        )
        claims, seconds, gibibytes = decided.stdout.split()
        print(
            f"deciding again from stored scores: {claims} claims in {float(seconds):.1f} s, peak {float(gibibytes):.2f} GiB"
        )


if __name__ == "__main__":
    main()
