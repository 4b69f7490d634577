"""`report.md`: what it says, and that foreign text stays text in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from scripts.generated_study import Shape, as_if_measured, generate

import assay
from assay.report import apply_gate, to_json, to_markdown
from assay.verdicts import Result
from tests.studies import one_task_study, table


def report(folder: Path, adapters: dict[str, list[bool]], base: list[bool], **fields: object) -> str:
    assay.run(one_task_study(folder, base, adapters, **fields), folder / "run")
    return (folder / "run" / "report.md").read_text()


def test_each_claim_has_a_row_with_its_verdict_and_gate(tmp_path: Path) -> None:
    base, adapter = table(60, 20, 400, 200)
    text = report(tmp_path, {"up": adapter}, base)
    assert (
        "| up | math.numeric\\_match gains | .500 | .600 | +10.0 | [+6.4, +13.7] | **confirmed** | pass |"
        in text
    )
    assert "- **confirmed**: The adapter gains at least the margin" in text


def test_an_interval_of_one_of_several_claims_says_its_confidence(tmp_path: Path) -> None:
    base, adapter = table(60, 20, 400, 200)
    claims = {"numeric": ["math.numeric_match", "math.format_match"]}
    assert "| [+5.7, +14.4] (95 %) | **confirmed** |" in report(
        tmp_path, {"up": adapter}, base, claims=claims
    )


def test_an_undecided_claim_says_how_many_prompts_would_decide(tmp_path: Path) -> None:
    base, adapter = table(60, 45, 400, 200)
    text = report(tmp_path, {"open": adapter}, base)
    assert "**undecided** (about " in text
    assert "prompts would decide)" in text


def test_markup_in_a_name_is_not_markup_in_the_report(tmp_path: Path) -> None:
    base, adapter = table(60, 20, 400, 200)
    text = report(tmp_path, {"a|b <img src=x> [x](y) `c`": adapter}, base, name="<script>alert(1)<")
    assert "<script>" not in text
    assert "<img" not in text
    assert "a\\|b &lt;img src=x&gt; \\[x\\](y) \\`c\\`" in text


def test_the_method_names_the_hash_and_that_responses_came_first(tmp_path: Path) -> None:
    base, adapter = table(60, 20, 400, 200)
    study = one_task_study(tmp_path, base, {"up": adapter})
    result = assay.run(study, tmp_path / "run")
    text = (tmp_path / "run" / "report.md").read_text()
    assert (
        f"Claims after the responses (the responses were recorded before this study was run); sha256 `{result.claims_sha256}`"
        in text
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a `verdicts.json` with every section."""
    folder = tmp_path_factory.mktemp("markdown")
    shape = Shape(bases=2, recipes=2, seeds=2, numeric_tasks=2, prompts=40)
    return to_json(as_if_measured(assay.run(generate(folder / "in", shape), folder / "run")))


@pytest.mark.parametrize("name", ["base-a", "sums-a", "chat-b-s2", "ifeval", "gsm8k", "keywords"])
def test_a_name_is_text_in_every_section(measured: str, name: str) -> None:
    hostile = TypeAdapter(Result).validate_json(measured.replace(name, f"{name}<img>|`"))
    text = to_markdown(hostile, apply_gate(hostile))
    assert (f"{name}&lt;img&gt;\\|\\`" in text) == (name in measured)
    assert "<img>" not in text
    for rows in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.replace("\\|", "").count("|") for line in rows.splitlines()}) == 1
