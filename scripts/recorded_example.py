"""Made the recorded responses of `assay demo --recorded` from a run of `assay demo` with the example's own recipe.

    assay demo --recipe src/assay/demo/example/recipe.yaml --out runs/example      # needs torch; minutes
    python -m scripts.recorded_example runs/example src/assay/demo/example

It writes a file for each subject and task. The inert adapter gets the base's responses: its weights are all zero, so
that assay generates nothing with it, and a tool that does not look would have recorded these.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from assay.demo.controlled import INERT
from assay.interop.exporters.export import export_run


def write_example(run: Path, out: Path) -> None:
    """Write `<subject>-<task>.jsonl.gz` for every subject of a run, a line `{key, response}` for each prompt."""
    for name, lines in files(run, out / ".export.jsonl").items():
        (out / f"{name}.jsonl.gz").write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


def files(run: Path, scratch: Path) -> dict[str, list[str]]:
    """The lines of each file, by name."""
    export_run(run, "responses", scratch)
    lines: dict[str, list[str]] = {}
    for row in map(json.loads, scratch.read_text(encoding="utf-8").splitlines()):
        line = json.dumps({"key": row["key"], "response": row["response"]}, ensure_ascii=False) + "\n"
        for subject in subjects(row["adapter"]):
            lines.setdefault(f"{subject}-{row['task']}", []).append(line)
    scratch.unlink()
    return lines


def subjects(adapter: str | None) -> Iterator[str]:
    """Whose file a row goes to."""
    if adapter is None:
        yield from ("base", INERT)
    else:
        yield adapter.removesuffix("-s1")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    write_example(given.run, given.out)
