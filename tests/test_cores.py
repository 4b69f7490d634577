"""Cores and their other users, on times that tests make up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import namedtuple
from itertools import count

import pytest

from assay import cores
from assay.cores import busy_elsewhere, share_cores

Times = namedtuple("Times", ["user", "system", "idle", "iowait", "steal", "guest"])


def measured(monkeypatch: pytest.MonkeyPatch, after: list[Times], own: float = 0.0) -> float:
    """What others use, from the times of a second that begins at zero."""
    monkeypatch.setattr(cores, "cores", lambda: [0, 1])
    calls = count()
    zero = [Times(0, 0, 0, 0, 0, 0)] * len(after)
    mine = iter([0.0, own])
    return busy_elsewhere(
        1, lambda: zero if next(calls) < 1 else after, own=lambda: next(mine), sleep=lambda _: None
    )


def test_idle_cores_are_free(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(monkeypatch, [Times(0, 0, 1, 0, 0, 0), Times(0, 0, 0, 1, 0, 0)]) == 0


def test_a_core_that_another_process_uses_counts_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(monkeypatch, [Times(0.75, 0.25, 0, 0, 0, 0.5), Times(0, 0, 1, 0, 0, 0)]) == pytest.approx(
        1
    )


def test_what_this_process_uses_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [Times(1, 0, 0, 0, 0, 0), Times(0.5, 0, 0.5, 0, 0, 0)]
    assert measured(monkeypatch, both, own=1.0) == pytest.approx(0.5)
    assert measured(monkeypatch, both, own=9.0) == 0


def test_time_that_a_host_takes_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(monkeypatch, [Times(0, 0, 0.5, 0, 0.5, 0)] * 2) == pytest.approx(1)


def test_cores_of_others_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Times(1, 0, 0, 0, 0, 0)
    assert measured(monkeypatch, [Times(0, 0, 1, 0, 0, 0)] * 2 + [full, full]) == 0


def test_threads_soon_sleep_unless_the_environment_says_how_they_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in cores.SPINNING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", {"GOMP_SPINCOUNT": "1000"})
    share_cores()
    assert os.environ == {"GOMP_SPINCOUNT": "1000"}
    monkeypatch.setattr(os, "environ", {})
    share_cores()
    assert os.environ == {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000"}


@pytest.mark.parametrize("name", ["assay.training", "assay.engines.torch"])
def test_whatever_imports_torch_decides_first_how_threads_wait(name: str) -> None:
    before = """
import importlib.abc, os, sys

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        assert name != "torch" or "OMP_WAIT_POLICY" in os.environ, "torch came first"

sys.meta_path.insert(0, Finder())
"""
    environment = {key: value for key, value in os.environ.items() if key not in cores.SPINNING}
    code = f"{before}\nimport {name}\nassert os.environ['GOMP_SPINCOUNT'] == '3000'"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
