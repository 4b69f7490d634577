"""Words and sentences of texts in Chinese, Japanese and Hindi, as Multi-IF counts them. It knows no instruction.

    chinese_words("我有 two cats 😀")        # 5: two characters, two words, an emoji
    chinese_sentences("我有猫。你呢？")        # 2
    hindi_sentences("नमस्ते। कैसे हो?")          # 2

The package emoji is loaded when first needed; `require` does so before anything runs.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from assay.errors import TaskError

__all__ = ["EMOJI", "chinese_sentences", "chinese_words", "forget", "hindi_sentences", "require"]

EMOJI = "emoji"
"""What an instruction needs."""

_MARKS = re.compile(
    "["
    + re.escape("!\"#$%&'()*+,-./:;<>?@[\\]^_`{}~" + "»—…“”" + "、。《》「」〔〕" + "！（），．：；？￥")
    + "]+"
)
"""Marks that are no word; `=` and `|` are not among them."""
_CHARACTER = re.compile("[\u4e00-\u9fff\u3400-\u4dbf\u3040-\u309f\u30a0-\u30ff\uac00-\ud7af]")
"""Of Chinese, Japanese or Korean: a word each."""
_SENTENCE = re.compile(r"[^!?.。！？．\n]+[!?.。！？．\n]?")
_HINDI_END = re.compile(r"(?<=[।!?])\s*")


def chinese_words(text: str) -> int:
    """Characters of Chinese, Japanese and Korean, emoji, and what else spaces divide."""
    emoji = _emoji()
    text = _MARKS.sub("", text)
    smileys = emoji.emoji_count(text)
    text, characters = _CHARACTER.subn(" ", emoji.replace_emoji(text, ""))
    return int(smileys) + characters + len(text.split())


def chinese_sentences(text: str) -> int:
    """What ends with a line or with a mark such as `。`."""
    return sum(len(_SENTENCE.findall(line.strip())) for line in text.splitlines())


def hindi_sentences(text: str) -> int:
    """What ends with `।`, `!` or `?`."""
    return sum(1 for part in _HINDI_END.split(text) if part.strip())


def require() -> None:
    """Raise TaskError unless emoji is installed."""
    _emoji()


def forget() -> None:
    """Forget that emoji was loaded."""
    _emoji.cache_clear()


@cache
def _emoji() -> Any:
    try:
        import emoji
    except ImportError as missing:
        raise TaskError(
            "emoji is not installed, which counting words of Chinese needs",
            fix="run `pip install 'lora-assay[chinese]'`",
        ) from missing
    return emoji
