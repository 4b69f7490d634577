"""Mode `reference` agrees with lm-eval's verifier on generated texts that are rich in what it looks for."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from string import ascii_letters

import pytest

from assay.tasks import Example
from assay.tasks.ifeval import IFEval
from assay.tasks.ifeval.registry import INSTRUCTIONS

from .conftest import Oracle

PIECES = (
    *(
        "* a point",
        "*a*",
        "**bold words**",
        "***",
        " *** ",
        "* * *",
        "******",
        "- dash",
        "*",
        "**",
        "_x_",
        "***both***",
    ),
    *(
        "[name]",
        "[",
        "]",
        "[a [b] c]",
        "[two\nlines]",
        "<<Title>>",
        "<< >>",
        "<<",
        ">>",
        "<<a>> <<b>>>",
        "<x>",
    ),
    *(
        "```json",
        "```",
        '{"a": [1, 2.5, null]}',
        "{",
        "NaN",
        '"',
        '"quoted"',
        "'",
        "``",
        "“curly”",
        "’",
        "«x»",
    ),
    *(
        "P.S. note",
        "p. s. x",
        "P.P.S note",
        "P. P. S",
        "PS: y",
        "SECTION 1",
        "SECTION2",
        "Section 3",
        "Day 1",
    ),
    *(
        "My answer is yes.",
        "My answer is maybe",
        "Any other questions?",
        "the end",
        "cat",
        "Category",
        "dog",
        "C++",
    ),
    *(
        "HELLO",
        "WORLD",
        "I",
        "A",
        "NASA's",
        "CAN'T",
        "CANNOT",
        "An't",
        "gonna",
        "'TIS",
        "'Twas",
        "D'YE",
        "U.S.A.",
    ),
    *(
        "Mr. Smith went home.",
        "e.g. this.",
        "Stop! Now? Yes.",
        "3.5 percent.",
        "end...",
        "No.1",
        "(Really?)",
        '."',
        ".)",
    ),
    *(
        "The weather is nice today",
        "il fait beau aujourd'hui",
        "das ist ein Haus",
        "это русский текст",
        "ça va",
    ),
    *(
        "नमस्ते दुनिया",
        "漢字かな交じり文",
        "한국어 텍스트",
        "สวัสดี",
        "مرحبا بالعالم",
        "İstanbul",
        "straße",
        "ΟΔΟΣ",
        "ǅ",
        "ﬁn",
    ),
    *(
        "e\u0301a\u0300",
        "\u200d",
        "\x1c",
        "\x85",
        "\u2028",
        "\u3000",
        "\x00",
        "\t",
        "\r\n",
        "😀",
        "𝐀𝐁",
        "Ⅷ",
        "ª",
    ),
    *("http://x.org/a?b=1", "me@mail.org", "1,000", "2", ",", ";", "-", "--", "—", "…", "#", "&", "%"),
)
JOINTS = (" ", " ", " ", "\n", "\n", "\n\n", "\n\n\n", "", ". ", ", ")
WORDS = ("cat", "dog", "the", "NASA", "weather", "C++", "a.b", "ça", "straße", "haus", "3")


def text_of(chance: random.Random) -> str:
    parts = []
    for _ in range(chance.choice((1, 2, 4, 8, 16, 30))):
        parts += [chance.choice(PIECES), chance.choice(JOINTS)]
    text = "".join(parts)
    if chance.random() < 0.3:
        text = chance.choice(FORMS)(text)
    return text


FORMS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.lower,
    lambda text: f'"{text}"',
    lambda text: f' "{text}"\n',
    json.dumps,
    lambda text: f"```json\n{json.dumps([text])}\n```",
    lambda text: f"{text}\n******\n{text}",
    lambda text: f"Sure!\n{text}\nBye",
    lambda text: f"first ****** {text[:9]}",
    lambda text: "\n\n".join((*WORDS, text)),
    lambda text: text.replace("\n", "\n* "),
    lambda _: "123 ªª",  # small letters of no language
    lambda _: "123 ȀȀ",  # capitals of none
    lambda text: f"the weather is nice today and we all go home\n{text}".lower(),
    lambda text: f"Anyone Should See That This Is Written In English\n{text}".upper(),
)


def arguments_of(id_: str, chance: random.Random) -> dict[str, object]:
    return {name: argument_of(name, chance) for name in INSTRUCTIONS[id_].arguments}


def argument_of(name: str, chance: random.Random) -> object:
    if name.endswith("relation"):
        return chance.choice(("at least", "less than"))
    if name in ("keywords", "forbidden_words"):
        return chance.sample(WORDS, chance.randint(1, 3))
    texts: dict[str, tuple[str, ...]] = {
        "keyword": (*WORDS, " cat "),
        "letter": tuple(ascii_letters),
        "language": ("en", "fr", "de", "hi", "ru", "ko", "fi"),
        "first_word": ("cat", "The", "dog", "Σ", "οδοσ"),
        "postscript_marker": ("P.S.", "P.P.S", "PS:", "note"),
        "section_spliter": ("SECTION", "Section", "Day", " Section "),
        "prompt_to_repeat": ("The weather", "cat", "  Sure!"),
        "end_phrase": ("the end", "Any other questions?", "Bye", "cat. "),
    }
    if name in texts:
        return chance.choice(texts[name])
    return 1 if name == "nth_paragraph" else chance.choice((1, 1, 2, 3, 5, 12))


def compare(id_: str, count: int, oracle: Oracle) -> Counter[tuple[bool, bool]]:
    """The verdicts of both verifiers on `count` random pairs of arguments and text are the same."""
    chance, task = random.Random(id_), IFEval()  # noqa: S311
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for _ in range(count):
        arguments = arguments_of(id_, chance)
        if "nth_paragraph" in arguments:
            arguments["nth_paragraph"] = chance.randint(1, int(str(arguments["num_paragraphs"])))
        text = text_of(chance)
        if chance.random() < 0.4:  # aim at what is asked
            aims = [value for value in arguments.values() if isinstance(value, str)]
            text = chance.choice(("{1}\n\n{0}", "{0} {1}", "{0}\n\n{1}\n\n{0}", "{1}")).format(
                text, chance.choice(aims) if aims else chance.choice(PIECES)
            )
        example = Example("1", "A prompt.", {"instruction_id_list": [id_], "kwargs": [arguments]})
        detail = task.score(example, text).detail
        strict, loose = oracle(example, text)
        assert (detail["strict"], detail["loose"]) == (strict, loose), (arguments, text)
        verdicts[strict[0], loose[0]] += 1
    return verdicts


@pytest.mark.parametrize("id_", INSTRUCTIONS)
def test_an_instruction_is_judged_as_lm_eval_judges_it(id_: str, oracle: Oracle) -> None:
    pairs = 40 if id_ == "language:response_language" else 140  # langdetect takes its time
    verdicts = compare(id_, pairs, oracle)
    assert verdicts[True, True] >= 3, "generated texts never pass"
    assert verdicts[False, False] >= 3, "generated texts never fail"


@pytest.mark.slow
@pytest.mark.parametrize("id_", INSTRUCTIONS)
def test_an_instruction_is_judged_as_lm_eval_judges_it_on_many_texts(id_: str, oracle: Oracle) -> None:
    compare(id_, 1_500, oracle)


@pytest.mark.usefixtures("oracle")
def test_the_language_is_langdetects_under_seed_0() -> None:
    from langdetect import LangDetectException, detect

    from assay.tasks.ifeval import detection

    chance = random.Random(5)  # noqa: S311
    texts = [text_of(chance) for _ in range(150)]
    texts += [f"{text} http://x.org/{'a' * 3000} {text * 300}" for text in texts[:6]]
    for text in texts:
        try:
            expected = detect(text)
        except LangDetectException:
            expected = None
        assert detection.language(text) == expected, text
