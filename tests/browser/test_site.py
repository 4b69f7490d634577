"""The site of the documentation, opened from a disk: its search finds things, and nothing is loaded from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.browser.conftest import Browser

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("mkdocs"), reason="no mkdocs here: make docs"),
]
SEARCH = """
const box = document.querySelector(".md-search__input");
const open = document.querySelector("#__search");
if (!open.checked) open.click();
box.value = arguments[0];
box.dispatchEvent(new Event("focus"));
box.dispatchEvent(new Event("keyup"));
"""
TITLES = "return [...document.querySelectorAll('.md-search-result__item h1')].map(title => title.innerText)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=ROOT, env=quiet, check=True)
    return folder


def found(browser: Browser, words: str) -> list[str]:
    """Titles of the pages that a search finds, the best first."""
    for turn in range(100):
        if turn % 20 == 0:  # until the search is ready, which nothing on the page says
            browser.script(SEARCH, words)
        titles = browser.script(TITLES)
        if titles:
            return [str(title) for title in titles]
        time.sleep(0.1)
    return []


@pytest.mark.parametrize(
    ("words", "page"),
    [("margin", "Verdicts and margins"), ("not applied", "Reading a report"), ("exit code 2", "Exit codes")],
)
def test_a_search_from_a_disk_finds_the_page(chromium: Browser, site: Path, words: str, page: str) -> None:
    chromium.open(site / "index.html")
    assert page in found(chromium, words)[:3]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", ["index.html", "reference/study.html", "explanation/verdicts.html"])
def test_a_page_fits_desk_and_phone_and_loads_nothing_from_elsewhere(
    chromium: Browser, site: Path, page: str, width: int
) -> None:
    chromium.open(site / page, width)
    assert chromium.script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert not [url for url in chromium.requests() if not url.startswith(("file:", "data:"))]
    assert not chromium.complaints()
