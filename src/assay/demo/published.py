"""Published figures of one instruction-tuned adapter (arXiv 2603.22379), and what they can and cannot show."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from assay import stats
from assay.audit import run
from assay.study import load_study
from assay.verdicts import Result

__all__ = ["Attainable", "run_demo"]

HERE = Path(__file__).parent
LIMIT = 900
"""Sizes looked at."""
BENCHMARK_SIZES = {"ifeval.prompt_strict": 541, "ifeval.instruction_strict": 834}
"""IFEval's prompts and instructions."""
ROUNDINGS: tuple[stats.Rounding, ...] = ("half_up", "half_even")


@dataclass(frozen=True, slots=True)
class Attainable:
    """Sizes at which a metric's two printed scores can both be k/n of one run, and the verdicts they leave open."""

    metric: str
    rounding: str
    sizes: tuple[int, ...]
    """Up to `LIMIT`."""
    whole: int | None
    """The benchmark's own size, where it is known."""
    verdicts: tuple[tuple[int, tuple[str, ...]], ...]
    """From this size on: every word that some compatible table (b, c) gives. Empty for instructions, which
    are nested in prompts, so that no paired table describes them."""


def run_demo(keep: Path | None) -> tuple[Result, list[Attainable]]:
    """Audit the figures in `keep`, or in a folder that is then removed."""
    study = load_study(HERE / "published.yaml")
    if keep is not None:
        return run(study, keep), attainable()
    with tempfile.TemporaryDirectory() as folder:
        return run(study, folder), attainable()


def attainable() -> list[Attainable]:
    """The check of each metric under both ways to round a half."""
    with (HERE / "published.csv").open(encoding="utf-8", newline="") as file:
        base, adapter = csv.DictReader(file)
    return [
        _attainable(metric, base[metric], adapter[metric], rounding)
        for metric in base
        if metric != "subject"
        for rounding in ROUNDINGS
    ]


def _attainable(metric: str, base: str, adapter: str, rounding: stats.Rounding) -> Attainable:
    sizes = stats.attainable_sizes([base, adapter], LIMIT, rounding)
    nested = metric.endswith("instruction_strict")
    open_words = [] if nested else [(n, _words(base, adapter, n, rounding)) for n in sizes]
    changes = tuple(next(group) for _, group in groupby(open_words, key=lambda entry: entry[1]))
    return Attainable(metric, rounding, tuple(sizes), BENCHMARK_SIZES.get(metric), changes)


def _words(base: str, adapter: str, n: int, rounding: stats.Rounding) -> tuple[str, ...]:
    return tuple(sorted(stats.attainable_words(base, adapter, n, margin=0.05, alpha=0.05, rounding=rounding)))
