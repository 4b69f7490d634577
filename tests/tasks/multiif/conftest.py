"""The reference itself, which skips its tests, with a reason, where it is absent."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

Oracle = Callable[
    [Sequence[dict[str, str]], int], tuple[dict[str, float], list[tuple[list[bool], list[bool]]]]
]
"""Rows of one turn with their `responses`, and the turn -> its numbers, and the strict and loose checks of each row."""

REFERENCE = "MULTI_IF_REFERENCE"


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """facebookresearch/Multi-IF's `metrics.py` and `ifeval.py` from a checkout, under langdetect's seed 0."""
    place = os.environ.get(REFERENCE)
    if not place:
        pytest.skip(f"{REFERENCE} names no checkout of https://github.com/facebookresearch/Multi-IF")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(place)
        for package in ("pandas", "scipy", "emoji", "pythainlp"):
            if find_spec(package) is None:
                pytest.skip(f"the reference needs {package}, which is not installed")
        langdetect, punkt = import_module("langdetect"), import_module("nltk.tokenize.punkt")
        metrics, checks = import_module("metrics"), import_module("ifeval")
        solution = metrics.MultiTurnInstructionFollowingPromptSolution
        patch.setattr(langdetect.DetectorFactory, "seed", 0)
        # nltk reads no pickles any more; `punkt_tab` holds the same model.
        patch.setattr(checks, "_get_sentence_tokenizer", lambda: punkt.PunktTokenizer("english"))
        patch.setattr(solution, "compute_ci_via_bootstrap", lambda *_, **__: ())
        yield lambda rows, turn: _numbers(solution, rows, turn)
    for name in ("metrics", "ifeval"):
        del sys.modules[name]


def _numbers(solution: Any, rows: Sequence[dict[str, str]], turn: int) -> Any:
    table = import_module("pandas").DataFrame([{**row, "turn_index": str(turn)} for row in rows])
    numbers, strict, loose = solution.metrics_gen(table, return_outputs=True)
    checks = [
        [each["follow_instruction_list"] for each in outputs["all_languages"]] for outputs in (strict, loose)
    ]
    return numbers, list(zip(*checks, strict=True))
