"""Formats numbers. It knows no finding."""

from __future__ import annotations

from assay.verdicts.result import Interval

__all__ = [
    "confidence",
    "integer",
    "interval",
    "p_value",
    "percent",
    "points",
    "score",
    "score_ends",
    "share",
    "size",
    "unit_interval",
    "units",
    "unsigned",
]

_ROUNDING = 1e-12


def score(value: float | None) -> str:
    """`.773`, or a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:.3f}".removeprefix("0") if 0 <= value < 1 else f"{value:.3f}"


def score_ends(value: Interval) -> str:
    """The interval of a score: `[.699, .841]`."""
    return f"[{score(value[0])}, {score(value[1])}]"


def points(value: float | None, digits: int = 1) -> str:
    """A gain in points: `-15.2`, `+3.0`, `0.0`."""
    if value is None:
        return "-"
    text = f"{100 * value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def unsigned(value: float) -> str:
    """A margin or standard error in points: `5.0`."""
    return points(value).removeprefix("+")


def interval(value: Interval | None, margin: float = 0.0) -> str:
    """`[-18.1, -12.3]` in points.

    An end that would round to 0, to the margin or to its negative without being equal to it gets another digit: a
    verdict depends on the side on which it lies.
    """
    if value is None:
        return "-"
    bounds = (0.0, margin, -margin)
    close = any(abs(end - at) > _ROUNDING and points(end) == points(at) for end in value for at in bounds)
    return f"[{points(value[0], 2 if close else 1)}, {points(value[1], 2 if close else 1)}]"


def units(value: float) -> str:
    """A difference in the metric's own units: `+0.606`."""
    return f"{value:+.3f}"


def unit_interval(value: Interval | None) -> str:
    """`[+0.397, +0.814]` in the metric's own units."""
    return "-" if value is None else f"[{units(value[0])}, {units(value[1])}]"


def confidence(level: float) -> str:
    """Confidence of an interval: `90 %`, `98.33 %`; never `100 %`, which no interval has."""
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


def percent(value: float | None) -> str:
    """`12%`, and `0%` where there is none."""
    return f"{value or 0:.0%}"


def p_value(value: float | None) -> str:
    """`0.0312`, or a dash where there is none."""
    return "-" if value is None else f"{value:.3g}"


def integer(value: int | None) -> str:
    """`1,200`, or a dash where there is none."""
    return "-" if value is None else f"{value:,}"
