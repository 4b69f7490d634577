"""The plane of target gain against mean off-target gain, with the margins drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assay.report.html.scale import Axis, axis
from assay.report.text.numbers import points
from assay.study import Study
from assay.text import plain
from assay.verdicts import Result

__all__ = ["HEIGHT", "WIDTH", "Plane", "Point", "Region", "plane"]

WIDTH, HEIGHT = 660, 460
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 14, 46
LETTER, LINE = 6.7, 15
"""Width of a letter and height of a line of a label, in the figure's units; wide rather than narrow."""


@dataclass(frozen=True, slots=True)
class Point:
    """An adapter or recipe in the plane."""

    name: str
    kind: Literal["recipe", "adapter"]
    target: float
    away: float
    x: float
    y: float
    shape: str
    """By label."""
    fill: str
    """By base."""
    label_x: float | None
    """Where its name stands; None where it would cover another one."""
    label_y: float
    leader: tuple[float, float] | None
    """Where a line from the point to a distant name ends."""
    words: str


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the plane."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    label: str | None
    """None where it would not fit."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Target gain across, mean off-target gain up."""

    across: Axis
    up: Axis
    margins: tuple[float, float]
    """Of the target gain, and of the gain elsewhere."""
    points: tuple[Point, ...]
    regions: tuple[Region, ...]
    labels: tuple[tuple[str, str], ...]
    """(label, shape) where there are several."""
    bases: tuple[tuple[str, str], ...]
    """(base, fill) where there are several."""

    def x(self, value: float) -> float:
        """Place of a target gain."""
        return _x(self.across, value)

    def y(self, value: float) -> float:
        """Place of an off-target gain."""
        return _y(self.up, value)


SHAPES = ("circle", "square", "diamond", "triangle")
FILLS = ("full", "open", "half", "cross")


def plane(result: Result, study: Study) -> Plane | None:
    """Where each adapter lies; None where no target gain and off-target gain are both known."""
    drifts = [entry for entry in result.drift if entry.variant == "gap"]
    if not drifts:
        return None
    margins = _margins(result, study)
    across = axis([entry.target_gain for entry in drifts], 1.6 * margins[0], 7)
    up = axis([entry.off_target_gain for entry in drifts], 1.6 * margins[1], 7)
    labels = {("adapter", adapter.base, adapter.name): adapter.label for adapter in study.adapters}
    labels |= {("recipe", adapter.base, adapter.recipe): adapter.label for adapter in study.adapters}
    recipes = {adapter.name: adapter.recipe for adapter in study.adapters}
    over = {(entry.recipe, entry.base, entry.target) for entry in drifts if entry.adapter is None}
    shapes = _named(adapter.label for adapter in study.adapters)
    shape_of = {name: SHAPES[i % len(SHAPES)] for i, name in enumerate(shapes)}
    fill_of = {base.name: FILLS[i % len(FILLS)] for i, base in enumerate(study.bases)}
    placed: list[Point] = []
    for entry in sorted(drifts, key=lambda entry: entry.adapter is not None):
        name = entry.adapter or entry.recipe or ""
        kind: Literal["recipe", "adapter"] = "recipe" if entry.adapter is None else "adapter"
        seed = entry.adapter is not None and (recipes[name], entry.base, entry.target) in over
        words = (
            f"{plain(name)}: target gain {points(entry.target_gain)}, "
            f"mean off-target gain {points(entry.off_target_gain)} points"
        )
        placed.append(
            Point(
                name=name,
                kind=kind,
                target=entry.target_gain,
                away=entry.off_target_gain,
                x=_x(across, entry.target_gain),
                y=_y(up, entry.off_target_gain),
                shape=shape_of[labels[kind, entry.base, name]],
                fill=fill_of[entry.base],
                label_x=None,
                label_y=-1 if seed else 0,
                leader=None,
                words=words,
            )
        )
    regions = tuple(_regions(across, up, margins))
    return Plane(
        across,
        up,
        margins,
        tuple(_labelled(placed, regions)),
        regions,
        tuple(shape_of.items()) if len(shape_of) > 1 else (),
        tuple(fill_of.items()) if len(fill_of) > 1 else (),
    )


def _margins(result: Result, study: Study) -> tuple[float, float]:
    """The claims' own margin and that elsewhere; where there are several, the study's."""
    targets = {claim.margin for claim in result.claims if claim.kind == "gains"}
    away = {cell.margin for cell in result.cells if cell.kind == "exploratory"}
    across, up = (next(iter(found)) if len(found) == 1 else study.margin for found in (targets, away))
    return across, up


def _named(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _x(scale: Axis, value: float) -> float:
    return round(LEFT + scale.at(value) / 100 * (WIDTH - LEFT - RIGHT), 1)


def _y(scale: Axis, value: float) -> float:
    return round(HEIGHT - BOTTOM - scale.at(value) / 100 * (HEIGHT - TOP - BOTTOM), 1)


def _regions(across: Axis, up: Axis, margins: tuple[float, float]) -> Iterator[Region]:
    """Nine rectangles, cut by the margins; the names are those of `docs/reading-a-report.md`."""
    columns = (LEFT, _x(across, -margins[0]), _x(across, margins[0]), WIDTH - RIGHT)
    zero = _x(across, 0)
    rows = (TOP, _y(up, margins[1]), _y(up, -margins[1]), HEIGHT - BOTTOM)
    names = (
        ("displaced", "displaced", "spillover"),
        ("harmful", "inert", "aligned"),
        ("harmful", "harmful", "harmful"),
    )
    for row, kinds in enumerate(names):
        for column, kind in enumerate(kinds):
            x, y = columns[column], rows[row]
            width, height = columns[column + 1] - x, rows[row + 1] - y
            right = zero if x < zero < x + width else x + width  # no name across the line of no gain
            fits = right - x > LETTER * len(kind) + 8 and height > LINE + 2
            yield Region(kind, x, y, round(width, 1), round(height, 1), kind if fits else None)


def _labelled(placed: Sequence[Point], regions: Sequence[Region]) -> Iterator[Point]:
    """Names beside their points, where they cover no point, no other name and no region's name."""
    taken = [(point.x - 6, point.y - 6, point.x + 6, point.y + 6) for point in placed]
    taken += [
        (region.x, region.y, region.x + 8 + LETTER * len(region.label), region.y + LINE + 4)
        for region in regions
        if region.label
    ]
    for index, point in enumerate(placed):
        spot = None if point.label_y < 0 else _spot(point, index, taken)
        if spot is not None:
            taken.append(spot)
        if spot is None:
            yield replace(point, label_x=None)
        else:
            yield _named_at(point, spot)


def _named_at(point: Point, spot: tuple[float, float, float, float]) -> Point:
    """With its name in this box, and a line to it where it does not touch the point."""
    end = (min(max(point.x, spot[0]), spot[2]), min(max(point.y, spot[1] + 3), spot[3] - 3))
    far = (end[0] - point.x) ** 2 + (end[1] - point.y) ** 2 > 12**2
    return replace(
        point,
        label_x=round(spot[0], 1),
        label_y=round(spot[3] - 4, 1),
        leader=(round(end[0], 1), round(end[1], 1)) if far else None,
    )


def _spot(
    point: Point, index: int, taken: Sequence[tuple[float, float, float, float]]
) -> tuple[float, float, float, float] | None:
    width = LETTER * len(plain(point.name))
    corners = [
        (
            point.x + side * away - (width if side < 0 else 0 if side else width / 2),
            point.y + up * away - LINE / 2,
        )
        for away in (9, 16, 26, 38)
        for side, up in ((1, 0), (-1, 0), (0, -1.6), (0, 1.6), (1, -1), (1, 1), (-1, -1), (-1, 1))
    ]
    for x, y in corners:
        box = (x, y, x + width, y + LINE)
        inside = x > LEFT and y > TOP and box[2] < WIDTH - RIGHT and box[3] < HEIGHT - BOTTOM
        others = (other for i, other in enumerate(taken) if i != index)
        if inside and not any(_cover(box, other) for other in others):
            return box
    return None


def _cover(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
