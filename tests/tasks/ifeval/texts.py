"""Generated texts that are rich in what the instructions look for."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

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
