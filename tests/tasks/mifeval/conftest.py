"""What M-IFEval's verifiers need, and the reference itself: each skips its tests, with a reason, where absent."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from assay.tasks.mifeval import japanese_words, sentences, spanish_words
from assay.tasks.mifeval.registry import INSTRUCTIONS

Oracle = Callable[[str, dict[str, object], str], tuple[bool, bool]]
"""Id, arguments as written, response -> strict and loose verdict."""

REFERENCE = "M_IFEVAL_REFERENCE"
NEEDS = {spanish_words.WORDS: "spacy", japanese_words.WORDS: "janome"}


def missing(id_: str) -> str:
    """Why an instruction cannot be judged here; empty where it can."""
    languages = ["english"] if INSTRUCTIONS[id_].punkt else []
    for need in INSTRUCTIONS[id_].needs:
        if need not in NEEDS:
            languages.append(need)
        elif find_spec(NEEDS[need]) is None:
            return f"{NEEDS[need]} is not installed"
    return next((reason for language in languages if (reason := no_punkt(language))), "")


def no_punkt(language: str) -> str:
    """Why punkt's data for a language cannot be read; empty where it can."""
    import nltk

    try:
        nltk.data.find(f"tokenizers/punkt_tab/{language}/")
    except LookupError:
        return f"no {language} punkt_tab: run `python -m nltk.downloader punkt_tab` or set NLTK_DATA"
    return ""


def skip(reason: str) -> None:
    """Skip the test where there is a reason to."""
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def folder(shared: Path) -> Path:
    return shared / "data" / "m_ifeval"


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """lightblue-tech/M-IFEval's verifiers from a checkout, under langdetect's seed 0."""
    place = os.environ.get(REFERENCE)
    if not place:
        pytest.skip(f"{REFERENCE} names no checkout of https://github.com/lightblue-tech/M-IFEval")
    for package in ("spacy", "janome", "ja_sentence_segmenter", "absl", "immutabledict"):
        if find_spec(package) is None:
            pytest.skip(f"the reference needs {package}, which is not installed")
    for language in (sentences.FRENCH, "english"):
        skip(no_punkt(language))
    import langdetect
    import spacy

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.syspath_prepend(place)
        patch.setattr(
            spacy, "load", lambda _: spacy.blank("es")
        )  # words are split by the same rules as with a model
        patch.setattr(langdetect.DetectorFactory, "seed", 0)
        import_module("absl.logging").set_verbosity(-2)
        yield judge(import_module("instructions_registry").INSTRUCTION_DICT)
    for name in [name for name in sys.modules if name.startswith(("instructions", "instruction_utils"))]:
        del sys.modules[name]


def judge(checkers: dict[str, type]) -> Oracle:
    def follows(checker: object, text: str) -> bool:
        return bool(text.strip() and checker.check_following(text))  # type: ignore[attr-defined]

    def verdicts(id_: str, arguments: dict[str, object], response: str) -> tuple[bool, bool]:
        lines = response.split("\n")
        cuts = [response, *("\n".join(each).strip() for each in (lines[1:], lines[:-1], lines[1:-1]))]
        checker = checkers[id_](id_)
        checker.build_description(**arguments)
        loose = any(follows(checker, text) for cut in cuts for text in (cut, cut.replace("*", "")))
        return follows(checker, response), loose

    return verdicts
