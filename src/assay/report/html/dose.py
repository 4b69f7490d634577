"""The figure of gains and drift against an adapter's scale: positions and words. It draws nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from assay.report.html.scale import Axis, axis
from assay.report.text.numbers import interval, points
from assay.text import plain
from assay.verdicts import Result
from assay.verdicts.descriptive import Dose
from assay.verdicts.result import Interval

__all__ = ["DoseFigure", "DoseMark", "DoseSeries", "dose_figures"]

WIDTH, HEIGHT = 660, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 14, 46
APART = 4
"""Between the marks of two series at one scale."""
SHAPES = ("square", "diamond", "triangle")
Values = Sequence[tuple[float, float | None, Interval | None]]
"""(scale, value, its interval), the weakest scale first."""


@dataclass(frozen=True, slots=True)
class DoseMark:
    """A value at one scale, placed."""

    x: float
    y: float
    low: float | None
    """Of the interval's ends; None where there is no interval."""
    high: float | None
    words: str
    """Text for a screen reader."""


@dataclass(frozen=True, slots=True)
class DoseSeries:
    """One metric, or the drift, over the scales."""

    name: str
    kind: str
    """`target`, `elsewhere` or `drift`."""
    shape: str
    line: str
    """Points of a line from the base, at scale 0."""
    marks: tuple[DoseMark, ...]


@dataclass(frozen=True, slots=True)
class DoseFigure:
    """One adapter and claimed metric."""

    dose: Dose
    up: Axis
    scales: tuple[tuple[str, float], ...]
    """Text and position of each scale, with 0."""
    series: tuple[DoseSeries, ...]

    def y(self, value: float) -> float:
        """Position of a gain."""
        return _y(self.up, value)


def dose_figures(result: Result, margin: float) -> tuple[DoseFigure, ...]:
    """One for each dose of the study."""
    return tuple(_figure(dose, margin) for dose in result.dose)


def _figure(dose: Dose, margin: float) -> DoseFigure:
    listed = list(_values(dose))
    ends = [
        end for *_, values in listed for _, value, ends in values for end in (value, *(ends or ())) if end
    ]
    up, largest = axis(ends, margin, 6), max(point.scale for point in dose.points)
    series = tuple(
        DoseSeries(
            name, kind, shape, *_placed(name, values, up, largest, APART * (i - (len(listed) - 1) / 2))
        )
        for i, (name, kind, shape, values) in enumerate(listed)
    )
    scales = [("0", 0.0), *((f"{point.scale:g}", point.scale) for point in dose.points)]
    return DoseFigure(dose, up, tuple((text, _x(scale, largest)) for text, scale in scales), series)


def _values(dose: Dose) -> Iterator[tuple[str, str, str, Values]]:
    """Name, kind, shape and values of each series."""
    columns = [("target", "circle", dose.target, [point.target for point in dose.points])]
    for index, (metric, shape) in enumerate(zip(dose.off_target, cycle(SHAPES), strict=False)):
        columns.append(("elsewhere", shape, metric, [point.off_target[index] for point in dose.points]))
    for kind, shape, name, gains in columns:
        yield (
            name,
            kind,
            shape,
            [
                (point.scale, gain.gain if gain else None, gain.interval if gain else None)
                for point, gain in zip(dose.points, gains, strict=True)
            ],
        )
    if any(point.drift is not None for point in dose.points):
        drift = [(point.scale, point.drift, point.drift_interval) for point in dose.points]
        yield "drift (gap)", "drift", "cross", drift


def _placed(
    name: str, values: Values, up: Axis, largest: float, aside: float
) -> tuple[str, tuple[DoseMark, ...]]:
    """The line and the marks of a series, moved aside so that intervals do not cover each other."""
    marks = tuple(
        DoseMark(
            round(_x(scale, largest) + aside, 1),
            _y(up, value),
            None if ends is None else _y(up, ends[0]),
            None if ends is None else _y(up, ends[1]),
            f"{plain(name)} at scale {scale:g}: {points(value)} {interval(ends)} points",
        )
        for scale, value, ends in values
        if value is not None
    )
    places = [(_x(0, largest), _y(up, 0)), *((mark.x, mark.y) for mark in marks)]
    return " ".join(f"{x},{y}" for x, y in places), marks


def _x(scale: float, largest: float) -> float:
    return round(LEFT + 14 + scale / largest * (WIDTH - LEFT - RIGHT - 28), 1)


def _y(up: Axis, value: float) -> float:
    return round(HEIGHT - BOTTOM - up.at(value) / 100 * (HEIGHT - TOP - BOTTOM), 1)
