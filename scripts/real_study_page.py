"""The page of the study on a real model: its template, filled in from the run's findings alone.

    python -m scripts.real_study_page --verdicts runs/smollm2/verdicts.json    # keep them beside the template, and write the page
    python -m scripts.real_study_page                                          # write the page from those that are kept
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.report.templating import environment

__all__ = ["KEPT", "PAGE", "main", "page"]

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "studies" / "smollm2"
KEPT = FOLDER / "verdicts.json"
PAGE = ROOT / "docs" / "explanation" / "real-study.md"


def page(found: Mapping[str, Any]) -> str:
    """The page's text for a run's verdicts.json."""

    def the(kind: str, adapter: str, metric: str) -> Mapping[str, Any]:
        (row,) = (row for row in found[kind] if (row["adapter"], row["metric"]) == (adapter, metric))
        return row  # type: ignore[no-any-return]

    def row(adapter: str, metric: str) -> Mapping[str, Any]:
        """What was found of an adapter on a metric, claimed or not."""
        claimed = any((one["adapter"], one["metric"]) == (adapter, metric) for one in found["claims"])
        return the("claims" if claimed else "cells", adapter, metric)

    template = environment(FOLDER).get_template("page.md.j2")
    return template.render(found, row=row, points=_points) + "\n"


def _points(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:+.1f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--verdicts", type=Path, help="the findings of a finished run")
    if given := parser.parse_args(arguments).verdicts:
        shutil.copyfile(given, KEPT)
    PAGE.write_text(page(json.loads(KEPT.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
