"""Times and peak memory of every command on a run of 1,000,000 records, and of planning a study of 1,000 adapters.

    python benchmarks/load.py                                           # 200 adapters, 10 tasks, 541 prompts
    python benchmarks/load.py --adapters 124 --tasks 1 --prompts 8000

Makes the study and its responses first (that is not timed). Each command runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from inspect_thousand import BASE, write_adapter


def write_study(folder: Path, adapters: int, prompts: int, tasks: int = 1) -> Path:
    """A study of numeric tasks over recorded responses, whose adapters are right at rates from .3 to .7."""
    rng = random.Random(0)  # noqa: S311 - not for secrets
    names = [f"math-{number}" if number else "math" for number in range(tasks)]

    def file(name: str, rows: Iterator[dict[str, str]]) -> str:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return name

    def subject(name: str, rate: float) -> dict[str, object]:
        def rows() -> Iterator[dict[str, str]]:
            for i in range(prompts):
                yield {"key": str(i), "response": f"#### {int(rng.random() < rate)}"}

        return {"name": name, "responses": {task: file(f"{name}-{task}.jsonl", rows()) for task in names}}

    file("examples.jsonl", ({"key": str(i), "question": f"q {i}", "answer": "1"} for i in range(prompts)))
    document = {
        "name": "load",
        "bases": [subject("base", 0.5)],
        "adapters": [
            {**subject(f"a{i}", 0.3 + 0.4 * i / adapters), "label": "numeric"} for i in range(adapters)
        ],
        "tasks": [{"task": "numeric", "name": task, "examples": "examples.jsonl"} for task in names],
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def write_many(folder: Path, adapters: int) -> Path:
    """A study of so many adapter folders with sparse weights, of which none is loaded."""
    (folder / "base").mkdir()
    (folder / "base" / "config.json").write_text(json.dumps(BASE))
    for number in range(adapters):
        write_adapter(folder / f"adapter-{number}", number)
    rows = (json.dumps({"question": f"q {i}", "answer": "1"}) + "\n" for i in range(541))
    (folder / "examples.jsonl").write_text("".join(rows))
    names = (f"adapter-{number}" for number in range(adapters))
    document = {
        "name": "many",
        "bases": [{"name": "base", "model": "./base"}],
        "adapters": [{"name": name, "path": f"./{name}", "label": "numeric"} for name in names],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def timed(*arguments: str | Path) -> None:
    """Run a command of assay; print its seconds and largest resident memory."""
    start = time.perf_counter()
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "assay", *map(str, arguments)],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(process, 0)
    seconds, peak = time.perf_counter() - start, usage.ru_maxrss / 2**20
    words = " ".join(word if isinstance(word, str) else word.name for word in arguments)
    print(
        f"assay {words:44} {seconds:7.1f} s {peak:6.2f} GiB  exit {os.waitstatus_to_exitcode(status)}",
        flush=True,
    )


def main() -> None:
    """Make both studies and time what is done with them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--adapters", type=int, default=200)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--prompts", type=int, default=541)
    parser.add_argument(
        "--planned", type=int, default=1000, help="adapters of the study that is only planned"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("load", "many"):
            (folder / part).mkdir()
        study = write_study(folder / "load", options.adapters, options.prompts, options.tasks)
        run = folder / "run"
        print(f"{(1 + options.adapters) * options.tasks * options.prompts:,} records")
        timed("run", study, "--out", run)
        timed("decide", run)
        timed("report", run)
        timed("gate", run)
        for form in ("responses", "parquet", "evidence"):
            timed("export", run, "--format", form, "--out", folder / form)
        print(f"{options.planned:,} adapters of 392 tensors")
        timed("plan", write_many(folder / "many", options.planned))


if __name__ == "__main__":
    main()
