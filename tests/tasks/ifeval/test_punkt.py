"""nltk's sentences and words are counted as nltk does, and its data is asked for before anything runs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import TaskError
from assay.tasks.ifeval import IFEval, punkt

from .cases import CASES, example

TEXTS = st.lists(
    st.sampled_from(
        [
            *(
                "A",
                "Bc",
                "NASA",
                "CAN'T",
                "CANNOT",
                "An't",
                "Ngonna",
                "gimME",
                "'TIS",
                "D'YE",
                "MORE'N",
                "WANNA",
                "It'S",
            ),
            *(
                "Mr",
                "e.g",
                "U.S",
                "I'LL",
                "x",
                "ß",
                "ǅ",
                "É",
                "𝐀",
                "3.5",
                ".",
                "...",
                "!",
                "?",
                "'",
                '"',
                "``",
                "''",
            ),
            *(
                ",",
                ":",
                ";",
                "-",
                "--",
                "(",
                ")",
                "[",
                "*",
                "«",
                "»",
                "”",
                " ",
                " ",
                " ",
                "\n",
                "\n\n",
                "\t",
                "\x1c",
            ),
        ]
    ),
    max_size=25,
).map("".join)


@pytest.mark.usefixtures("punkt_data")
@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_sentences_and_words_in_capitals_are_nltks(text: str) -> None:
    import nltk

    assert punkt.count_sentences(text) == len(nltk.sent_tokenize(text))
    assert punkt.count_capital_words(text) == sum(word.isupper() for word in nltk.word_tokenize(text))


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Without punkt's data, loaded or on disk; what was asked of the network."""
    import nltk

    asked: list[str] = []

    def refuse(url: str, **_: Any) -> None:
        asked.append(url)
        raise OSError("no network")

    monkeypatch.setattr(nltk.data, "path", [])
    punkt.load.cache_clear()
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr(nltk, "download", lambda *_, **__: pytest.fail("downloads without a network"))
    return asked


def test_missing_data_is_refused_with_the_fix(no_data: list[str]) -> None:
    for id_ in ("length_constraints:number_sentences", "change_case:capital_word_frequency"):
        with pytest.raises(
            TaskError, match=r"`python -m nltk\.downloader punkt_tab`, or set NLTK_DATA to a folder"
        ):
            IFEval().require([example(id_, CASES[id_][0])])
    assert len(no_data) == 2


def test_missing_data_is_refused_also_when_scoring(no_data: list[str]) -> None:
    id_ = "length_constraints:number_sentences"
    with pytest.raises(TaskError, match="tokenizers/punkt_tab/english/ is missing"):
        IFEval().score(example(id_, CASES[id_][0]), "One.")
    assert no_data == []


def test_data_that_no_prompt_needs_is_not_asked_for(no_data: list[str]) -> None:
    IFEval().require([example("punctuation:no_comma", {}), example("detectable_format:title", {})])
    assert no_data == []


def test_data_is_fetched_where_the_network_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    import nltk

    fetched = []
    monkeypatch.setattr(nltk.data, "path", [])
    punkt.load.cache_clear()
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO())
    monkeypatch.setattr(nltk, "download", lambda name, **_: fetched.append(name))
    with pytest.raises(TaskError):
        IFEval().require(
            [example("length_constraints:number_sentences", {"num_sentences": 1, "relation": "at least"})]
        )
    assert fetched == ["punkt_tab"]


def test_importing_the_task_loads_neither_nltk_nor_langdetect() -> None:
    code = "import sys, assay.tasks.ifeval; print(*{'nltk', 'langdetect', 'regex'} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
