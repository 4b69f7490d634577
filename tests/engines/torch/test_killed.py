"""A run that is killed at any instant and started again ends with the records of one that was not.

The tokens of its rows are kept at nearly every step, so that most kills leave rows to continue."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engines.torch.test_study import study_of
from tests.engines.torch.toys import Toy
from tests.runs.conversing import conversations

TRIALS = int(os.environ.get("ASSAY_KILLS", "20"))
"""Kills."""
SCRIPT = """
import json, os, random, signal, sqlite3, sys, time, warnings
from pathlib import Path
import torch
torch.set_num_threads(1)
import assay, assay.engines.torch
from assay.records import Store
from assay.runs import generate

generate.JOURNALLED_EVERY = 0.01
study, folder, trials = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def records(run):
    with Store.read(run) as store:
        return sorted((n, t, json.dumps(r, sort_keys=True)) for n, t in store.bound() for r in store.responses(n, t))

def rows_under_way(run):
    with sqlite3.connect(run / "records.sqlite") as db:
        return db.execute("SELECT count(*) FROM partial_rows").fetchone()[0]

def started(run):
    child = os.fork()
    if child == 0:
        try:
            assay.run(study, run)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child

assert os.waitpid(started(folder / "first"), 0)[1] == 0  # what is slow but once is not timed
began = time.monotonic()
assert os.waitpid(started(folder / "whole"), 0)[1] == 0
seconds = time.monotonic() - began
expected = records(folder / "whole")
draw = random.Random(0)
told = {"records": len(expected), "seconds": seconds, "killed": 0, "partly": 0, "begun": 0, "same": 0}
for trial in range(trials):
    run = folder / f"run{trial}"
    child = started(run)
    time.sleep((0.3 + 0.7 * draw.random()) * seconds)
    os.kill(child, signal.SIGKILL)
    told["killed"] += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    if (run / "records.sqlite").exists():
        try:
            told["partly"] += 0 < len(records(run)) < len(expected)
            told["begun"] += rows_under_way(run) > 0
        except Exception:
            pass  # killed before the layout was there
    assert os.waitpid(started(run), 0)[1] == 0
    told["same"] += records(run) == expected
print(json.dumps(told))
"""


@pytest.mark.slow
@pytest.mark.parametrize("turns", [1, 3])
def test_a_run_killed_at_random_instants_ends_with_the_same_records(
    llama: Toy, tmp_path: Path, turns: int
) -> None:
    for name in ("r1", "r4"):
        shutil.copytree(llama.folder / name, tmp_path / name)
    label = "numeric" if turns == 1 else "instruction"
    adapters = [{"name": name, "path": f"./{name}", "label": label} for name in ("r1", "r4")]
    more: dict[str, Any] = {}
    if turns > 1:
        conversations(tmp_path, 20)
        more["tasks"] = [{"task": "multi-if", "name": "talk", "prompts": "conversations.jsonl"}]
    study = study_of(tmp_path, llama.folder, adapters, count=60, decoding={"max_tokens": 24}, **more)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(study), str(tmp_path), str(TRIALS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["same"] == TRIALS
    assert told["killed"] > TRIALS // 2
    assert told["partly"] > 0
    assert told["begun"] > TRIALS // 10
