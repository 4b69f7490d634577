"""`assay decide`: score and decide a run again."""

from __future__ import annotations

from assay.cli.app import Json, RunFolder

__all__ = ["decide"]


def decide(folder: RunFolder, json: Json = False) -> None:
    """Score a run's responses and decide its claims again, from its records alone."""
    from assay import audit
    from assay.cli.progress import show_progress
    from assay.cli.show import show_result

    with show_progress() as progress:
        result = audit.decide(folder, progress)
    show_result(result, folder, json)
