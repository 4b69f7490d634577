"""axe-core, run on the page in Chromium, finds nothing serious."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest

from tests.browser.conftest import Browser
from tests.often import first_often


def violations(browser: Browser) -> list[dict[str, Any]]:
    axe = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    browser.script(axe + "\nwindow.axe = axe;")
    found = browser.driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})"
        ".then((r) => done(r.violations), (e) => done([{id: String(e), impact: 'critical', nodes: []}]))"
    )
    return list(found)


@pytest.mark.parametrize("width", first_often([390, 1280]))
@pytest.mark.parametrize("dark", first_often([False, True]))
def test_no_serious_or_critical_violation(reader: Callable[..., Browser], width: int, dark: bool) -> None:
    browser = reader(width=width, dark=dark)
    browser.script("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    serious = [
        (found["id"], found["help"], [node["html"] for node in found["nodes"]][:3])
        for found in violations(browser)
        if found["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_headings_are_in_order_and_landmarks_are_there(reader: Callable[..., Browser]) -> None:
    browser = reader()
    levels = browser.script(
        "return [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert browser.script(
        "return ['header', 'nav', 'main', 'footer'].every((n) => document.querySelectorAll(n).length === 1)"
    )
    assert browser.script("return [...document.querySelectorAll('table')].every((t) => t.caption)")
