"""The files of the recorded example, from a run."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from scripts.recorded_example import write_example

from assay.demo.recorded import EXAMPLE, run_recorded


def test_a_run_of_the_example_gives_its_files_again(tmp_path: Path) -> None:
    run_recorded(tmp_path / "run")
    write_example(tmp_path / "run", tmp_path)
    for name in ("base-problems", "inert-problems", "numeric-lists"):
        assert lines(tmp_path / f"{name}.jsonl.gz") == lines(EXAMPLE / f"{name}.jsonl.gz")


def lines(path: Path) -> dict[str, str]:
    rows = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    return {row["key"]: row["response"] for row in rows}
