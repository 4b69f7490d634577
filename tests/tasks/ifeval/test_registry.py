"""Each of the 25 instructions passes what follows it, and says why another text does not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from assay.tasks import Example
from assay.tasks.ifeval import IFEval
from assay.tasks.ifeval.registry import INSTRUCTIONS

ENGLISH = "we walk to the market in the morning and buy fresh bread for everyone"
CASES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "keywords:existence": ({"keywords": ["fox", "dog"]}, "A Fox, a dog", "a fox", 'missing: "dog"'),
    "keywords:frequency": (
        {"keyword": " fox ", "frequency": 2, "relation": "at least"},
        "fox and FOXES",
        "a fox",
        '"fox" 1 time, at least 2 asked',
    ),
    "keywords:forbidden_words": (
        {"forbidden_words": ["dog", "art"]},
        "a party",
        "An art DOG",
        'forbidden: "art", "dog"',
    ),
    "keywords:letter_frequency": (
        {"letter": "Q", "let_frequency": 3, "let_relation": "less than"},
        "Qq",
        "qqQ",
        '"Q" 3 times, less than 3 asked',
    ),
    "language:response_language": (
        {"language": "de"},
        "Das ist ein schönes altes Haus am Rande der Stadt.",
        f"{ENGLISH}.",
        "language en, de asked",
    ),
    "length_constraints:number_sentences": (
        {"num_sentences": 2, "relation": "less than"},
        "Mr. Smith went home.",
        "He went. She stayed.",
        "2 sentences, less than 2 asked",
    ),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2},
        "one *** two\n***\n",
        "one",
        "1 paragraph, exactly 2 asked",
    ),
    "length_constraints:number_words": (
        {"num_words": 3, "relation": "at least"},
        "one two-three",
        "one two",
        "2 words, at least 3 asked",
    ),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Then"},
        "First.\n\n'then, we",
        "First.\n\nNow",
        'paragraph 2 starts with "now", "then" asked',
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        "[a] and [b c]",
        "[a] and [b\nc]",
        "1 placeholder, at least 2 asked",
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.P.S"},
        "bye\np. p. s note",
        "P.S. note",
        'no postscript "P.P.S"',
    ),
    "detectable_format:number_bullet_lists": (
        {"num_bullets": 2},
        "* one\n  - two",
        "* one\n** two",
        "1 bullet point, exactly 2 asked",
    ),
    "detectable_format:constrained_response": (
        {},
        "So: My answer is no.",
        "No.",
        'none of "My answer is maybe.", "My answer is no.", "My answer is yes."',
    ),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 2},
        "*one* and **two**",
        "*one* and * *",
        "1 highlighted section, at least 2 asked",
    ),
    "detectable_format:multiple_sections": (
        {"section_spliter": "SECTION", "num_sections": 2},
        "SECTION 1 a SECTION2 b",
        "SECTION 1 a Section 2 b",
        "1 section, at least 2 asked",
    ),
    "detectable_format:json_format": (
        {},
        '```json\n{"a": 1}\n```',
        "{a: 1}",
        "not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    "detectable_format:title": ({}, "<<ode>>\ntext", "<< >>\n<text>", "no title in << >>"),
    "combination:two_responses": (
        {},
        "yes ****** no",
        "yes ****** yes",
        "twice the same response",
    ),
    "combination:repeat_prompt": (
        {"prompt_to_repeat": "Say it. "},
        "say it. Yes",
        "I say it.",
        "does not start with the request",
    ),
    "startend:end_checker": (
        {"end_phrase": "The end."},
        'so be it. the END." ',
        "The end. Bye",
        'does not end with "The end."',
    ),
    "startend:quotation": ({}, ' "yes" ', '"yes', 'not wrapped in " "'),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"},
        "NASA and the USA.",
        "NASA and Usa.",
        "1 word in capitals, at least 2 asked",
    ),
    "change_case:english_capital": (
        {},
        "I AM A BIG CAT AND I SEE A DOG AT THE DOOR OF MY HOUSE",
        "THIS is it",
        'not all capital letters: "i" at character 6',
    ),
    "change_case:english_lowercase": (
        {},
        ENGLISH,
        ENGLISH.capitalize(),
        'not all lowercase letters: "W" at character 1',
    ),
    "punctuation:no_comma": ({}, "a b; c", "a, b, c", "2 commas"),
}
PUNKT = [id_ for id_, instruction in INSTRUCTIONS.items() if instruction.punkt]


def example(id_: str, arguments: dict[str, Any], key: str = "1", prompt: str = "A prompt.") -> Example:
    return Example(key, prompt, {"instruction_id_list": [id_], "kwargs": [arguments]})


def test_there_are_25_instructions() -> None:
    assert len(INSTRUCTIONS) == 25
    assert CASES.keys() == INSTRUCTIONS.keys()


@pytest.mark.parametrize("mode", IFEval.modes)
@pytest.mark.parametrize("id_", CASES)
def test_an_instruction_passes_and_fails_with_a_reason(
    id_: str, mode: str, request: pytest.FixtureRequest
) -> None:
    if id_ in PUNKT:
        request.getfixturevalue("punkt_data")
    arguments, good, bad, reason = CASES[id_]
    task, asked = IFEval(mode=mode), example(id_, arguments)
    score = task.score(asked, good)
    assert (score.passed, score.out_of) == ((1, 1, 1, 1), (1, 1, 1, 1))
    assert score.detail["reasons"] == [None]
    score = task.score(asked, bad)
    assert (score.passed[:2], score.out_of) == ((0, 0), (1, 1, 1, 1))
    assert score.detail["reasons"] == [reason]


@pytest.mark.parametrize("mode", IFEval.modes)
@pytest.mark.parametrize("response", ["", " \n\t\u3000"])
@pytest.mark.parametrize("id_", INSTRUCTIONS)
def test_an_empty_response_follows_nothing(id_: str, response: str, mode: str) -> None:
    score = IFEval(mode=mode).score(example(id_, CASES[id_][0]), response)
    assert score.passed == (0, 0, 0, 0)
    assert score.detail == {"strict": [False], "loose": [False], "reasons": ["the response is empty"]}


@pytest.mark.parametrize(
    ("id_", "response"),
    [
        ("startend:quotation", 'Sure:\n"yes"'),  # without the first line
        ("startend:quotation", '"yes"\nBye'),  # without the last
        ("startend:quotation", 'Sure:\n"yes"\nBye'),  # without both
        ("startend:quotation", '**"yes"**'),  # without stars
        ("startend:quotation", 'Sure:\n*"yes"*\nBye'),  # without all of them
    ],
)
def test_loose_forgives_a_first_line_a_last_line_and_stars(id_: str, response: str) -> None:
    assert IFEval().score(example(id_, {}), response).passed == (0, 0, 1, 1)


def test_every_instruction_of_a_prompt_is_judged_also_one_asked_twice() -> None:
    twice = Example(
        "1",
        "Answer in one or two words.",
        {
            "instruction_id_list": ["length_constraints:number_words"] * 2 + ["startend:quotation"],
            "kwargs": [
                {"num_words": 3, "relation": "less than"},
                {"num_words": 1, "relation": "at least"},
                {},
            ],
        },
    )
    score = IFEval().score(twice, "one two three")
    assert score.detail["strict"] == [False, True, False]
    assert (score.passed, score.out_of) == ((0, 1, 0, 1), (1, 3, 1, 3))


def test_a_sign_that_is_no_letter_is_counted_itself_and_said_so() -> None:
    asked = example(
        "keywords:letter_frequency", {"letter": "#", "let_frequency": 2, "let_relation": "at least"}
    )
    detail = IFEval().score(asked, "#a #b").detail
    assert detail["strict"] == [True]
    assert detail["notes"] == {"0": '"#" is counted, where lm-eval counts a letter drawn at random'}
    assert "notes" not in IFEval(mode="fixed").score(asked, "#a #b").detail


@pytest.mark.parametrize("letter", ["İ", "ß", "ǅ", "Σ", "K"])
def test_letters_of_any_script_are_counted_in_either_case(letter: str) -> None:
    asked = example(
        "keywords:letter_frequency", {"letter": letter, "let_frequency": 2, "let_relation": "at least"}
    )
    assert IFEval().score(asked, f"{letter}a {letter.lower()}b").detail["strict"] == [True]


def build(unit: str) -> str:
    """150,000 characters; fewer sentences, each of which takes its time."""
    return unit * ((60_000 if unit.endswith((". ", "! ", ") ")) else 150_000) // len(unit))


@pytest.mark.slow
@pytest.mark.usefixtures("punkt_data")
@pytest.mark.parametrize(
    "text",
    [
        *map(build, "[*<\"\n -.'aA@1\x00\u2028ßİ漢"),
        *map(
            build,
            ("<<", '\\"', "\n ", "*\n", "``", "e\u0301", "नमस्ते ", "p.", "[]", "{[", "http://a ", "\x1c "),
        ),
        *map(build, ("Abc. ", "x! ", "A'S ", "?) ")),
        build("[") + build("]"),
        f"x{build(' ')}y",
    ],
    ids=lambda text: repr(text[:9]),
)
def test_a_long_run_of_anything_takes_time_linear_in_its_length(text: str) -> None:
    """150,000 characters, read again at each, would take minutes."""
    start = time.process_time()
    every = Example(
        "1",
        "All at once.",
        {"instruction_id_list": list(CASES), "kwargs": [arguments for arguments, *_ in CASES.values()]},
    )
    assert len(IFEval().score(every, f"First line\n{text}\nlast line").detail["strict"]) == 25
    assert time.process_time() - start < 30


@pytest.mark.parametrize(("depth", "passes"), [(500, True), (501, False), (100_000, False)])
def test_json_is_read_to_500_levels_whatever_the_stack(depth: int, passes: bool) -> None:
    asked = example("detectable_format:json_format", {})
    brackets_in_a_text = '"' + "[" * 1_000 + '"'
    text = "[" * depth + brackets_in_a_text + "]" * depth
    assert IFEval().score(asked, text).detail["strict"] == [passes]
