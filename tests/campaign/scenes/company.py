"""Several processes at one run: two that write, one that reads beside one that writes, two that decide."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from assay import audit
from assay.errors import AssayError, RunError
from assay.records import Store
from tests.campaign.kinds import KEPT, Files, Kind
from tests.campaign.scenes.kills import forked, prepared

__all__ = ["KINDS"]

HELD = re.compile(
    r"another assay process is writing to this run: process \d+ on \S+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; wait for it"
)


def _two_writers(name: str, folder: Path, random: Random) -> None:
    """One of them does the work; the other one is told who does, or comes late and finds it done."""
    work, _, seconds, expected = prepared(name)
    refusals = folder / "refusal"

    def do() -> None:
        try:
            work.run(folder / "run")
        except RunError as bad:
            refusals.write_text(str(bad))

    first = forked(do, folder / "first.log")
    time.sleep(random.random() * seconds)
    second = forked(do, folder / "second.log")
    for process, log in ((first, "first.log"), (second, "second.log")):
        status = os.waitpid(process, 0)[1]
        assert status == 0, (folder / log).read_text() if (folder / log).exists() else status
    assert work.state(folder / "run") == expected
    if refusals.exists():
        assert HELD.search(refusals.read_text()), refusals.read_text()


def _reader(name: str, folder: Path, __: Random) -> None:
    """A reader sees whole rows only, more and more of them, and changes nothing."""
    work, _, _, expected = prepared(name)
    run = folder / "run"
    process, counts = forked(lambda: work.run(run), folder / "log"), [0]
    while os.waitpid(process, os.WNOHANG) == (0, 0):
        try:
            with Store.read(run, untouched=True) as store:
                counts.append(sum(1 for name, task in store.bound() for _ in store.responses(name, task)))
                assert store.manifest is not None
        except AssayError:  # before there is a run, and while SQLite makes the file
            pass
        time.sleep(0.01)
    assert counts == sorted(counts), counts
    assert work.state(run) == expected


def _two_deciders(name: str, folder: Path, __: Random) -> None:
    """Both decide the same, or one is told that the other one writes."""
    work, _, _, expected = prepared(name)
    run = folder / "run"
    work.run(run)

    def do() -> None:
        try:
            audit.decide(run)
        except RunError as bad:
            if not HELD.search(str(bad)):
                raise

    processes = [forked(do, folder / f"{number}.log") for number in range(3)]
    for number, process in enumerate(processes):
        status = os.waitpid(process, 0)[1]
        assert status == 0, (folder / f"{number}.log").read_text()
    assert work.state(run) == expected


SCENES: Mapping[str, Callable[[str, Path, Random], None]] = {
    "two writers": _two_writers,
    "a reader": _reader,
    "two deciders": _two_deciders,
}


def _meet(files: Files, folder: Path) -> None:
    random = Random(hashlib.sha256(files["seed"]).digest())
    SCENES[files[f"{KEPT}scene"].decode()](files[f"{KEPT}work"].decode(), folder, random)


def _whole() -> Sequence[Files]:
    return [
        {
            f"{KEPT}scene": scene.encode(),
            f"{KEPT}work": work.encode(),
            "seed": b"seed of a scene, to be changed",
        }
        for scene in SCENES
        for work in ("recorded", "server", "judge")
    ]


KINDS = (Kind("processes side by side", _whole, _meet, warm=0, scenes=6),)
