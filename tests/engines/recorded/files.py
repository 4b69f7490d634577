"""Recorded files of a few responses, and the engine's answers from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from assay.engines import Prompt, Recorded, Source, read_responses
from assay.tasks import Example
from tests.studies import jsonl

EXAMPLES = (Example("0", "zero?"), Example("1", "one?"), Example("2", "two?"))


GOOD: list[dict[str, Any]] = [
    {"key": "0", "response": "a"},
    {"prompt": "one?", "response": "b"},
    {"key": 2, "response": None},
]


def source(path: Path, rows: Iterable[Mapping[str, Any]] = GOOD, after: str | None = None) -> Source:
    return Source(jsonl(path / "r.jsonl", rows), read_responses, after)


def answers(found: Source, examples: tuple[Example, ...] = EXAMPLES) -> list[str]:
    engine = Recorded({("s", "t"): found}, {"t": examples})
    asked = [Prompt("s", "t", example.key, example.prompt) for example in examples]
    return [completion.scored_text for completion in engine.complete(asked)]
