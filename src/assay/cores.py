"""The processor's cores, and the other processes on them. It knows no engine and imports no torch.

share_cores()                # before torch is imported
busy_elsewhere(0.3)          # 1.0: other processes keep one core busy
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil

__all__ = ["busy_elsewhere", "cores", "share_cores"]

WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000"}
"""libgomp's threads spin for some 30 microseconds, and not at all where it has more threads than cores."""
SPINNING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Variables by which a user says how OpenMP's threads wait."""
IDLE = ("idle", "iowait", "guest", "guest_nice")
"""Times in which a core is free, or that another field counts already."""


def share_cores() -> None:
    """Let OpenMP's threads wait for each other but a moment before they sleep, unless the environment says how they wait.

    By default they spin for milliseconds. Where another process has one of the cores, that takes from the thread that
    all wait for, and a step takes a hundred times as long. OpenMP reads the environment once, when torch is imported.
    """
    if not any(os.environ.get(name) for name in SPINNING):
        os.environ.update(WAITING)


def cores() -> list[int]:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def busy_elsewhere(
    seconds: float,
    times: Callable[[], Sequence[Any]] = lambda: psutil.cpu_times(percpu=True),
    own: Callable[[], float] = time.process_time,
    sleep: Callable[[float], object] = time.sleep,
) -> float:
    """How many of this process's cores others kept busy, on average over so many seconds."""
    before, mine = times(), own()
    here = [core for core in cores() if core < len(before)]
    sleep(seconds)
    after, mine = times(), own() - mine
    busy = passed = 0.0
    for core in here:
        spent = {
            name: getattr(after[core], name) - getattr(before[core], name) for name in after[core]._fields
        }
        working = sum(part for name, part in spent.items() if name not in IDLE)
        busy += working
        passed += working + spent.get("idle", 0.0) + spent.get("iowait", 0.0)
    share = (busy - mine) / passed if passed else 0.0
    return len(here) * min(1.0, max(0.0, share))
