"""What people and machines read: `report.html`, `report.md`, `verdicts.json`, the gate. It measures nothing."""

from __future__ import annotations

from pathlib import Path

from assay.files import write_text
from assay.plan import Plan
from assay.report.gate import Gate, apply_gate
from assay.report.html import RunRecords, to_html
from assay.report.junit import to_junit
from assay.report.markdown import to_markdown
from assay.report.verdict_file import read_result, read_verdicts, to_json
from assay.verdicts import Result

__all__ = [
    "Gate",
    "apply_gate",
    "read_result",
    "read_verdicts",
    "to_json",
    "to_junit",
    "to_markdown",
    "write_reports",
]


def write_reports(result: Result, plan: Plan, records: RunRecords, folder: Path) -> None:
    """Write `verdicts.json`, `report.md` and `report.html` into a run's folder."""
    write_text(folder / "verdicts.json", to_json(result))
    write_text(folder / "report.md", to_markdown(result, apply_gate(result, plan.policy)))
    write_text(folder / "report.html", to_html(result, plan, records))
