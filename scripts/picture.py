"""The README's picture: the top of a real page in Chromium, as `docs/images/report.png`.

    python -m scripts.picture           # the 16-checkpoint study, else a generated one; needs Chromium

The study under `studies/` is used where its data is there. Two widths of the same page stand side by
side in `docs/images`: `report.png` (desk) and `report-phone.png`.
"""

from __future__ import annotations

import base64
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import assay
from scripts.generated_study import generate

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
STUDY = ROOT / "studies" / "qwen3-4b-ifeval.yaml"
LARGEST = 300_000
"""Bytes of a picture in the repository."""


def main() -> None:
    """Run a study, open its page, write the pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            assay.run(STUDY, folder / "run")
        except assay.AssayError as missing:
            print(f"a generated study is shown instead: {str(missing).splitlines()[0]}")
            assay.run(generate(folder / "study"), folder / "run")
        page = folder / "run" / "report.html"
        IMAGES.mkdir(parents=True, exist_ok=True)
        browser = chromium(folder / "profile")
        try:
            shoot(browser, page, IMAGES / "report.png", 1180, 860)
            shoot(browser, page, IMAGES / "report-phone.png", 390, 844)
        finally:
            browser.quit()


def chromium(profile: Path) -> Any:
    """Chromium without a window, with an empty profile."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        sys.exit("a picture needs chromium and chromedriver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"):
        options.add_argument(flag)
    for quiet in ("--disable-background-networking", "--disable-component-update", "--disable-sync"):
        options.add_argument(quiet)
    options.add_argument(f"--user-data-dir={profile}")
    return webdriver.Chrome(options=options, service=Service(driver))


def shoot(browser: Any, page: Path, picture: Path, width: int, height: int) -> None:
    """Write the top of a page as a PNG, as someone who likes it light sees it."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1.5, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    light = {"name": "prefers-color-scheme", "value": "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [light]})
    browser.get(page.as_uri())
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    picture.write_bytes(base64.b64decode(shot["data"]))
    size = picture.stat().st_size
    if size >= LARGEST:
        sys.exit(f"{picture}: {size:,} bytes, {LARGEST:,} at most; show less of the page")
    print(f"{picture.relative_to(ROOT)}: {size:,} bytes")


if __name__ == "__main__":
    main()
