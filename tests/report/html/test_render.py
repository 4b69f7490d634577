"""The page without a browser: what it holds, what it escapes, and how large it grows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from scripts.generated_study import Shape, generate

from assay.stats import Verdict
from tests.report.html.pages import page_of
from tests.studies import one_task_study, table, write_study

LIMIT = 5_000_000


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


def test_figures_and_sections_are_there(page: str) -> None:
    for section in ("verdicts", "recipes", "matrix", "plane", "forest", "types", "split", "verifier", "noise",
                    "flips", "method", "claims"):  # fmt: skip
        assert f'<section id="{section}"' in page
        assert f'href="#{section}"' in page


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


def test_names_are_text(tmp_path: Path) -> None:
    base, adapter = table(3, 9, 30, base_right=15)
    name = "<b>bold<b>&\"'{{ 7*7 }}"
    study = one_task_study(tmp_path, base, {"plain": adapter})
    study.write_text(study.read_text().replace("name: plain", f"name: {json.dumps(name)}"))
    page = page_of(study, tmp_path / "run")
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;b&gt;&amp;&#34;&#39;{{ 7*7 }}" in page


@pytest.mark.slow
def test_thirty_adapters_on_ten_tasks_stay_under_five_megabytes(tmp_path: Path) -> None:
    shape = Shape(bases=2, recipes=5, seeds=3, numeric_tasks=9, prompts=541, filler=8)
    page_of(generate(tmp_path / "in", shape), tmp_path / "run")
    size = (tmp_path / "run" / "report.html").stat().st_size
    assert 1_000_000 < size < LIMIT
