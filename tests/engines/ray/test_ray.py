"""Ray itself, on this machine: two actors leave the records of none, also where one is killed meanwhile."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ABSENT = [name for name in ("ray", "torch", "transformers", "peft") if not importlib.util.find_spec(name)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=f"{', '.join(ABSENT)} not installed"),
]

SCRIPT = """
import json, os, signal, sys, threading, time
from pathlib import Path
import assay
from assay.engines.ray import preflight
from assay.records import Store

plain, shared, folder = map(Path, sys.argv[1:4])

def records(run):
    with Store.read(run) as store:
        return sorted((n, t, json.dumps(r, sort_keys=True)) for n, t in store.bound() for r in store.responses(n, t))

def parents():
    found = {}
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                found[int(one.name)] = int((one / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                pass
    return found

def actors():
    above = parents()
    def ours(pid):
        while pid in above:
            pid = above[pid]
            if pid == os.getpid():
                return True
        return False
    found = []
    for pid in above:
        try:
            name = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if name.startswith(b"ray::Worker") and ours(pid):
            found.append(pid)
    return found

told = {"killed": 0, "held": 0}

def kill_one(done):
    held = done[0]
    if 5 < held < told["records"] // 2 and not told["killed"]:
        victims = actors()
        told["actors"] = len(victims)
        os.kill(victims[0], signal.SIGKILL)
        told["killed"] += 1
        told["held"] = held

def progress(what, done, total, note="", part="", left=""):
    if what == "responses" and not part and killing[0]:
        kill_one([done])

killing = [False]
assay.run(plain, folder / "plain")
expected = records(folder / "plain")
told["records"] = len(expected)
began = time.monotonic()
assay.run(shared, folder / "shared", engine=preflight)
told["seconds"] = time.monotonic() - began
told["shared"] = records(folder / "shared") == expected
killing[0] = True
assay.run(shared, folder / "lossy", progress=progress, engine=preflight)
told["lossy"] = records(folder / "lossy") == expected
print(json.dumps(told))
"""


def test_two_actors_leave_the_records_of_none_also_where_one_is_killed(tmp_path: Path) -> None:
    told = run_script(tmp_path)
    assert told["shared"]
    assert told["killed"] == 1
    assert told["actors"] == 2
    assert told["lossy"]


def run_script(folder: Path) -> dict[str, Any]:
    from tests.engines.torch.test_study import study_of
    from tests.engines.torch.toys import make_toy

    toy = make_toy("llama", folder / "llama").folder
    studies = []
    for name, more in (("torch", {}), ("ray:torch", {"actors": 2, "cpus_per_actor": 1, "batch": 24})):
        place = folder / name.partition(":")[0]
        place.mkdir()
        for adapter in ("r1", "r4"):
            shutil.copytree(toy / adapter, place / adapter)
        options = {"device": "cpu", "rows": 8, **more}
        studies.append(
            study_of(
                place,
                toy,
                [{"name": adapter, "path": f"./{adapter}"} for adapter in ("r1", "r4")],
                count=60,
                decoding={"max_tokens": 48},
                engine={"name": name, "dtype": "float32", "options": options},
            )
        )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, *map(str, studies), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "RAY_ADDRESS": "local"},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
