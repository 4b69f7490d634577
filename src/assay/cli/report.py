"""`assay report`: write a run's reports again."""

from __future__ import annotations

from assay.cli.app import Json, RunFolder

__all__ = ["report"]


def report(folder: RunFolder, json: Json = False) -> None:
    """Write a run's reports again, and print the summary."""
    from assay import audit
    from assay.cli.show import show_result

    show_result(audit.report(folder), folder, json)
