"""The page without a browser: what it holds, what it escapes, and how large it grows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from scripts.generated_study import Shape, generate

import assay
from assay.stats import Verdict
from tests.studies import RIGHT, WRONG, examples, jsonl, one_task_study, table, write_study

SMALL = Shape(bases=2, recipes=3, seeds=2, numeric_tasks=2, prompts=40)
LIMIT = 5_000_000


def page_of(study: Path, out: Path) -> str:
    assay.run(study, out)
    return (out / "report.html").read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    text = page.split('<script type="application/json" id="flip-data">')[1].split("</script>")[0]
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    return page_of(generate(folder / "in", SMALL), folder / "run")


def test_the_policy_allows_one_script_and_one_style_by_hash_and_nothing_else(page: str) -> None:
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert found
    policy = dict(part.split(" ", 1) for part in found[1].replace("&#39;", "'").split("; "))
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        sha256 = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy.pop(directive) == f"'sha256-{sha256}'"
    assert policy == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_the_page_names_no_address_to_load_from(page: str) -> None:
    outside = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    assert not re.search(r"\b(?:src|srcset|action|data|poster)=", outside)
    assert not re.search(r"url\(|@import|https?:", outside)
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', outside))


def test_every_verdict_word_leads_to_its_sentence(page: str) -> None:
    for word in Verdict:
        name = f"word-{word.replace(' ', '-')}"
        assert re.search(rf'id="{name}".*?{re.escape(word.sentence)}', page, re.DOTALL)
    links = re.findall(r'class="verdict [^"]*" href="#([^"]*)"', page)
    assert links
    assert all(f'id="{link}"' in page for link in links)


def test_every_link_inside_leads_somewhere(page: str) -> None:
    for link in set(re.findall(r'href="#([^"]*)"', page)):
        assert f'id="{link}"' in page


def test_flips_are_those_that_the_scores_say(page: str) -> None:
    data = data_of(page)
    told = re.findall(r'<th scope="row">([^<]*)</th><td>([^<]*)</td><td class="r num">(\d+)</td>'
                      r'<td class="r num">(\d+)</td></tr>', page)  # fmt: skip
    counted = {(adapter, task): (int(broken), int(fixed)) for adapter, task, broken, fixed in told}
    shown: dict[tuple[str, str], list[int]] = {}
    for adapter, task, _, _, fixed, _, _ in data["flips"]:
        shown.setdefault((data["adapters"][adapter], data["tasks"][task]), []).append(fixed)
    assert {key: (row.count(0), row.count(1)) for key, row in shown.items()} == {
        key: row for key, row in counted.items() if any(row)
    }


def test_a_flip_brings_both_answers_and_what_failed(page: str) -> None:
    data = data_of(page)
    flips = [flip for flip in data["flips"] if data["tasks"][flip[1]] == "ifeval"]
    for _, _, prompt, base, fixed, response, checks in flips:
        key, text, types = data["prompts"][prompt]
        _, before, base_checks = data["bases"][base]
        assert key
        assert text
        assert before != response
        assert {data["types"][kind] for kind in types} == {check[0] for check in checks}
        assert all(check[1] for check in checks) == bool(fixed)
        assert all(check[1] for check in base_checks) == (not fixed)
        assert all(check[2] for check in checks if not check[1])


def test_figures_and_sections_are_there(page: str) -> None:
    for section in ("verdicts", "recipes", "matrix", "plane", "forest", "types", "split", "verifier", "noise",
                    "flips", "method", "claims"):  # fmt: skip
        assert f'<section id="{section}"' in page
        assert f'href="#{section}"' in page


def test_a_run_where_nothing_flipped_says_so(tmp_path: Path) -> None:
    base, same = table(0, 0, 30, base_right=10)
    page = page_of(one_task_study(tmp_path / "in", base, {"same": same}), tmp_path / "run")
    assert "Nothing flipped" in page
    assert data_of(page)["flips"] == []


def test_a_study_of_aggregate_scores_has_a_page_without_flips(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text(
        "subject,ifeval.prompt_strict,nm.numeric_match\nbase,0.250,0.133\ntuned,0.143,0.632\n"
    )
    study = write_study(
        tmp_path,
        {
            "name": "figures",
            "summary": "scores.csv",
            "bases": [{"name": "base"}],
            "adapters": [{"name": "tuned", "label": "instruction"}],
            "tasks": [{"task": "ifeval"}, {"task": "numeric", "name": "nm"}],
        },
    )
    page = page_of(study, tmp_path / "run")
    assert "only scores were given" in page
    assert "not measured" in page
    assert ".632" in page
    assert '<section id="plane"' in page
    assert '<section id="forest"' not in page


def test_a_run_of_several_samples_has_no_flips_and_says_why(tmp_path: Path) -> None:
    examples(tmp_path, 12)
    for name in ("base", "tuned"):
        rows = (
            {"key": str(i), "sample": s, "response": RIGHT if (i + s * (name == "base")) % 3 else WRONG}
            for i in range(12)
            for s in range(2)
        )
        jsonl(tmp_path / f"{name}.jsonl", rows)
    study = write_study(
        tmp_path,
        {
            "name": "sampled",
            "bases": [{"name": "base", "responses": {"math": "base.jsonl"}}],
            "adapters": [{"name": "tuned", "label": "numeric", "responses": {"math": "tuned.jsonl"}}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
            "decoding": {"samples": 2},
        },
    )
    page = page_of(study, tmp_path / "run")
    assert "Subjects with several samples a prompt are left out" in page
    assert data_of(page)["flips"] == []


def test_names_are_text(tmp_path: Path) -> None:
    base, adapter = table(3, 9, 30, base_right=15)
    name = "<b>bold<b>&\"'{{ 7*7 }}"
    study = one_task_study(tmp_path, base, {"plain": adapter})
    study.write_text(study.read_text().replace("name: plain", f"name: {json.dumps(name)}"))
    page = page_of(study, tmp_path / "run")
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;b&gt;&amp;&#34;&#39;{{ 7*7 }}" in page


def test_importing_reports_loads_no_template_engine() -> None:
    import subprocess

    code = "import sys, assay.report; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
def test_thirty_adapters_on_ten_tasks_stay_under_five_megabytes(tmp_path: Path) -> None:
    shape = Shape(bases=2, recipes=5, seeds=3, numeric_tasks=9, prompts=541, filler=8)
    page_of(generate(tmp_path / "in", shape), tmp_path / "run")
    size = (tmp_path / "run" / "report.html").stat().st_size
    assert 1_000_000 < size < LIMIT
