"""The page of the study on a real model: a template, filled in from the findings of a run alone.

python -m scripts.real_study_page --run runs/smollm2    # keep its findings beside the template, write the page
python -m scripts.real_study_page                       # write the page again from the findings that are kept
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.report.markdown import render

__all__ = ["KEPT", "PAGE", "main", "page"]

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "studies" / "smollm2"
KEPT = FOLDER / "verdicts.json"
PAGE = ROOT / "docs" / "explanation" / "real-study.md"


def page(found: Mapping[str, Any]) -> str:
    """The page's text, for what a run's verdicts.json holds."""
    rows = {(row["adapter"], row["metric"]): row for row in [*found["cells"], *found["claims"]]}

    def row(adapter: str, metric: str) -> Mapping[str, Any]:
        """What was found of an adapter on a metric, claimed or not."""
        return rows[adapter, metric]

    return render(FOLDER / "page.md", **found, row=row)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, help="the folder of a finished run")
    if run := parser.parse_args(arguments).run:
        shutil.copyfile(run / "verdicts.json", KEPT)
    PAGE.write_text(page(json.loads(KEPT.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
