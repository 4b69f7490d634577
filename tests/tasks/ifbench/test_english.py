"""What is needed is met on first use, and what is missing is named with where it was looked for and the fix."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from assay.errors import TaskError
from assay.tasks.ifbench import IFBench, english

from .cases import CASES, example


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No nltk data anywhere."""
    import nltk

    english.stopwords.cache_clear()
    english._tagger.cache_clear()
    monkeypatch.setattr(nltk.data, "path", ["/nowhere"])
    monkeypatch.setattr(nltk.data, "find", missing)


def missing(path: str) -> str:
    raise LookupError(path)


@pytest.mark.usefixtures("nowhere")
def test_missing_data_is_named_at_once_with_the_fix() -> None:
    asked = [example(id_, CASES[id_][0]) for id_ in ("ratio:stop_words", "words:start_verb", "count:numbers")]
    with pytest.raises(TaskError) as refused:
        IFBench().require(asked)
    assert str(refused.value) == (
        "nltk's data tokenizers/punkt_tab/english/, corpora/stopwords, taggers/averaged_perceptron_tagger_eng/ "
        "is missing, which splitting sentences, counting stop words, finding a verb at the start needs; run "
        "`python -m nltk.downloader punkt_tab stopwords averaged_perceptron_tagger_eng`, or set NLTK_DATA to a "
        "folder that holds it (looked for in /nowhere)"
    )
    IFBench().require(asked[2:])


@pytest.mark.usefixtures("nowhere")
def test_missing_data_is_named_where_nothing_was_checked_before() -> None:
    with pytest.raises(TaskError, match="corpora/stopwords"):
        IFBench().score(example("ratio:stop_words", {"percentage": 5}), "the fox")


def test_a_missing_syllable_counter_is_named_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "syllapy", None)
    english.syllables.cache_clear()
    english._syllapy.cache_clear()
    with pytest.raises(TaskError, match=r"syllapy is not installed, .* run `pip install"):
        IFBench().require([example("words:odd_even_syllables", {})])


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        ("🙂", True),
        ("❄", True),
        ("©", True),
        ("🏽", True),
        ("7", False),
        ("#", False),
        ("🇫", False),
        ("a", False),
    ],
)
def test_an_emoji_is_one_by_itself(sign: str, expected: bool) -> None:
    assert english.is_emoji(sign) is expected


def test_the_emoji_are_those_of_the_reference() -> None:
    emoji = pytest.importorskip("emoji", reason="emoji is not installed, which the reference asks")
    told = {chr(code) for code in range(sys.maxunicode + 1) if emoji.is_emoji(chr(code))}
    assert {chr(code) for code in range(sys.maxunicode + 1) if english.is_emoji(chr(code))} == told


@pytest.mark.usefixtures("nltk_data")
@pytest.mark.parametrize(
    "text", ["Don't go! He said so.", "Well... “It's 3.5%,” she said (or wrote).", "a\n\nb. C"]
)
def test_sentences_and_words_are_nltks(text: str) -> None:
    import nltk

    assert list(english.sentences(text)) == nltk.sent_tokenize(text)
    assert list(english.tokens(text)) == nltk.word_tokenize(text)


@pytest.mark.usefixtures("nltk_data")
@pytest.mark.parametrize(
    "text", ["Run to the shop now.", "The run was long.", "Walking home is nice.", "Go", "Is it?"]
)
def test_the_first_words_tag_is_nltks_for_the_whole_text(text: str) -> None:
    import nltk

    assert (english.verbless(text) is None) == ("VB" in nltk.pos_tag(nltk.word_tokenize(text))[0][1])


@pytest.mark.slow
@pytest.mark.usefixtures("nltk_data")
def test_threads_that_load_at_once_agree() -> None:
    asked = [
        example(id_, CASES[id_][0]) for id_ in ("ratio:stop_words", "words:start_verb", "count:pronouns")
    ]
    texts = [
        f"Consider {word} and the fox, you know." for word in ("this", "him", "tea", "that", "her", "it")
    ]
    expected = [IFBench().score(each, text) for text in texts for each in asked]
    for remembered in (english.stopwords, english._tagger, english._word_tokenizer):
        remembered.cache_clear()
    english.clear()
    with ThreadPoolExecutor(6) as pool:
        found = pool.map(lambda text: [IFBench().score(each, text) for each in asked], texts)
    assert [score for scores in found for score in scores] == expected
