"""Cases of each instruction, and an example that carries one."""

from __future__ import annotations

from typing import Any

from assay.tasks import Example
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
