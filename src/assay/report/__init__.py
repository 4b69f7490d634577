"""What people and machines read: `verdicts.json`, `report.md`, terminal tables, the gate."""

from pathlib import Path

from assay.report.files import to_json, write_text
from assay.report.gate import Gate, apply_gate
from assay.report.junit import to_junit
from assay.report.markdown import to_markdown
from assay.verdicts import Result

__all__ = ["Gate", "apply_gate", "to_json", "to_junit", "to_markdown", "write_reports"]


def write_reports(result: Result, folder: Path) -> None:
    """Write `verdicts.json` and `report.md` into a run's folder."""
    write_text(folder / "verdicts.json", to_json(result))
    write_text(folder / "report.md", to_markdown(result))
