"""The plane of gains: where adapters lie, and that names cover nothing."""

from __future__ import annotations

import re

import pytest

from assay.report.html.plane import HEIGHT, LETTER, LINE, WIDTH

POINT = r'<g class="point (?:recipe|adapter) \w+" transform="translate\(([\d.]+) ([\d.]+)\)">'
NAME = r'<text class="pname" x="([\d.]+)" y="([\d.]+)">([^<]*)</text>'


@pytest.fixture
def figure(page: str) -> str:
    return page.split('<section id="plane"')[1].split("</svg>")[0]


def test_every_adapter_and_recipe_has_a_place_inside_the_figure(page: str, figure: str) -> None:
    places = [(float(x), float(y)) for x, y in re.findall(POINT, figure)]
    rows = page.split('<section id="plane"')[1].split("<tbody>")[1].split("</tbody>")[0]
    assert len(places) == rows.count("<tr>") > 12
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in places)


def test_no_name_covers_another(figure: str) -> None:
    boxes = [(float(x), float(y), float(x) + LETTER * len(name)) for x, y, name in re.findall(NAME, figure)]
    assert boxes
    for i, (left, bottom, right) in enumerate(boxes):
        for other_left, other_bottom, other_right in boxes[:i]:
            apart = right <= other_left or other_right <= left or abs(bottom - other_bottom) >= LINE
            assert apart


def test_seeds_of_a_recipe_are_drawn_without_names(figure: str) -> None:
    assert re.search(r'class="point adapter', figure)
    assert not [name for _, _, name in re.findall(NAME, figure) if re.search(r"-s\d$", name)]
