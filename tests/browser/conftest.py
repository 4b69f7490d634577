"""Chromium for tests of the page: headless, an empty profile, no network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@pytest.hookimpl(tryfirst=True)  # before slow tests are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser is slow: its tests run with the slow ones."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)


@dataclass
class Browser:
    """A page in Chromium, and everything that it said or asked for."""

    driver: Any

    def open(self, page: Path | str, width: int = 1280, dark: bool = False) -> None:
        """Open a file from disk, or an address, at a width, as someone who likes it light or dark."""
        likes = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},  # clicks must not chase a scrolling page
        ]
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": likes})
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(page.as_uri() if isinstance(page, Path) else page)

    def until(self, code: str, *arguments: object) -> Any:
        """Wait until a script in the page has a value that counts, and return it; pages that load meanwhile are waited for."""
        from selenium.common.exceptions import JavascriptException, StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        ignored = (JavascriptException, StaleElementReferenceException)
        wait = WebDriverWait(self.driver, 180, 0.1, ignored_exceptions=ignored)
        return wait.until(lambda _: self.script(code, *arguments))

    def script(self, code: str, *arguments: object) -> Any:
        """The value of a script in the page."""
        return self.driver.execute_script(code, *arguments)

    def text(self, selector: str) -> str:
        """What a reader sees of the first element."""
        return str(self.driver.find_element("css selector", selector).text)

    def complaints(self) -> list[str]:
        """Console errors and refused scripts or styles since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """What was asked for since the page was opened, other than the page itself."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        own = self.driver.current_url.partition("#")[0]
        # `chrome:` is the browser's first, empty tab.
        return [url for url in urls if url != own and not url.startswith("chrome:")]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for the session; skips where there is none."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no chromium and chromedriver here: apt-get install chromium chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(60)
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small generated study: two bases, seeds, two capabilities, and as if weights had been run."""
    from scripts.generated_study import Shape, generate, report_as_if_measured

    import assay

    folder = tmp_path_factory.mktemp("generated")
    shape = Shape(bases=2, recipes=3, seeds=2, numeric_tasks=2, prompts=40)
    assay.run(generate(folder / "in", shape), folder / "run")
    report_as_if_measured(folder / "run")
    return folder / "run" / "report.html"


@pytest.fixture
def reader(chromium: Browser, generated: Path) -> Callable[..., Browser]:
    """Opens the generated page."""

    def opened(**view: Any) -> Browser:
        chromium.open(generated, **view)
        return chromium

    return opened
