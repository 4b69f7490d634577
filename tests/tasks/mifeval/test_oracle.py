"""Mode `reference` agrees with the reference on texts that are made of what it looks for.

    M_IFEVAL_REFERENCE=CHECKOUT pytest -m slow tests/tasks/mifeval/test_oracle.py

Spanish sentences are left out: the reference's models split them, and here punkt does.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from assay.tasks.mifeval import MIFEval
from assay.tasks.mifeval.registry import INSTRUCTIONS

from .cases import CASES, FRENCH_TEXT, GERMAN_TEXT, SPANISH_TEXT, example, written
from .conftest import Oracle
from .test_modes import DIFFERENCES

PIECES = (
    *(
        ".",
        "?",
        "!",
        "...",
        "?!",
        ",",
        ";",
        ":",
        "'",
        '"',
        "’",
        "«",
        "»",
        "-",
        "—",
        "/",
        "_",
        "(",
        ")",
        "[",
        "]",
    ),
    *(
        "*",
        "**",
        "***",
        "******",
        "* uno",
        "- dos",
        "1. tres",
        "2.\n",
        "\n",
        "\n\n",
        "\n\n\n\n",
        " \n",
        "\t",
        "\r",
    ),
    *(
        "\u2028",
        "\x1c",
        "\x85",
        "\u00a0",
        "\u3000",
        " ",
        "  ",
        "¿",
        "¡",
        "¿?",
        "¡!",
        "<<",
        ">>",
        "##",
        "[a]",
        "《甲》",
    ),
    *(
        "ñ",
        "Ñ",
        "ü",
        "á",
        "É",
        "e\u0301",
        "ç",
        "œ",
        "º",
        "ª",
        "ß",
        "İ",
        "ﬁ",
        "ÿ",
        "t'",
        "ps",
        "P.S.",
        "P. D.",
        "nota",
    ),
    *(
        "pan",
        "PAN",
        "sol",
        "Sección 1",
        "SECTION 2",
        "Partie 3",
        "EE.UU.",
        "a.m.",
        "3,50€",
        "NASA",
        "L'ONU",
        "M. Le",
    ),
    *(
        "。",
        "、",
        "！",
        "？",
        "｡",
        "｢",
        "｣",
        "「",
        "」",
        "『",
        "』",
        "（",
        "）",
        "・",
        "・一",
        "の",
        "の\n",
        "\nの",
        "∯",
        "ー",
    ),
    *(
        "猫",
        "々",
        "漢字（かんじ）",
        "か",
        "カ",
        "ｶﾞ",
        "ヴ",
        "ゔ",
        "ゝ",
        "１",
        "第1章",
        "第二節",
        "です",
        "です。",
        "ます。",
    ),
    *("犬だ。", "美しい海。", "追伸", "{", "}", '{"a": 1}', SPANISH_TEXT, FRENCH_TEXT, GERMAN_TEXT),
)
UNLIKE = "es:length_constraints:number_sentences"
CHECKED = [id_ for id_ in INSTRUCTIONS if id_ != UNLIKE]


def text_of(id_: str, chance: random.Random) -> str:
    """A text that is right, wrong or neither for the instruction, and then cut and patched."""
    own = [*CASES[id_][1:3], *(text for each, _, text, _ in DIFFERENCES if each == id_)]
    parts = [chance.choice(own)] if chance.random() < 0.8 else []
    if chance.random() < 0.3:
        parts.append(chance.choice(CASES[chance.choice(list(CASES))][1:3]))
    for _ in range(chance.choice((0, 0, 0, 1, 2, 5, 20))):
        parts.insert(chance.randint(0, len(parts)), chance.choice(PIECES))
    text = chance.choice(("", " ", " ", "\n", ". ", "。")).join(parts)
    for _ in range(chance.choice((0, 0, 0, 0, 1, 3))):
        start = chance.randint(0, len(text))
        text = (
            text[:start] + chance.choice(("", chance.choice(PIECES))) + text[start + chance.randint(0, 3) :]
        )
    if chance.random() < 0.1:
        text = chance.choice((str.upper, str.lower, str.title, str.swapcase))(text)
    return f"¡Claro!\n{text}\nAdiós" if chance.random() < 0.1 else text


def compare(id_: str, count: int, oracle: Oracle) -> Counter[bool]:
    """The verdicts of both on `count` random texts are the same."""
    chance, task = random.Random(id_), MIFEval()  # noqa: S311
    asked = [written(id_), *(written(id_, arguments) for each, arguments, *_ in DIFFERENCES if each == id_)]
    asked = [arguments for arguments in asked if "C++" not in arguments.get("keywords", [])]  # type: ignore[operator]
    verdicts: Counter[bool] = Counter()
    for _ in range(count):
        arguments, text = chance.choice(asked), text_of(id_, chance)
        detail = task.score(example(id_, arguments), text).detail
        assert (*detail["strict"], *detail["loose"]) == oracle(id_, arguments, text), (arguments, text)
        verdicts[detail["strict"][0]] += 1
    return verdicts


@pytest.mark.slow
@pytest.mark.parametrize("id_", CHECKED)
def test_an_instruction_is_judged_as_the_reference_judges_it(id_: str, oracle: Oracle) -> None:
    verdicts = compare(id_, 25 if "keywords" in id_ or "nominal" in id_ else 300, oracle)
    assert min(verdicts[True], verdicts[False]) >= 2, "generated texts never pass, or never fail"
