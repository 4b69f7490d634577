"""`assay view` in Chromium: a run as it goes on, flips, two runs beside each other, an adapter's history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.generated_study import Shape, generate

import assay
from tests.browser.conftest import Browser
from tests.browser.test_access import violations
from tests.browser.test_hostile import ATTACKS, MARK, NAME
from tests.often import first_often
from tests.studies import edit, jsonl, write_study
from tests.view.conftest import several
from tests.view.live import live_run
from tests.view.serving import served

WIDE = "return document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("view")
    runs = several(made)
    shape = Shape(bases=2, recipes=2, seeds=2, numeric_tasks=1, prompts=30)
    assay.run(generate(made / "in" / "generated", shape), runs / "generated")
    return runs


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with served(folder) as address:
        yield address


PAGES = {
    "list": "/",
    "run": "/run/generated",
    "flips": "/run/generated/flips",
    "types": "/run/generated/types",
    "runs": "/compare?run=small&run=later",
    "adapters": "/compare?run=two&adapter=up&adapter=down",
    "history": "/adapter?name=a",
    "missing": "/run/none",
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", first_often([390, 1280]))
@pytest.mark.parametrize("dark", first_often([False, True]))
def test_every_page_is_accessible_and_fits(
    chromium: Browser, url: str, page: str, width: int, dark: bool
) -> None:
    chromium.open(url + PAGES[page], width=width, dark=dark)
    chromium.script("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    serious = [
        (found["id"], found["help"], [node["html"] for node in found["nodes"]][:3])
        for found in violations(chromium)
        if found["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert chromium.script(WIDE) <= 0
    levels = chromium.script(
        "return [...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))"
    )
    assert levels.count(1) == 1


def test_a_run_is_watched_from_its_first_prompts_to_its_report(chromium: Browser, tmp_path: Path) -> None:
    with live_run(tmp_path) as live, served(live.folder.parent) as address:
        chromium.open(f"{address}/run/live")
        assert "running" in chromium.text("#state")
        assert "No claim is settled yet" in chromium.text("#verdicts")
        assert "its weights are of another base" in chromium.text("#rest")
        done = "return document.querySelector('#state progress').value"
        before = chromium.script(done)
        live.go(150)
        moved = chromium.until(f"{done} > arguments[0] && {done[7:]}", before)
        assert moved > before
        for _ in range(40):
            if chromium.script("return document.querySelector('#verdicts li')"):
                break
            live.go(32)
        assert "confirmed" in chromium.until("return document.querySelector('#verdicts li')?.textContent")
        assert "settled at" in chromium.until(
            "return [...document.querySelectorAll('#parts td')].map((c) => c.textContent).find((t) => t.startsWith('settled'))"
        )
        assert violations_of(chromium) == []
        live.finish()
        assert chromium.until("return document.querySelector('table.verdicts')?.textContent")
        assert "complete" in chromium.text("header.top")
        assert chromium.complaints() == []


def violations_of(browser: Browser) -> list[str]:
    return [found["id"] for found in violations(browser) if found["impact"] in ("serious", "critical")]


def test_flips_are_filtered_and_paged(chromium: Browser, url: str) -> None:
    chromium.open(f"{url}/run/two/flips")
    assert chromium.text("#place") == "Flips 1 to 20 of 145"
    chromium.driver.find_element("css selector", "body").send_keys("j")
    assert chromium.until("return document.getElementById('place').textContent.startsWith('Flips 21')")
    chromium.script("document.querySelector('select[name=adapter]').value = 'down'")
    chromium.script("document.querySelector('select[name=direction]').value = 'broken'")
    chromium.driver.find_element("css selector", ".filters button").click()
    assert chromium.until("return document.getElementById('place')?.textContent === 'Flips 1 to 20 of 55'")
    headings = [element.text for element in chromium.driver.find_elements("css selector", "article h3")]
    assert len(headings) == 20
    assert all("broken" in heading and "down on math" in heading for heading in headings)
    assert chromium.complaints() == []


def test_two_runs_are_chosen_in_the_list(chromium: Browser, url: str) -> None:
    chromium.open(url)
    for key in ("small", "later"):
        chromium.driver.find_element("css selector", f"input[value={key}]").click()
    chromium.driver.find_element("css selector", "form[action='/compare'] button").click()
    assert chromium.until("return document.querySelector('h1')?.textContent === 'Beside each other'")
    rows = chromium.text(".two-up tbody")
    assert "+12.5" in rows
    assert "+5.0" in rows
    chromium.driver.find_element("css selector", ".brand a").click()
    chromium.driver.find_element("css selector", "form[action='/adapter'] input").send_keys("a\n")
    assert chromium.until(
        "return document.querySelector('.facts')?.textContent.includes('in 2 complete runs')"
    )
    assert len(chromium.driver.find_elements("css selector", ".history svg.ci")) == 2
    assert chromium.complaints() == []


def test_the_choice_of_colours_is_kept_from_page_to_page(chromium: Browser, url: str) -> None:
    chromium.open(url)
    chromium.driver.find_element("css selector", "button[data-theme=dark]").click()
    chromium.open(f"{url}/run/two")
    assert chromium.script("return document.documentElement.dataset.theme") == "dark"
    chromium.driver.find_element("css selector", "button[data-theme='']").click()
    chromium.open(url)
    assert chromium.script("return document.documentElement.dataset.theme") is None


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose names, prompts and answers attack the page, in a folder whose name does."""
    folder = tmp_path_factory.mktemp("hostile")
    prompts = [
        {
            "key": f"{i}{attack[:200]}",
            "prompt": f"{i} {attack}",
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{}],
        }
        for i, attack in enumerate(ATTACKS)
    ]
    jsonl(folder / "prompts.jsonl", prompts)
    for name, comma in (("base", ","), ("first", ""), ("second", "")):
        rows = zip(prompts, ATTACKS, strict=True)
        jsonl(
            folder / f"{name}.jsonl",
            ({"key": row["key"], "response": f"{comma} {text.replace(',', '')}"} for row, text in rows),
        )
    study = write_study(
        folder,
        {
            "name": f"{NAME}<script>{MARK}<\\script>",
            "bases": [{"name": f"base {NAME}", "responses": {"ifeval": "base.jsonl"}}],
            "adapters": [
                {"name": name, "label": f"label {NAME}", "responses": {"ifeval": f"{file}.jsonl"}}
                for name, file in ((NAME, "first"), (f"second {NAME}", "second"))
            ],
            "tasks": [{"task": "ifeval", "prompts": "prompts.jsonl"}],
            "claims": {f"label {NAME}": ["ifeval.prompt_strict"]},
        },
    )
    hostile = folder / "runs" / "<img src=x onerror=window.hacked=1>"
    assay.run(study, hostile)
    stopped = folder / "runs" / "stopped"
    assay.run(study, stopped)
    with assay.Run.open(stopped, write=True) as run:
        run.records.note("analyzing")
        run.records.note("refused", adapter=NAME, verdict="not measured", reason=ATTACKS[2])
        run.records.note("settled", adapter=NAME, task="ifeval", n=3)
        run.records.note("failed", error=ATTACKS[0])
    edit(hostile / "study.yaml", lambda document: document.update(margin=0.2))
    return folder / "runs"


def test_nothing_of_a_run_is_executed_or_leaves_the_page(chromium: Browser, hostile: Path) -> None:
    with served(hostile) as address:
        chromium.open(address)
        links = "return [...document.querySelectorAll('a[href], form')].map((e) => e.href || e.action)"
        seen: set[str] = set()
        waiting = [address + "/", f"{address}/compare?run=stopped"]
        while waiting and len(seen) < 40:
            page = waiting.pop(0)
            if page in seen:
                continue
            seen.add(page)
            chromium.open(page)
            assert chromium.script("return window.hacked") is None, page
            assert all(address in asked for asked in chromium.requests()), page
            assert chromium.script("return document.scripts.length") == 1, page
            assert (
                chromium.script("return document.querySelectorAll('img, iframe, base, object, embed').length")
                == 0
            )
            attributes = "return [...document.querySelectorAll('*')].flatMap((e) => [...e.attributes]).map((a) => a.name)"
            assert not [name for name in chromium.script(attributes) if name.startswith("on")], page
            found = [str(link).partition("#")[0] for link in chromium.script(links)]
            assert all(link.startswith(address) for link in found), found
            waiting += [link for link in found if link not in seen]
        shown = [page for page in seen if "/flips" in page]
        assert shown
        assert len(seen) > 8
        chromium.open(shown[0])
        assert "<img src=x onerror=" in chromium.text("main")
        assert "\u202e" not in chromium.script("return document.body.textContent")
        chromium.open(f"{address}/run/stopped")
        assert "failed" in chromium.text("#state")
        assert ATTACKS[0] in chromium.text("#state")
        assert chromium.script("return window.hacked") is None


def test_the_policy_stops_a_script_that_gets_in_nonetheless(chromium: Browser, url: str) -> None:
    chromium.open(url)
    chromium.script(
        "const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s);"
        "const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i);"
        'document.body.insertAdjacentHTML(\'beforeend\', \'<p onclick="window.hacked=1" style="color:red" id="in">x</p>\');'
        "document.getElementById('in').click()"
    )
    assert chromium.script("return window.hacked") is None
    assert any("Content Security Policy" in text for text in chromium.complaints())
