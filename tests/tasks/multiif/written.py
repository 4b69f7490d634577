"""Conversations as Multi-IF's file writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from assay.tasks import Example
from assay.tasks.multiif import MultiIF

Asked = Sequence[tuple[str, dict[str, Any]]]
"""Instructions with their arguments."""


def conversation(key: str, *turns: Asked, language: str = "English") -> dict[str, str]:
    """A row of the published file: JSON in text, and each object of arguments as JSON in text again."""
    row = {"key": key, "language": language}
    for number, asked in enumerate(turns, 1):
        row |= {
            f"turn_{number}_prompt": json.dumps({"role": "user", "content": f"Turn {number} of {key}."}),
            f"turn_{number}_instruction_id_list": json.dumps([id_ for id_, _ in asked]),
            f"turn_{number}_kwargs": json.dumps([json.dumps(arguments) for _, arguments in asked]),
        }
    return row


def jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def read(folder: Path, *rows: dict[str, Any], mode: str = "reference") -> tuple[Example, ...]:
    return MultiIF(mode=mode).read(jsonl(folder / "conversations.jsonl", rows))


NO_COMMA: Asked = (("punctuation:no_comma", {}),)
TITLE: Asked = (("detectable_format:title", {}),)
FOX: Asked = (("keywords:existence", {"keywords": ["fox"]}),)
GROWING = (NO_COMMA, (*NO_COMMA, *TITLE), (*NO_COMMA, *TITLE, *FOX))
"""One instruction more in each turn."""
