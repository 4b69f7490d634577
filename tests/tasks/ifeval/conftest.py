"""The shared data, lm-eval's own verifier, and punkt: each skips its tests, with a reason, where absent."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.tasks import Example
from assay.tasks.ifeval import IFEval

SHARED = Path(os.environ.get("ASSAY_SHARED", Path(__file__).parents[4] / "shared")).resolve()
os.environ.setdefault("NLTK_DATA", str(SHARED / "nltk_data"))  # before nltk is imported, which reads it then

Oracle = Callable[[Example, str], tuple[list[bool], list[bool]]]


@pytest.fixture(scope="session")
def data() -> Path:
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; ASSAY_SHARED names another place")
    return folder


@pytest.fixture(scope="session")
def by_prompt(data: Path) -> dict[str, Example]:
    """The current prompts."""
    return {example.prompt: example for example in IFEval().read(data / "ifeval" / "input_data.jsonl")}


@pytest.fixture(scope="session")
def by_prompt_2023(data: Path) -> dict[str, Example]:
    """The older prompts, which the judged responses answer."""
    return {example.prompt: example for example in IFEval().read(data / "ifeval" / "input_data_2023.jsonl")}


@pytest.fixture(scope="session")
def punkt_data() -> None:
    import nltk

    try:
        nltk.data.find("tokenizers/punkt_tab/english/")
    except LookupError:
        pytest.skip("no punkt_tab: run `python -m nltk.downloader punkt_tab` or set NLTK_DATA")


@pytest.fixture(scope="session")
def oracle(request: pytest.FixtureRequest) -> Iterator[Oracle]:
    """lm-eval's verifier under langdetect's seed 0: strict and loose verdicts of a response."""
    request.getfixturevalue("punkt_data")  # without it, lm-eval downloads when imported
    pytest.importorskip("lm_eval.tasks.ifeval.utils", reason="lm-eval is not installed")
    import langdetect

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lm_eval.tasks.ifeval.utils import process_results

    def judge(example: Example, response: str) -> tuple[list[bool], list[bool]]:
        verdicts = process_results({"key": example.key, "prompt": example.prompt, **example.data}, [response])
        return verdicts["inst_level_strict_acc"], verdicts["inst_level_loose_acc"]

    log = logging.getLogger("lm_eval.tasks.ifeval.instructions")
    seed, level = langdetect.DetectorFactory.seed, log.level
    langdetect.DetectorFactory.seed = 0
    log.setLevel(logging.CRITICAL)
    yield judge
    langdetect.DetectorFactory.seed = seed
    log.setLevel(level)


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
