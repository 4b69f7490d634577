"""`report.md`: what it says, and that foreign text stays text in it."""

from __future__ import annotations

from pathlib import Path

import assay
from tests.studies import one_task_study, table


def report(folder: Path, adapters: dict[str, list[bool]], base: list[bool], **fields: object) -> str:
    assay.run(one_task_study(folder, base, adapters, **fields), folder / "run")
    return (folder / "run" / "report.md").read_text()


def test_each_claim_has_a_row_with_its_verdict_and_gate(tmp_path: Path) -> None:
    base, adapter = table(60, 20, 400, 200)
    text = report(tmp_path, {"up": adapter}, base)
    assert (
        "| up | math.numeric\\_match gains | .500 | .600 | +10.0 | [+6.5, +13.7] | **confirmed** | pass |"
        in text
    )
    assert "- **confirmed**: The adapter gains at least the margin" in text


def test_an_interval_of_one_of_several_claims_says_its_confidence(tmp_path: Path) -> None:
    base, adapter = table(60, 20, 400, 200)
    claims = {"numeric": ["math.numeric_match", "math.format_match"]}
    assert "| [+5.8, +14.4] (95 %) | **confirmed** |" in report(
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
