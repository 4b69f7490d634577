"""A run whose every text attacks the page: nothing runs, nothing is asked for, and the text is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.report import write_reports
from assay.runs import Run
from assay.verdicts.result import Applied, NoiseFloor
from tests.browser.conftest import Browser
from tests.studies import jsonl, write_study

MARK = "window.hacked=1"
ATTACKS = (
    f"<script>{MARK}</script>",
    f"</script><script>{MARK};alert(1)</script>",
    f"<img src=x onerror='{MARK}'><svg onload='{MARK}'/>",
    f"<!--<script>{MARK}",
    f"\"'><iframe srcdoc='<script>parent.{MARK}</script>'></iframe>",
    f"<a href=\"javascript:{MARK}\" autofocus onfocus='{MARK}'>x</a>",
    "<style>body{background:url(https://example.org/x.png)}</style><link rel=stylesheet href=//example.org/x.css>",
    "<meta http-equiv=refresh content='0;url=https://example.org'><base href=https://example.org>",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}${7*7}",
    "\u202egnp.exe\u2066 \x00\x07\x1b[31m\x7f\u200e\ufeff\u2028line\u2029\U000e0041",
    "x" * 60_000,
)
NAME = "<img src=x onerror=window.hacked=1>\"'&{{7*7}}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    phrases = [attack[:300] for attack in ATTACKS]
    prompts: list[dict[str, Any]] = [
        {
            "key": f"{i}{attack[:200]}",
            "prompt": f"prompt {i} {attack}",
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{}],
        }
        for i, attack in enumerate(ATTACKS)
    ]
    prompts += [  # their reasons repeat the attack
        {
            "key": f"end {i}",
            "prompt": f"end {i}",
            "instruction_id_list": ["startend:end_checker"],
            "kwargs": [{"end_phrase": phrase}],
        }
        for i, phrase in enumerate(phrases)
    ]
    base = [f"base, {attack}" for attack in ATTACKS] + ["base"] * len(phrases)
    adapter = [attack.replace(",", "") for attack in ATTACKS] + [f"so {phrase}" for phrase in phrases]
    jsonl(folder / "prompts.jsonl", prompts)
    for name, responses in (("base", base), ("adapter", adapter)):
        rows = zip(prompts, responses, strict=True)
        jsonl(folder / f"{name}.jsonl", ({"key": row["key"], "response": text} for row, text in rows))
    study = write_study(
        folder,
        {
            "name": f"{NAME}<script>{MARK}<\\script>",
            "bases": [{"name": f"base {NAME}", "responses": {"ifeval": "base.jsonl"}}],
            "adapters": [
                {
                    "name": NAME,
                    "label": f"label {NAME}",
                    "recipe": f"recipe {NAME}",
                    "settings": {f"setting {NAME}": f"<script>{MARK}</script>"},
                    "responses": {"ifeval": "adapter.jsonl"},
                }
            ],
            "tasks": [{"task": "ifeval", "prompts": "prompts.jsonl"}],
            "claims": {f"label {NAME}": ["ifeval.prompt_strict"]},
        },
    )
    result = assay.run(study, folder / "run")
    base_name, task = f"base {NAME}", f"task {NAME}"
    dead = Applied(NAME, base_name, False, ATTACKS[0], None, None, None, None, 0.0)
    floor = NoiseFloor(base_name, task, task, 9, 9, 1, 0, 0.1, (-0.1, 0.3), 0.9, 0.05, ATTACKS[2])
    with Run.open(folder / "run") as run:
        findings = replace(result, applied=(dead,), problems=ATTACKS, noise_floor=(floor,))
        write_reports(findings, run.plan, run.evidence, folder / "run")
    return folder / "run" / "report.html"


def test_nothing_runs_and_nothing_is_asked_for(chromium: Browser, hostile: Path) -> None:
    chromium.open(hostile)
    own = set(chromium.script("return Object.keys(window)"))
    shown = []
    total = int(chromium.text("#place").rsplit(" ", 1)[1])
    for _ in range(total):
        chromium.script("document.querySelectorAll('#flip .more').forEach((b) => b.click())")
        shown.append(chromium.text("#flip"))
        chromium.script("document.getElementById('next').click()")
    chromium.driver.find_element("id", "f-text").send_keys("<script>")
    assert chromium.script("return window.hacked") is None
    new = set(chromium.script("return Object.keys(window)")) - own
    assert not {name for name in new if name != "ret_nodes" and not name.startswith("se_")}  # the driver's
    assert chromium.complaints() == []
    assert chromium.requests() == []
    assert chromium.driver.current_url.startswith(hostile.as_uri())
    assert total >= 2 * len(ATTACKS) - 2  # a phrase of signs may pass or fail on both sides
    assert any("<img src=x onerror=" in text for text in shown)


def test_elements_come_from_templates_alone(chromium: Browser, hostile: Path) -> None:
    chromium.open(hostile)
    found = chromium.script(
        "return ['img', 'iframe', 'base', 'link', 'object', 'embed', 'meta[http-equiv=refresh]']"
        ".filter((name) => document.querySelector(name))"
    )
    assert found == []
    assert chromium.script("return document.scripts.length") == 2
    handlers = "return [...document.querySelectorAll('*')].flatMap((e) => [...e.attributes])"
    names = chromium.script(f"{handlers}.map((a) => a.name).filter((n) => n.startsWith('on'))")
    assert names == []
    assert NAME in chromium.text("table.verdicts")
    assert NAME in chromium.text("#applied")
    assert ATTACKS[0] in chromium.text("#problems + ul")
    assert ATTACKS[2] in chromium.text("#noise")
    assert chromium.script("return document.documentElement.scrollWidth") <= 1280


def test_control_and_bidirectional_characters_are_written_out(chromium: Browser, hostile: Path) -> None:
    text = hostile.read_text(encoding="utf-8")
    assert not set(text) & set("\u202e\u2066\x00\x07\x1b\x7f\u200e\ufeff\u2028\u2029\U000e0041")
    chromium.open(hostile)
    chromium.driver.find_element("id", "f-text").send_keys("gnp.exe")
    assert "\\u202egnp.exe\\u2066" in chromium.text("#flip")


def test_the_policy_stops_what_gets_in_nonetheless(chromium: Browser, hostile: Path, tmp_path: Path) -> None:
    page = tmp_path / "injected.html"
    extra = f"<script>{MARK}</script><img src=x onerror='{MARK}'><body style='color:red'>"
    page.write_text(hostile.read_text(encoding="utf-8").replace("<main>", f"<main>{extra}"), encoding="utf-8")
    chromium.open(page)
    assert chromium.script("return window.hacked") is None
    assert any("Content Security Policy" in complaint for complaint in chromium.complaints())


def test_embedded_json_holds_no_markup(hostile: Path) -> None:
    text = hostile.read_text(encoding="utf-8")
    data = text.split('<script type="application/json" id="flip-data">')[1].split("</script>")[0]
    assert not set(data) & set("<>&")
    assert json.loads(data)["adapters"] == [NAME]
