"""The figure of gains against scale: every mark is inside, and lines begin at the base."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from assay.report.html.dose import HEIGHT, WIDTH, course_figures, dose_figures
from assay.verdicts import Result
from assay.verdicts.descriptive import Course, CoursePoint, Dose, DoseGain, DosePoint

POINTS = (
    DosePoint(0.5, "a@0.5", DoseGain(0.02, (-0.01, 0.05)), (DoseGain(0.0, None),), -0.02, (-0.06, 0.02)),
    DosePoint(1.0, "a", DoseGain(0.1, (0.06, 0.14)), (None,), None, None),
)
DOSE = Dose("a", "base", "numeric", "math.numeric_match", ("other.numeric_match",), 0.9, POINTS)


class Found:
    """As much of a result as the figure reads."""

    dose = (DOSE, replace(DOSE, off_target=(), points=POINTS[:1]))


def test_marks_are_inside_and_lines_begin_at_the_base() -> None:
    figure, _ = dose_figures(cast("Result", Found()), 0.05)
    assert [(series.name, series.kind, len(series.marks)) for series in figure.series] == [
        ("math.numeric_match", "target", 2),
        ("other.numeric_match", "elsewhere", 1),
        ("drift (gap)", "drift", 1),
    ]
    (zero, start), *_ = figure.scales
    assert (zero, [text for text, _ in figure.scales]) == ("0", ["0", "0.5", "1"])
    for series in figure.series:
        assert series.line.startswith(f"{start},{figure.y(0)} ")
        for mark in series.marks:
            assert 0 < mark.x < WIDTH
            assert all(0 < y < HEIGHT for y in (mark.y, mark.low, mark.high) if y is not None)
    target = figure.series[0].marks[1]
    assert target.words == "math.numeric_match at scale 1: +10.0 [+6.0, +14.0] points"
    assert target.low is not None
    assert target.high is not None
    assert target.low > target.y > target.high


def test_intervals_of_two_series_at_one_scale_are_apart() -> None:
    figure, _ = dose_figures(cast("Result", Found()), 0.05)
    first = [series.marks[0].x for series in figure.series]
    assert len(set(first)) == len(first)


def test_the_result_of_a_training_is_drawn_behind_its_last_checkpoint() -> None:
    points = tuple(
        CoursePoint(step, f"a-{step}", DoseGain(0.1, (0.06, 0.14)), (), None, None)
        for step in (100, 400, None)
    )

    class Stepped:
        courses = (Course("a, seed 1", "base", "numeric", "math.numeric_match", (), 0.9, points, None),)

    (figure,) = course_figures(cast("Result", Stepped()), 0.05)
    assert [text for text, _ in figure.scales] == ["0", "100", "400", "result"]
    places = [x for _, x in figure.scales]
    assert places == sorted(set(places))
    assert places[-1] < WIDTH
    assert figure.series[0].marks[-1].words == "math.numeric_match at step result: +10.0 [+6.0, +14.0] points"
