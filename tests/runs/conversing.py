"""A study whose task has three turns, with an engine that answers by a function."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.engines import Prompt
from tests.studies import jsonl, write_study
from tests.tasks.multiif.written import GROWING, conversation

COUNT = 12
TURNS = 3


def conversations(folder: Path, count: int = COUNT) -> None:
    """Conversations about which each turn adds an instruction."""
    jsonl(folder / "conversations.jsonl", (conversation(str(number), *GROWING) for number in range(count)))


def conversing(folder: Path, count: int = COUNT, **fields: Any) -> Path:
    conversations(folder, count)
    document: Mapping[str, Any] = {
        "name": "conversing",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": "good", "label": "instruction", "path": "owner/good"}],
        "tasks": [{"task": "multi-if", "name": "talk", "prompts": "conversations.jsonl", "max_tokens": 20}],
        "noise_prompts": 4,
        **fields,
    }
    return write_study(folder, document)


def reply(prompt: Prompt) -> str:
    """An answer that names what it read: a digest of the whole prompt would do, its length is easier to read."""
    title = " <<t>> fox" if prompt.subject == "good" else " fox"
    return f" {prompt.subject}{prompt.request + 1} read {len(prompt.text)}{title}"
