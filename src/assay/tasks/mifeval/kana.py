"""Instructions about kanji, kana and digits of Japanese. Each check returns None when followed, else the reason.

no_katakana("ねこカフェ")    # 'katakana: "カ" at character 3'
"""

from __future__ import annotations

import re
import unicodedata
from functools import partial

from assay.tasks.ifeval.matching import amount, times
from assay.tasks.ifeval.registry import COUNT, RELATION
from assay.tasks.instructions import Argument
from assay.tasks.mifeval.registry import fixed, instruction

_KANA = Argument(
    "one letter of hiragana, ぁ to ん",
    lambda value: isinstance(value, str) and len(value) == 1 and "ぁ" <= value <= "ん",
)

_KANJI = re.compile("[\u4e00-\u9faf]")
_KANJI_RUN = re.compile("[\u4e00-\u9faf]+(（[ぁ-ん]+）)?")
_KANJI_RUN_FIXED = re.compile("[\u4e00-\u9fff々]+(（[ぁ-ん]+）)?")
_DIGIT = re.compile(r"\d")
_HIRAGANA = re.compile("[ぁ-んー]")
_HIRAGANA_FIXED = re.compile("[ぁ-ゖゝゞー]")
_KATAKANA = re.compile("[ァ-ンー・ｦ-ﾟ]")
_KATAKANA_FIXED = re.compile("[ァ-ヺヽヾー・ｦ-ﾟ]")
_ANY_HIRAGANA = re.compile("[ぁ-ゖ]")
_ANY_KATAKANA = re.compile("[ァ-ヺｦ-ﾟ]")
_FEW = "the reference passes a text without any kana"
_TO_KATAKANA = 96  # from the code of a letter of hiragana


@instruction("ja:keywords:letter_frequency", letter=_KANA, let_frequency=COUNT, let_relation=RELATION)
def letter_frequency(text: str, letter: str, let_frequency: int, let_relation: str) -> str | None:
    """The letter is found that often, as hiragana or katakana."""
    count = text.count(letter) + text.count(chr(ord(letter) + _TO_KATAKANA))
    return times(count, let_relation, let_frequency, letter)


@instruction("ja:letters:kanji", kanji_limit=COUNT, relation=RELATION)
def kanji(text: str, kanji_limit: int, relation: str) -> str | None:
    """So many kanji."""
    return amount(len(_KANJI.findall(text)), relation, kanji_limit, "kanji character")


@instruction("ja:letters:furigana")
def furigana(text: str, run: re.Pattern[str] = _KANJI_RUN) -> str | None:
    """Hiragana in full-width parentheses follow every run of kanji."""
    for match in run.finditer(text):
        if not match[1]:
            return f'no furigana after "{match[0][:20]}" at character {match.start() + 1}'
    return None


fixed("ja:letters:furigana", "the reference does not take 々 for a kanji")(
    partial(furigana, run=_KANJI_RUN_FIXED)
)


@instruction("ja:letters:kansuuji")
def kansuuji(text: str) -> str | None:
    """No digit anywhere."""
    return _none(_DIGIT, "digit", text)


@instruction("ja:letters:no_hiragana")
def no_hiragana(text: str) -> str | None:
    """No hiragana anywhere."""
    return _none(_ANY_HIRAGANA, "hiragana", text)


@instruction("ja:letters:no_katakana")
def no_katakana(text: str) -> str | None:
    """No katakana anywhere."""
    return _none(_ANY_KATAKANA, "katakana", text)


@instruction("ja:letters:hiragana_only")
def hiragana_only(text: str) -> str | None:
    """No letters but hiragana, ぁ to ん and ー."""
    return _only(_HIRAGANA, "hiragana", text)


@fixed("ja:letters:hiragana_only", f"{_FEW}, and fails ゔ and ゝ")
def hiragana_only_fixed(text: str) -> str | None:
    """No letters but hiragana, and at least one."""
    return _only(_HIRAGANA_FIXED, "hiragana", text) or _some(_ANY_HIRAGANA, "hiragana", text)


@instruction("ja:letters:katakana_only")
def katakana_only(text: str) -> str | None:
    """No letters but katakana, ァ to ン, ー and those of half width."""
    return _only(_KATAKANA, "katakana", text)


@fixed("ja:letters:katakana_only", f"{_FEW}, and fails ヴ")
def katakana_only_fixed(text: str) -> str | None:
    """No letters but katakana, and at least one."""
    return _only(_KATAKANA_FIXED, "katakana", text) or _some(_ANY_KATAKANA, "katakana", text)


def _none(pattern: re.Pattern[str], what: str, text: str) -> str | None:
    match = pattern.search(text)
    return f'{what}: "{match[0]}" at character {match.start() + 1}' if match else None


def _only(kana: re.Pattern[str], what: str, text: str) -> str | None:
    for place, sign in enumerate(text, 1):
        if unicodedata.category(sign).startswith("L") and not kana.match(sign):
            return f'not {what}: "{sign}" at character {place}'
    return None


def _some(kana: re.Pattern[str], what: str, text: str) -> str | None:
    return None if kana.search(text) else f"no {what}"
