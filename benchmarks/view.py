"""Times the pages of `assay view`: a run of 1,000,000 records, and a folder of 1,000 runs.

    python benchmarks/view.py [--adapters 124] [--examples 8000] [--runs 1000] [--folder FOLDER]

Makes both first (that is not timed; with --folder they are kept, and made once), serves them in a process of its own, and
asks for pages as a browser does. The first request of a page reads the run; the second finds it read.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from decide_million import write_study


def make_million(folder: Path, adapters: int, examples: int) -> Path:
    """A complete run of so many adapters and a base."""
    run = folder / "million" / "run"
    if not (run / "verdicts.json").exists():
        (folder / "million").mkdir(parents=True, exist_ok=True)
        study = write_study(folder / "million", adapters, examples)
        command = [sys.executable, "-m", "assay", "run", study, "--out", run]
        subprocess.run(command, check=True, capture_output=True)
    return run


def make_runs(folder: Path, count: int) -> Path:
    """So many complete runs of three adapters."""
    runs = folder / "runs"
    if not (runs / f"run-{count}").exists():
        (folder / "small").mkdir(parents=True, exist_ok=True)
        study = write_study(folder / "small", 3, 100)
        command = [sys.executable, "-m", "assay", "run", study, "--out", runs / "run-1"]
        subprocess.run(command, check=True, capture_output=True)
        for number in range(2, count + 1):
            shutil.copytree(runs / "run-1", runs / f"run-{number}")
    return runs


@contextmanager
def served(folder: Path) -> Iterator[httpx2.Client]:
    """A client of a view of a folder."""
    command = [sys.executable, "-m", "assay", "view", folder, "--port", "0", "--no-browser", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = json.loads("".join(process.stdout.readline() for _ in range(5)))
        with httpx2.Client(base_url=printed["url"], timeout=600, follow_redirects=True) as client:
            client.get("/nowhere")  # compiles the templates
            yield client
        process.terminate()


def timed(client: httpx2.Client, address: str) -> float:
    """Seconds that a page takes."""
    start = time.perf_counter()
    answer = client.get(address)
    taken = time.perf_counter() - start
    answer.raise_for_status()
    return taken


def pages(client: httpx2.Client, address: str, starts: range) -> str:
    """Times of pages of flips, each asked for once."""
    times = [1000 * timed(client, f"{address}start={start}") for start in starts]
    return f"median {statistics.median(times):.0f} ms, slowest {max(times):.0f} ms"


def main() -> None:
    """Make what is shown, and time its pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapters", type=int, default=124)
    parser.add_argument("--examples", type=int, default=8000)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        run = make_million(folder, options.adapters, options.examples)
        print(f"records {(1 + options.adapters) * options.examples:,}")
        with served(run.parent) as client:
            first, again = (timed(client, "/run/run") for _ in range(2))
            print(f"open the run: {1000 * first:.0f} ms, again {1000 * again:.0f} ms")
            print("next pages of its flips:", pages(client, "/run/run/flips?", range(0, 1000, 20)))
            print("any pages of its flips:", pages(client, "/run/run/flips?", range(7000, 400_000, 13_000)))
            print("pages of one adapter:", pages(client, "/run/run/flips?adapter=a7&", range(0, 2000, 100)))
            print("pages of a search:", pages(client, "/run/run/flips?text=q+77&", range(0, 1000, 100)))
        runs = make_runs(folder, options.runs)
        with served(runs) as client:
            first, again = (timed(client, "/") for _ in range(2))
            last = timed(client, f"/?start={options.runs - 1}")
            print(
                f"list {options.runs:,} runs: {1000 * first:.0f} ms, again {1000 * again:.0f} ms, last page {1000 * last:.0f} ms"
            )
            first, again = (timed(client, "/adapter?name=a1") for _ in range(2))
            print(f"history of an adapter in all of them: {1000 * first:.0f} ms, again {1000 * again:.0f} ms")


if __name__ == "__main__":
    main()
