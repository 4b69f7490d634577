"""`assay score ifbench` judges a file of responses as it does for IFEval."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.scoring.file import score_file

from .test_judged import judged


@pytest.mark.usefixtures("nltk_data")
def test_the_judged_responses_get_the_stored_totals_and_a_line_each(folder: Path, tmp_path: Path) -> None:
    prompts = (folder / "IFBench_test.jsonl").read_text(encoding="utf-8").split("\n")[:147]
    (tmp_path / "prompts.jsonl").write_text("\n".join(prompts), encoding="utf-8")
    rows = zip(map(json.loads, prompts), judged(folder, "strict"), strict=True)
    lines = [json.dumps({"key": prompt["key"], "response": row["response"]}) for prompt, row in rows]
    (tmp_path / "responses.jsonl").write_text("\n".join(lines), encoding="utf-8")
    totals = score_file(
        "ifbench",
        tmp_path / "responses.jsonl",
        {"prompts": tmp_path / "prompts.jsonl"},
        out=tmp_path / "scores.jsonl",
    )
    assert totals == {
        "prompt_strict": 47 / 147,
        "instruction_strict": 60 / 166,
        "prompt_loose": 55 / 147,
        "instruction_loose": 73 / 166,
        "prompts": 147,
        "instructions": 166,
    }
    first, *_ = map(json.loads, (tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["reasons"] == ['"labyrinth" 13 times, exactly 5 asked; "paradox" 6 times, exactly 7 asked']
