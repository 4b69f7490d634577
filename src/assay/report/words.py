"""How numbers and foreign text are written, the same in every report."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from assay.stats import Verdict
from assay.verdicts.result import ClaimResult, Interval, Pool, RecipeResult, Stop

__all__ = [
    "STOPPED",
    "confidence",
    "interval",
    "plain",
    "plain_lines",
    "points",
    "pool_words",
    "score",
    "share",
    "size",
    "stop_words",
    "tone",
    "unit_interval",
    "units",
    "verdict_words",
]

STOPPED = (
    "This run looked at the evidence before its last prompt, and stopped asking where nothing could change a verdict. "
    "Intervals and p-values allow for every look; a gain at an early stop lies further from 0 than the truth on average."
)
"""Said where a run may have stopped early."""
_ROUNDING = 1e-12
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def tone(word: str) -> Literal["good", "bad", "open"]:
    """How a verdict, or an outcome of the gate, is coloured."""
    if word in ("pass", "fail"):
        return "good" if word == "pass" else "bad"
    return Verdict(word).tone if word in set(Verdict) else "open"


def plain(text: str) -> str:
    """Foreign text made harmless to a terminal or page: control and bidirectional characters as escapes."""
    return "".join(
        character if unicodedata.category(character) not in _UNSAFE else f"\\u{ord(character):04x}"
        for character in re.sub(r"\s+", " ", text)
    )


def plain_lines(text: str) -> str:
    """Like `plain`, keeping the line breaks."""
    return "\n".join(plain(line) for line in text.split("\n"))


def score(value: float | None) -> str:
    """`.773`, or a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:.3f}".removeprefix("0") if 0 <= value < 1 else f"{value:.3f}"


def points(value: float | None, digits: int = 1) -> str:
    """A gain in points: `-15.2`, `+3.0`, `0.0`."""
    if value is None:
        return "-"
    text = f"{100 * value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def interval(value: Interval | None, margin: float = 0.0) -> str:
    """`[-18.1, -12.3]` in points.

    An end that would round to 0, to the margin or to its negative without being that gets another digit: on which
    side it lies is what a verdict says.
    """
    if value is None:
        return "-"
    told = (0.0, margin, -margin)
    close = any(abs(end - at) > _ROUNDING and points(end) == points(at) for end in value for at in told)
    return f"[{points(value[0], 2 if close else 1)}, {points(value[1], 2 if close else 1)}]"


def units(value: float) -> str:
    """A difference in the metric's own units: `+0.606`."""
    return f"{value:+.3f}"


def unit_interval(value: Interval | None) -> str:
    """`[+0.397, +0.814]` in the metric's own units."""
    return "-" if value is None else f"[{units(value[0])}, {units(value[1])}]"


def confidence(level: float) -> str:
    """Of an interval: `90 %`, `98.33 %`; never `100 %`, which no interval has."""
    text = f"{100 * level:.4g}"
    return f"{100 * level:.10g} %" if text == "100" else f"{text} %"


def size(value: float | None) -> str:
    """A magnitude in three digits, `12.4` or `3.10e-05`, or whole up to a million; a dash where there is none."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    return f"{value:,.0f}" if 100 <= value < 1e6 else f"{value:#.3g}".rstrip(".")


def share(value: float) -> str:
    """`75%`, `12.5%`: three digits, so that little is not written as nothing."""
    return f"{100 * value:.3g}%"


def verdict_words(result: ClaimResult | RecipeResult) -> str:
    """The verdict with what is always said beside it."""
    words = str(result.verdict)
    if result.material:
        words += " (material)"
    if result.kept_within_margin:
        words += ", kept within the margin"
    return words


def stop_words(stop: Stop | None) -> str:
    """Where asking stopped: `at a stop, 96 of 541 prompts`; empty where nobody looked before the end."""
    if stop is None or (not stop.early and len(stop.looks) == 1):
        return ""
    if stop.early:
        return f"at a stop, {stop.n:,} of {stop.pool:,} prompts"
    return f"all {stop.pool:,} prompts, after {len(stop.looks)} looks"


def pool_words(pool: Pool, stop: Stop) -> str:
    """What the full list would print, apart from the verdict: `over all 541 prompts of this list: ...`."""
    return (
        f"over all {stop.pool:,} prompts of this list, and no others: {pool.word}, {interval(pool.interval)}"
    )
