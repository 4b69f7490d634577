"""The figure of target gain against mean off-target gain, with the margins: positions and labels. It draws nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Literal

from assay.plan import Plan
from assay.report.html.scale import Axis, axis
from assay.report.text.numbers import points
from assay.text import plain
from assay.verdicts import DriftResult, Result

__all__ = ["HEIGHT", "WIDTH", "Plane", "Point", "Region", "plane"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
WIDTH, HEIGHT = 660, 460
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 14, 46
LETTER, LINE = 6.7, 15
"""Width of a letter and height of a line of a label, in the figure's units; wide rather than narrow."""


@dataclass(frozen=True, slots=True)
class Point:
    """An adapter or recipe in the plane."""

    name: str
    kind: Literal["recipe", "adapter"]
    x: float
    y: float
    shape: str
    """By label."""
    fill: str
    """By base."""
    named: bool
    """Its name is drawn if there is room."""
    words: str
    """Text for a screen reader."""
    label_x: float | None = None
    """Where its name is drawn; None where it would cover another one."""
    label_y: float = 0
    leader: tuple[float, float] | None = None
    """Where a line from the point to a distant name ends."""


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
        """Position of a target gain."""
        return _x(self.across, value)

    def y(self, value: float) -> float:
        """Position of an off-target gain."""
        return _y(self.up, value)


SHAPES = ("circle", "square", "diamond", "triangle")
FILLS = ("full", "open", "half", "cross")


def plane(result: Result, plan: Plan) -> Plane | None:
    """Where each adapter lies; None where no target gain and off-target gain are both known."""
    drifts = [entry for entry in result.drift if entry.variant == "gap" and entry.against is None]
    if not drifts:
        return None
    margins = _margins(result, plan)
    across = axis([entry.target_gain for entry in drifts], 1.6 * margins[0], 7)
    up = axis([entry.off_target_gain for entry in drifts], 1.6 * margins[1], 7)
    regions = tuple(_regions(across, up, margins))
    shapes = _assigned([adapter.label for adapter in plan.adapters], SHAPES)
    fills = _assigned([base.name for base in plan.bases], FILLS)
    return Plane(
        across,
        up,
        margins,
        tuple(_labelled(list(_points(drifts, plan, across, up, shapes, fills)), regions)),
        regions,
        tuple(shapes.items()) if len(shapes) > 1 else (),
        tuple(fills.items()) if len(fills) > 1 else (),
    )


def _assigned(names: Sequence[str], signs: Sequence[str]) -> dict[str, str]:
    """A sign for each name, in their order; with more names than signs, signs repeat."""
    return dict(zip(dict.fromkeys(names), cycle(signs), strict=False))


def _points(
    drifts: Sequence[DriftResult],
    plan: Plan,
    across: Axis,
    up: Axis,
    shapes: Mapping[str, str],
    fills: Mapping[str, str],
) -> Iterator[Point]:
    """Recipes first, so that adapters are drawn over them. Seeds of a recipe that has a point get no name."""
    adapters = {adapter.name: adapter for adapter in plan.adapters}
    of_recipe = {adapter.replicated: adapter for adapter in plan.adapters}
    drawn = {
        (entry.recipe, entry.base, entry.step, entry.target) for entry in drifts if entry.adapter is None
    }
    for entry in sorted(drifts, key=lambda entry: entry.adapter is not None):
        name, group = entry.name, (entry.recipe or "", entry.base, entry.step)
        adapter = adapters[name] if entry.adapter else of_recipe[group]
        yield Point(
            name=name,
            kind="adapter" if entry.adapter else "recipe",
            x=_x(across, entry.target_gain),
            y=_y(up, entry.off_target_gain),
            shape=shapes[adapter.label],
            fill=fills[entry.base],
            named=not entry.adapter or (*adapter.replicated, entry.target) not in drawn,
            words=f"{plain(name)}: target gain {points(entry.target_gain)}, "
            f"mean off-target gain {points(entry.off_target_gain)} points",
        )


def _margins(result: Result, plan: Plan) -> tuple[float, float]:
    """The claims' own margin and that elsewhere; where there are several, the study's."""
    targets = {claim.margin for claim in result.claims if claim.kind == "gains" and not claim.against}
    away = {cell.margin for cell in result.cells if cell.kind == "exploratory" and not cell.against}
    across, up = (next(iter(found)) if len(found) == 1 else plan.margin for found in (targets, away))
    return across, up


def _x(scale: Axis, value: float) -> float:
    return round(LEFT + scale.at(value) / 100 * (WIDTH - LEFT - RIGHT), 1)


def _y(scale: Axis, value: float) -> float:
    return round(HEIGHT - BOTTOM - scale.at(value) / 100 * (HEIGHT - TOP - BOTTOM), 1)


def _regions(across: Axis, up: Axis, margins: tuple[float, float]) -> Iterator[Region]:
    """Nine rectangles, cut by the margins; the names are those of `docs/how-to/reading-a-report.md`."""
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
        spot = _spot(point, index, taken) if point.named else None
        if spot is None:
            yield point
        else:
            taken.append(spot)
            yield _named_at(point, spot)


def _named_at(point: Point, spot: Box) -> Point:
    """With its name in this box, and a line to it where it does not touch the point."""
    end = (min(max(point.x, spot[0]), spot[2]), min(max(point.y, spot[1] + 3), spot[3] - 3))
    far = (end[0] - point.x) ** 2 + (end[1] - point.y) ** 2 > 12**2
    return replace(
        point,
        label_x=round(spot[0], 1),
        label_y=round(spot[3] - 4, 1),
        leader=(round(end[0], 1), round(end[1], 1)) if far else None,
    )


def _spot(point: Point, index: int, taken: Sequence[Box]) -> Box | None:
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


def _cover(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
