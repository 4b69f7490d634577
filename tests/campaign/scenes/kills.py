"""Work that is killed at random instants and done again ends as work that nobody disturbed."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

from tests.campaign.kinds import KEPT, Files, Kind
from tests.campaign.scenes.works import WORKS, Work

__all__ = ["KINDS", "forked", "prepared"]

NEEDS_TORCH = ("torch", "training")


def forked(do: Callable[[], object], log: Path) -> int:
    """The process that does it; its traceback goes to `log`."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            do()
            code = 0
        except BaseException:
            log.write_text(traceback.format_exc())
        finally:
            os._exit(code)
    return process


@cache
def prepared(name: str) -> tuple[Work, Path, float, Any]:
    """The work, its folder, how long it takes undisturbed, and the state that it then leaves."""
    folder = Path(tempfile.mkdtemp(prefix=f"kills-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "files").mkdir()
    work = WORKS[name](folder / "files")
    atexit.register(work.end)
    for out in ("first", "whole"):  # what is slow but once is not timed
        began = time.monotonic()
        _finish(work, folder, out)
        seconds = time.monotonic() - began
    return work, folder, seconds, work.state(folder / "whole")


def _finish(work: Work, folder: Path, out: str) -> None:
    log = folder / f"{out}.log"
    status = os.waitpid(forked(lambda: work.run(folder / out), log), 0)[1]
    if status:
        raise AssertionError(
            f"it ended with status {status}: {log.read_text() if log.exists() else ''}"[-2000:]
        )


def _kill(files: Files, _: Path) -> None:
    """One kill, or several of one run, then the rest of the work."""
    work, folder, seconds, expected = prepared(files[f"{KEPT}work"].decode())
    digest = hashlib.sha256(files["seed"]).digest()
    random, out = Random(digest), f"run-{digest.hex()[:16]}"
    for _again in range(random.choice((1, 1, 2))):
        process = forked(lambda: work.run(folder / out), folder / f"{out}.log")
        time.sleep((0.05 + 0.95 * random.random()) * seconds)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    _finish(work, folder, out)
    state = work.state(folder / out)
    shutil.rmtree(folder / out)
    assert state == expected, "another state than undisturbed"


def _whole() -> Sequence[Files]:
    names = [name for name in WORKS if name not in NEEDS_TORCH or find_spec("torch")]
    return [{f"{KEPT}work": name.encode(), "seed": b"seed of a kill, to be changed"} for name in names]


KINDS = (Kind("kills", _whole, _kill, warm=0, scenes=10),)
