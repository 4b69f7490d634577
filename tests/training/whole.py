"""A recipe of two labels, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.training import Trained
from tests.training.recipes import entry, write_recipe

CHATS = {"label": "instruction", "data": {"path": "chats.jsonl"}}


CLAIMS = {"instruction": ["math.numeric_match"]}


@dataclass(frozen=True, slots=True)
class Whole:
    """A recipe and what came of it."""

    recipe: Path
    out: Path
    trained: Trained


def recipe(folder: Path, toy: Path, **more: Any) -> Path:
    return write_recipe(
        folder,
        toy,
        entry(seeds=[1, 2], settings={"rank": [2, 4], "steps": 3}),
        entry("talk", **CHATS, settings={"steps": 3}),
        claims=CLAIMS,
        margin=0.1,
        **more,
    )
