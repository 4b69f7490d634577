"""The registry of the adapters that this project makes, as a page of the documentation.

    python -m scripts.registry_example             # the adapters of `assay demo`, by their recorded responses
    python -m scripts.registry_example RUN...      # and those of further complete runs, such as the real study's

It writes studies/registry-example/registry.json and docs/explanation/registry-example.md; neither holds a date or a path.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.demo.recorded import run_recorded
from assay.registry.index import Filter, Registry
from assay.report.text.numbers import interval, points, units

__all__ = ["audits", "main", "page"]

ROOT = Path(__file__).parents[1]
DATA = ROOT / "studies" / "registry-example" / "registry.json"
PAGE = ROOT / "docs" / "explanation" / "registry-example.md"
FIELDS = (
    *(
        "adapter",
        "base",
        "label",
        "metric",
        "kind",
        "against",
        "margin",
        "words",
        "reason",
        "n",
        "gain",
        "low",
        "high",
        "level",
    ),
    *(
        "drift",
        "gate",
        "rule",
        "study",
        "engine",
        "adapter_sha256",
        "base_sha256",
        "prompts_sha256",
        "verifier",
    ),
)
HEAD = """# The registry of this project's adapters

Every adapter that this project makes is audited like any other. This is [the registry](../how-to/registry.md) of these audits:
the newest verdict of each claim, with its interval in points, the drift and the gate's outcome. The adapters of the base `base`
are those of `assay demo`, whose responses ship with assay, so anyone can make their rows again, without a GPU and offline:

    python -m scripts.registry_example

The adapters of `smollm2-135m-instruct` are those of [the study on a real model](real-study.md). The gate and the last line leave
out the control `control-s1`, whose verdict is known before the study.

"""


def audits(runs: Sequence[Path]) -> tuple[list[dict[str, Any]], str]:
    """The verdicts of these runs and of the recorded demo, and the line over all of them."""
    with tempfile.TemporaryDirectory() as home:
        demo = Path(home) / "demo"
        run_recorded(demo)
        with Registry.open(str(Path(home) / "registry.sqlite"), write=True) as registry:
            for run in (demo, *runs):
                registry.add(run)
            rows = registry.page(Filter(), rows=10**6).rows
            kept = [{name: row[name] for name in FIELDS} for row in rows]
            return sorted(kept, key=lambda row: (row["base"], row["label"], row["adapter"], row["metric"])), (
                registry.line().sentence
            )


def page(verdicts: Sequence[Mapping[str, Any]], sentence: str) -> str:
    """The page's text."""
    head = ["adapter", "label", "base", "claim", "prompts", "gain", "interval", "drift", "gate", "verdict"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(_cells(row))} |" for row in verdicts]
    return HEAD + "\n".join(lines) + f"\n\n{sentence}\n"


def _cells(row: Mapping[str, Any]) -> list[str]:
    ends = None if row["low"] is None else (row["low"], row["high"])
    drift = "-" if row["drift"] is None else units(row["drift"])
    claim = f"{row['kind']} {row['metric']}" + (f" against {row['against']}" if row["against"] else "")
    figures = [
        str(row["n"] or "-"),
        points(row["gain"]),
        interval(ends, row["margin"]),
        drift,
        row["gate"] or "-",
    ]
    return [row["adapter"], row["label"], row["base"], claim, *figures, row["words"]]


def main(runs: Sequence[str]) -> None:
    """Write both files."""
    verdicts, sentence = audits([Path(run) for run in runs])
    DATA.parent.mkdir(parents=True, exist_ok=True)
    DATA.write_text(json.dumps({"verdicts": verdicts, "line": sentence}, indent=2, ensure_ascii=False) + "\n")
    PAGE.write_text(page(verdicts, sentence))


if __name__ == "__main__":
    main(sys.argv[1:])
