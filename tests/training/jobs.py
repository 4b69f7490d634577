"""One adapter to train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assay.training.base import inspect_base, load
from assay.training.loop import Job
from assay.training.recipe import load_recipe
from assay.training.tokens import tokenised
from tests.training.recipes import entry, write_recipe


def job(folder: Path, toy: Path, **settings: Any) -> tuple[Any, Job]:
    """A loaded base and one adapter to train on it."""
    plan = load_recipe(write_recipe(folder, toy, entry(settings={"dropout": 0.0, **settings})))
    seen = inspect_base(plan)
    from assay.training.data import read_data

    planned = plan.adapters[0]
    tokens = tokenised(read_data(plan, 0), seen, planned.settings.max_length)
    return load(seen), Job(planned.name, planned.settings, 4, 1, tokens, folder / "work", 100)
