"""How long scoring 541 IFEval responses takes, strict and loose, against lm-eval's own verifier.

    python benchmarks/ifeval_scoring.py --data ../shared/data

Both judge the same texts in turn, several times over; what ours remembers of a text is forgotten before
each turn. Printed: median seconds a turn and the ratio of the medians, with language detection and with
both detections replaced by a constant. Aims: at most 0.6, and at most 1/3 without detection.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from assay.tasks import Example
from assay.tasks.ifeval import IFEval, detection, matching, punkt

DATA = Path(__file__).parents[2] / "shared" / "data"
MODELS = ("gpt-4o-2024-08-06", "Qwen__Qwen2.5-7B-Instruct-GPTQ-Int4", "Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4")


def main() -> None:
    """Measure each file of responses with and without language detection."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds ifeval/")
    parser.add_argument("--models", nargs="+", default=MODELS, help="folders of ifeval/judged")
    parser.add_argument("--repetitions", type=int, default=5)
    asked = parser.parse_args()
    os.environ.setdefault("NLTK_DATA", str((asked.data.parent / "nltk_data").resolve()))

    import langdetect
    from lm_eval.tasks.ifeval.utils import process_results

    logging.disable(logging.CRITICAL)
    task = IFEval()
    folder = asked.data / "ifeval"
    examples = {example.prompt: example for example in task.read(folder / "input_data_2023.jsonl")}
    task.require(tuple(examples.values()))
    print(f"{'541 responses of':40}{'detection':>10}{'lm-eval s':>11}{'assay s':>9}{'ratio':>7}")
    for model in asked.models:
        pairs = responses(folder / "judged" / model / "eval_results_strict.jsonl", examples)

        def theirs(pairs: list[tuple[Example, str]] = pairs) -> None:
            for example, response in pairs:
                process_results({"key": example.key, "prompt": example.prompt, **example.data}, [response])

        def ours(pairs: list[tuple[Example, str]] = pairs) -> None:
            for example, response in pairs:
                task.score(example, response)

        show(model, "on", *medians(theirs, ours, asked.repetitions))
        with patch.object(langdetect, "detect", english), patch.object(detection, "language", english):
            show(model, "off", *medians(theirs, ours, asked.repetitions))


def responses(path: Path, examples: dict[str, Example]) -> list[tuple[Example, str]]:
    """Each response with its prompt."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(examples[row["prompt"]], row["response"]) for row in rows]


def medians(theirs: Callable[[], None], ours: Callable[[], None], repetitions: int) -> tuple[float, float]:
    """Median seconds of both, in alternating turns after one that loads what they need."""
    turns = []
    for _ in range(repetitions + 1):
        seconds = timed(theirs)
        for memory in (detection.clear, punkt.clear, matching.clear):
            memory()
        turns.append((seconds, timed(ours)))
    return median(turn[0] for turn in turns[1:]), median(turn[1] for turn in turns[1:])


def timed(work: Callable[[], None]) -> float:
    """Seconds of wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def english(_: str) -> str:
    """Stands in for both detections."""
    return "en"


def show(model: str, detected: str, theirs: float, ours: float) -> None:
    """A line of the table."""
    print(f"{model:40}{detected:>10}{theirs:11.3f}{ours:9.3f}{ours / theirs:7.2f}", flush=True)


if __name__ == "__main__":
    main()
