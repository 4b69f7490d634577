"""Runs inputs in a child process and holds each one to its limits: time, memory, files, processes, connections.

    tally = watch("study", range(1000), seconds=60)

An input that takes more than a second of processor time, or that waits for a minute, is a fault: the process is killed, and
the next input runs in another one. Processor time is counted, so that a busy machine causes no false alarm.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaign.child import ENDED, PROGRESS, STARTING
from tests.campaign.kinds import Kind

__all__ = ["Fault", "Tally", "rounds", "watch"]

SECONDS = 1.0
"""Processor time of an input of up to 100 kB; each further megabyte gets as much again."""
WAITING = 60.0
"""Seconds in which an input may make no progress without using the processor."""
LOADING = 300.0
"""Seconds for a process to load what it needs."""
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Fault:
    """An input that assay did not read or refuse as it should."""

    kind: str
    number: int
    what: str
    """`crash`, `hang`, `memory`, `escape` or `message`."""
    where: str
    """The line of assay, where it is known."""
    detail: str

    @property
    def cause(self) -> tuple[str, str, str]:
        """What two inputs share that show the same fault."""
        return self.kind, self.what, self.where


@dataclass(slots=True)
class Tally:
    """What became of the inputs of one kind."""

    inputs: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def causes(self) -> set[tuple[str, str, str]]:
        """The distinct faults."""
        return {fault.cause for fault in self.faults}

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.inputs += other.inputs
        self.faults += other.faults


def watch(kind: str, numbers: range, seconds: float) -> Tally:
    """Run the inputs of these numbers, or as many as the time allows."""
    tally, end, first = Tally(), time.monotonic() + seconds, numbers.start
    while first < numbers.stop and (left := end - time.monotonic()) > 0:
        folder = Path(tempfile.mkdtemp(prefix="campaign-", dir=_quick()))
        try:
            reached = _one_process(kind, range(first, numbers.stop), left, folder, tally)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        tally.inputs += reached - first
        if reached == first:
            break
        first = reached
    return tally


def _quick() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


def _one_process(kind: str, numbers: range, seconds: float, folder: Path, tally: Tally) -> int:
    """Run inputs until one breaks a limit; the number after the last one that was run."""
    command = [
        sys.executable,
        "-m",
        "tests.campaign.child",
        kind,
        str(numbers.start),
        str(len(numbers)),
        str(folder),
    ]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with (folder / "out").open("w+b") as out, (folder / "err").open("w+b") as err:
        child = subprocess.Popen([*command, str(seconds)], cwd=ROOT, env=environment, stdout=out, stderr=err)
        try:
            ended = _supervise(child, folder)
        finally:
            child.kill()
            child.wait()
        out.seek(0)
        tally.faults += [Fault(**json.loads(line)) for line in out.read().splitlines()]
        number, _, size = _progress(folder) or (0, 0, STARTING)
        if size == ENDED:
            return number
        err.seek(0)
        lines = err.read().decode("utf-8", "replace").splitlines()
        if size == STARTING:
            raise RuntimeError(f"{kind}: the process ended before the first input\n" + "\n".join(lines[-20:]))
        last = next((line.strip() for line in lines if "/assay/" in line), " ".join(lines[:3]))
        tally.faults.append(
            Fault(kind, number, ended or "crash", last[-200:], f"{ended or child.returncode}")
        )
        return number + 1


def _supervise(child: subprocess.Popen[bytes], folder: Path) -> str:
    """Wait for the end; `hang` where an input breaks its limit."""
    last, since = None, time.monotonic()
    while child.poll() is None:
        time.sleep(0.05)
        state, now = _progress(folder), time.monotonic()
        if state != last:
            last, since = state, now
        if state is None or state[2] < 0:
            late = now - since > LOADING
        else:
            late = (
                _used(child.pid) - state[1] / 1e9 > SECONDS * max(1, state[2] / 1e6) or now - since > WAITING
            )
        if late and _progress(folder) == state:
            child.send_signal(signal.SIGUSR1)  # it writes where it is
            time.sleep(0.5)
            return "hang"
    return ""


def _progress(folder: Path) -> tuple[int, int, int] | None:
    """Number, processor time and size of the input that runs; None before the first."""
    try:
        return PROGRESS.unpack((folder / "progress").read_bytes())
    except (OSError, struct.error):  # not there yet
        return None


def _used(process: int) -> float:
    """Processor time of a process, seconds."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rounds(kinds: Mapping[str, Kind], first: int, inputs: int) -> Iterator[tuple[str, range]]:
    """Numbers of each kind that make up so many inputs together, by weight; scenes have a number of their own."""
    total = sum(kind.weight for kind in kinds.values() if not kind.scenes)
    for name, kind in kinds.items():
        count = kind.scenes or max(1, round(inputs * kind.weight / total))
        yield name, range(first, first + count)
