"""The figures of gains and drift against an adapter's scale and over a training's steps. They draw nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from assay.report.html.scale import Axis, axis
from assay.report.text.descriptions import step_label
from assay.report.text.numbers import interval, points
from assay.text import plain
from assay.verdicts import Result
from assay.verdicts.descriptive import Course, CoursePoint, Dose, DosePoint
from assay.verdicts.result import Interval

__all__ = ["Curve", "DoseFigure", "DoseMark", "DoseSeries", "course_figures", "dose_figures"]

WIDTH, HEIGHT = 660, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 14, 46
APART = 4
"""Between the marks of two series at one scale."""
SHAPES = ("square", "diamond", "triangle")
Values = Sequence[tuple[float, float | None, Interval | None]]
"""(scale or step, value, its interval), the least first."""
AFTER = 1.1
"""Where the result of a training is drawn: behind its last checkpoint, as a part of that one's step."""


@dataclass(frozen=True, slots=True)
class DoseMark:
    """A value at one scale or step, placed."""

    x: float
    y: float
    low: float | None
    """Of the interval's ends; None where there is no interval."""
    high: float | None
    words: str
    """Text for a screen reader."""


@dataclass(frozen=True, slots=True)
class DoseSeries:
    """One metric, or the drift, over scales or steps."""

    name: str
    kind: str
    """`target`, `elsewhere` or `drift`."""
    shape: str
    line: str
    """Points of a line from the base, at 0."""
    marks: tuple[DoseMark, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """What a figure shows: a dose or a course."""

    of: Dose | Course
    name: str
    """The adapter, or the training."""
    unit: str
    """`scale` or `step`."""
    points: Sequence[DosePoint | CoursePoint]
    labels: tuple[str, ...]
    """Text of each point's scale or step."""
    places: tuple[float, ...]
    """Its number."""


@dataclass(frozen=True, slots=True)
class DoseFigure:
    """One adapter or training, and claimed metric."""

    curve: Curve
    up: Axis
    scales: tuple[tuple[str, float], ...]
    """Text and position of each scale or step, with 0."""
    series: tuple[DoseSeries, ...]

    def y(self, value: float) -> float:
        """Position of a gain."""
        return _y(self.up, value)


def dose_figures(result: Result, margin: float) -> tuple[DoseFigure, ...]:
    """One for each dose of the study."""
    return tuple(_figure(_of_dose(dose), margin) for dose in result.dose)


def course_figures(result: Result, margin: float) -> tuple[DoseFigure, ...]:
    """One for each course of the study."""
    return tuple(_figure(_of_course(course), margin) for course in result.courses)


def _of_dose(dose: Dose) -> Curve:
    scales = tuple(point.scale for point in dose.points)
    return Curve(dose, dose.adapter, "scale", dose.points, tuple(f"{scale:g}" for scale in scales), scales)


def _of_course(course: Course) -> Curve:
    last = max((point.step or 0 for point in course.points), default=0) or 1
    places = tuple(AFTER * last if point.step is None else point.step for point in course.points)
    labels = tuple(map(step_label, course.points))
    return Curve(course, course.training, "step", course.points, labels, places)


def _figure(curve: Curve, margin: float) -> DoseFigure:
    listed = list(_values(curve))
    ends = [
        end for *_, values in listed for _, value, ends in values for end in (value, *(ends or ())) if end
    ]
    up, largest = axis(ends, margin, 6), max(curve.places)
    series = tuple(
        DoseSeries(name, kind, shape, *_placed(name, curve, values, up, APART * (i - (len(listed) - 1) / 2)))
        for i, (name, kind, shape, values) in enumerate(listed)
    )
    scales = [("0", 0.0), *zip(curve.labels, curve.places, strict=True)]
    return DoseFigure(curve, up, tuple((text, _x(place, largest)) for text, place in scales), series)


def _values(curve: Curve) -> Iterator[tuple[str, str, str, Values]]:
    """Name, kind, shape and values of each series."""
    columns = [("target", "circle", curve.of.target, [point.target for point in curve.points])]
    for index, (metric, shape) in enumerate(zip(curve.of.off_target, cycle(SHAPES), strict=False)):
        columns.append(("elsewhere", shape, metric, [point.off_target[index] for point in curve.points]))
    for kind, shape, name, gains in columns:
        values = [(gain.gain, gain.interval) if gain else (None, None) for gain in gains]
        yield name, kind, shape, [(place, *value) for place, value in zip(curve.places, values, strict=True)]
    if any(point.drift is not None for point in curve.points):
        drift = [(point.drift, point.drift_interval) for point in curve.points]
        placed = [(place, *value) for place, value in zip(curve.places, drift, strict=True)]
        yield "drift (gap)", "drift", "cross", placed


def _placed(
    name: str, curve: Curve, values: Values, up: Axis, aside: float
) -> tuple[str, tuple[DoseMark, ...]]:
    """The line and the marks of a series, moved aside so that intervals do not cover each other."""
    largest = max(curve.places)
    marks = tuple(
        DoseMark(
            round(_x(place, largest) + aside, 1),
            _y(up, value),
            None if ends is None else _y(up, ends[0]),
            None if ends is None else _y(up, ends[1]),
            f"{plain(name)} at {curve.unit} {label}: {points(value)} {interval(ends)} points",
        )
        for label, (place, value, ends) in zip(curve.labels, values, strict=True)
        if value is not None
    )
    places = [(_x(0, largest), _y(up, 0)), *((mark.x, mark.y) for mark in marks)]
    return " ".join(f"{x},{y}" for x, y in places), marks


def _x(scale: float, largest: float) -> float:
    return round(LEFT + 14 + scale / largest * (WIDTH - LEFT - RIGHT - 28), 1)


def _y(up: Axis, value: float) -> float:
    return round(HEIGHT - BOTTOM - up.at(value) / 100 * (HEIGHT - TOP - BOTTOM), 1)
