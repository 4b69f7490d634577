"""The page of a generated study, used as a reader uses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from scripts.generated_study import as_if_measured

from assay.report import write_reports
from assay.runs import Run
from assay.stats import Verdict
from tests.browser.conftest import Browser
from tests.often import first_often

Reader = Callable[..., Browser]


def count(browser: Browser) -> int:
    found = re.search(r"(?:of |^)([\d,]+)(?: of [\d,]+ flips match)?$", browser.text("#place"))
    assert found, browser.text("#place")
    return int(found[1].replace(",", ""))


def choose(browser: Browser, field: str, text: str) -> None:
    browser.script(
        "const s = document.getElementById(arguments[0]);"
        "s.value = [...s.options].find((o) => o.text === arguments[1]).value;"
        "s.dispatchEvent(new Event('input', {bubbles: true}))",
        field,
        text,
    )


def test_the_page_loads_nothing_and_complains_of_nothing(reader: Reader) -> None:
    browser = reader()
    assert browser.text("#place").startswith("Flip 1 of ")
    assert browser.complaints() == []
    assert browser.requests() == []


def test_next_and_previous_and_their_keys_walk_through_the_flips(reader: Reader) -> None:
    browser = reader()
    first = browser.text("#flip")
    browser.driver.find_element("id", "next").click()
    assert browser.text("#place").startswith("Flip 2 of ")
    assert browser.text("#flip") != first
    browser.driver.find_element("id", "previous").click()
    assert browser.text("#flip") == first
    browser.driver.find_element("css selector", "body").send_keys("jj")
    assert browser.text("#place").startswith("Flip 3 of ")
    browser.driver.find_element("css selector", "body").send_keys("k")
    assert browser.text("#place").startswith("Flip 2 of ")


def test_each_filter_narrows_and_what_is_shown_fits_it(reader: Reader) -> None:
    browser = reader()
    everything = count(browser)
    choose(browser, "f-adapter", "sums-b-s2")
    of_adapter = count(browser)
    assert 0 < of_adapter < everything
    assert "sums-b-s2 on" in browser.text("#flip h3")
    choose(browser, "f-task", "ifeval")
    of_task = count(browser)
    assert 0 < of_task < of_adapter
    choose(browser, "f-direction", "broken")
    broken = count(browser)
    assert 0 < broken < of_task
    assert "broken" in browser.text("#flip h3")
    base, adapter = (side.text for side in browser.driver.find_elements("css selector", ".sides .side"))
    assert "fail:" in adapter
    assert "fail:" not in base
    choose(browser, "f-type", "punctuation:no_comma")
    assert 0 < count(browser) < broken
    assert "punctuation:no_comma" in browser.text("#flip")


def test_text_is_searched_in_prompts_responses_and_reasons(reader: Reader) -> None:
    browser = reader()
    everything = count(browser)
    field = browser.driver.find_element("id", "f-text")
    field.send_keys("no commas")
    assert 0 < count(browser) < everything
    assert "Use no commas." in browser.text("#flip")
    field.clear()
    field.send_keys("nobody ever wrote this")
    assert browser.text("#place").startswith("0 of ")
    assert "No flip matches" in browser.text("#flip")


def test_letters_typed_into_the_search_do_not_turn_pages(reader: Reader) -> None:
    browser = reader()
    browser.driver.find_element("id", "f-text").send_keys("j")
    assert browser.text("#place").startswith(("Flip 1 of ", "0 of "))


def test_a_verdict_leads_to_its_meaning(reader: Reader) -> None:
    browser = reader()
    word = browser.driver.find_element("css selector", "table.verdicts a.verdict")
    word.click()
    target = browser.script("return document.querySelector(':target')?.textContent")
    assert target
    assert word.text.split(" (")[0] in target


def test_all_metrics_can_be_shown_and_hidden(reader: Reader) -> None:
    browser = reader()
    hidden = "return getComputedStyle(document.querySelector('#heat td.secondary')).display === 'none'"
    assert browser.script(hidden)
    browser.driver.find_element("id", "all-metrics").click()
    assert not browser.script(hidden)


@pytest.mark.parametrize("dark", [False, True])
def test_the_toggle_overrules_what_the_reader_likes(reader: Reader, dark: bool) -> None:
    browser = reader(dark=dark)
    colour = "return getComputedStyle(document.body).backgroundColor"
    liked = browser.script(colour)
    other = "light" if dark else "dark"
    browser.driver.find_element("css selector", f"button[data-theme={other}]").click()
    assert browser.script(colour) != liked
    browser.driver.find_element("css selector", "button[data-theme='']").click()
    assert browser.script(colour) == liked


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_page_never_scrolls_sideways(reader: Reader, width: int) -> None:
    browser = reader(width=width)
    assert browser.script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", first_often([390, 500, 1280]))
def test_long_reasons_and_huge_numbers_scroll_nothing_sideways(
    chromium: Browser, generated: Path, tmp_path: Path, width: int
) -> None:
    reason = f"/home/someone/{'adapters-of-mine-' * 12}/adapter_model.safetensors holds 500 of 9,000 bytes"
    with Run.open(generated.parent) as run:
        result = as_if_measured(run.analyze())
        claims = [replace(claim, verdict=Verdict.NOT_MEASURED, reason=reason) for claim in result.claims]
        cells = [replace(cell, interval=None, finding=None, reason=reason) for cell in result.cells]
        applied = [replace(entry, norm=3.2e31, largest=1e30) for entry in result.applied]
        result = replace(result, claims=tuple(claims), cells=tuple(cells), applied=tuple(applied))
        write_reports(result, run.plan, run.evidence, tmp_path)
    chromium.open(tmp_path / "report.html", width=width)
    wide = "return document.documentElement.scrollWidth"
    assert chromium.script(wide) <= width
    chromium.script("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert chromium.script(wide) <= width


def test_all_but_flips_is_there_without_scripts(reader: Reader) -> None:
    browser = reader()
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.driver.refresh()
        assert "confirmed" in browser.text("#verdicts")
        assert not browser.driver.find_element("css selector", ".filters").is_displayed()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
