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
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from load import write_study


def make_million(folder: Path, adapters: int, examples: int) -> Path:
    """A complete run of so many adapters and a base."""
    run = folder / "million" / "run"
    if not (run / "verdicts.json").exists():
        (folder / "million").mkdir(parents=True, exist_ok=True)
        study = write_study(folder / "million", adapters, examples)
        command = [sys.executable, "-m", "assay", "run", str(study), "--out", str(run)]
        subprocess.run(command, check=True, capture_output=True)
    return run


def make_runs(folder: Path, count: int) -> Path:
    """So many complete runs of three adapters."""
    runs = folder / "runs"
    if not (runs / f"run-{count}").exists():
        (folder / "small").mkdir(parents=True, exist_ok=True)
        study = write_study(folder / "small", 3, 100)
        command = [sys.executable, "-m", "assay", "run", str(study), "--out", str(runs / "run-1")]
        subprocess.run(command, check=True, capture_output=True)
        for number in range(2, count + 1):
            shutil.copytree(runs / "run-1", runs / f"run-{number}")
    return runs


@dataclass(frozen=True)
class Seen:
    """What a page took, in milliseconds."""

    wall: float
    cpu: float
    """Of the server: what is left of `wall` on a busy machine is other programs' time."""

    def __str__(self) -> str:
        return f"{self.wall:.0f} ms (CPU {self.cpu:.0f})"


class Browser:
    """Asks a view for pages."""

    def __init__(self, client: httpx2.Client, server: psutil.Process) -> None:
        self._client, self._server = client, server

    def open(self, address: str) -> Seen:
        """Ask for a page, whole."""
        before, start = self._cpu(), time.perf_counter()
        answer = self._client.get(address)
        taken, spent = time.perf_counter() - start, self._cpu() - before
        answer.raise_for_status()
        return Seen(1000 * taken, 1000 * spent)

    def pages(self, address: str, starts: range) -> str:
        """Pages of flips, each asked for once: the median, and the slowest."""
        seen = [self.open(f"{address}start={start}") for start in starts]
        median = Seen(
            statistics.median(each.wall for each in seen), statistics.median(each.cpu for each in seen)
        )
        return f"median {median}, slowest {Seen(max(each.wall for each in seen), max(each.cpu for each in seen))}"

    def _cpu(self) -> float:
        times = self._server.cpu_times()
        return float(times.user + times.system)


@contextmanager
def served(folder: Path) -> Iterator[Browser]:
    """A view of a folder."""
    command = [sys.executable, "-m", "assay", "view", str(folder), "--port", "0", "--no-browser", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = json.loads("".join(process.stdout.readline() for _ in range(5)))
        with httpx2.Client(base_url=printed["url"], timeout=600, follow_redirects=True) as client:
            yield Browser(client, psutil.Process(process.pid))
        process.terminate()


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
        with served(run.parent) as browser:
            print(f"open the run: {browser.open('/run/run')}, again {browser.open('/run/run')}")
            print("next pages of its flips:", browser.pages("/run/run/flips?", range(0, 1000, 20)))
            print(
                "pages anywhere in its flips:", browser.pages("/run/run/flips?", range(7000, 400_000, 13_000))
            )
            print("pages of one adapter:", browser.pages("/run/run/flips?adapter=a7&", range(0, 2000, 100)))
            print("pages of a search:", browser.pages("/run/run/flips?text=q+77&", range(0, 1000, 100)))
        with served(make_runs(folder, options.runs)) as browser:
            first, again, last = (
                browser.open(address) for address in ("/", "/", f"/?start={options.runs - 1}")
            )
            print(f"list {options.runs:,} runs: {first}, again {again}, last page {last}")
            first, again = (browser.open("/adapter?name=a1") for _ in range(2))
            print(f"history of an adapter in all of them: {first}, again {again}")


if __name__ == "__main__":
    main()
