"""Mode `reference` reproduces verdicts and scores that others published."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from assay.tasks import Example
from assay.tasks.ifeval import IFEval
from tests.often import first_often

from .conftest import Oracle, rows

MODELS = (
    "CohereForAI__aya-23-8B",
    "Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4",
    "Qwen__Qwen2.5-7B-Instruct-GPTQ-Int4",
    "claude-3-haiku-20240307",
    "gpt-4o-2024-08-06",
    "mistralai__Mistral-7B-Instruct-v0.3",
)
RANDOM_LETTER = "a random letter was counted where a sign is asked"
UNSEEDED = "langdetect was not seeded"
CAUSES = {  # the ids that may differ from verdicts that were stored by an unseeded run
    "keywords:letter_frequency": RANDOM_LETTER,
    "language:response_language": UNSEEDED,
    "change_case:english_capital": UNSEEDED,
    "change_case:english_lowercase": UNSEEDED,
    "length_constraints:number_sentences": "another version of punkt",
}
DIFFERENT = {  # model, key, form -> id: measured with nltk 3.10.4, langdetect 1.0.9
    ("CohereForAI__aya-23-8B", "1122", "strict", "keywords:letter_frequency"),
    ("CohereForAI__aya-23-8B", "2596", "strict", "language:response_language"),
    ("Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4", "1122", "strict", "keywords:letter_frequency"),
    ("Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4", "1122", "loose", "keywords:letter_frequency"),
    ("Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4", "1129", "strict", "keywords:letter_frequency"),
    ("Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4", "1129", "loose", "keywords:letter_frequency"),
    ("Qwen__Qwen2.5-7B-Instruct-GPTQ-Int4", "1122", "strict", "keywords:letter_frequency"),
    ("Qwen__Qwen2.5-7B-Instruct-GPTQ-Int4", "1129", "strict", "keywords:letter_frequency"),
    ("Qwen__Qwen2.5-7B-Instruct-GPTQ-Int4", "3456", "strict", "change_case:english_capital"),
    ("Qwen__Qwen2.5-7B-Instruct-GPTQ-Int4", "3617", "loose", "change_case:english_capital"),
    ("claude-3-haiku-20240307", "1645", "strict", "change_case:english_capital"),
    ("claude-3-haiku-20240307", "1645", "loose", "change_case:english_capital"),
    ("claude-3-haiku-20240307", "3456", "strict", "change_case:english_capital"),
    ("claude-3-haiku-20240307", "3456", "loose", "change_case:english_capital"),
    ("gpt-4o-2024-08-06", "1122", "strict", "keywords:letter_frequency"),
    ("mistralai__Mistral-7B-Instruct-v0.3", "1122", "loose", "keywords:letter_frequency"),
    ("mistralai__Mistral-7B-Instruct-v0.3", "3112", "loose", "language:response_language"),
}

pytestmark = pytest.mark.usefixtures("punkt_data")


def test_at_most_25_of_10008_stored_verdicts_differ_and_each_for_a_known_cause(
    data: Path, by_prompt_2023: dict[str, Example]
) -> None:
    task, seen, different = IFEval(), 0, set()
    for model in MODELS:
        folder = data / "ifeval" / "judged" / model
        scores = {}
        for form in ("strict", "loose"):
            for row in rows(folder / f"eval_results_{form}.jsonl"):
                example = by_prompt_2023[row["prompt"]]
                if form == "strict":
                    scores[example.key] = task.score(example, row["response"])
                ours = scores[example.key].detail[form]
                ids = example.data["instruction_id_list"]
                for id_, stored, verdict in zip(ids, row["follow_instruction_list"], ours, strict=True):
                    seen += 1
                    if stored != verdict:
                        different.add((model, example.key, form, id_))
    told = "\n".join(f"{each}: {CAUSES.get(each[3], 'UNKNOWN')}" for each in sorted(different))
    assert seen == 10_008
    assert {each[3] for each in different} <= set(CAUSES), told
    assert len(different) <= 25, told
    assert different == DIFFERENT, told


@pytest.mark.parametrize("model", first_often(MODELS))
def test_no_verdict_differs_from_lm_eval_on_real_responses(
    model: str, data: Path, by_prompt_2023: dict[str, Example], oracle: Oracle
) -> None:
    task, compared = IFEval(), 0
    for row in rows(data / "ifeval" / "judged" / model / "eval_results_strict.jsonl"):
        example = by_prompt_2023[row["prompt"]]
        score, (strict, loose) = task.score(example, row["response"]), oracle(example, row["response"])
        for index in range(len(strict)):
            if str(index) in score.detail.get("notes", {}):
                continue  # lm-eval draws the letter at random
            ours = (score.detail["strict"][index], score.detail["loose"][index])
            assert ours == (strict[index], loose[index]), (
                example.key,
                example.data["instruction_id_list"][index],
            )
            compared += 1
    assert compared == 834 - 2


def totals(path: Path, by_prompt: dict[str, Example], mark: str | None = None) -> list[int]:
    task, passed = IFEval(), [0, 0, 0, 0]
    for row in rows(path):
        text = row["response"].partition(mark)[2] if mark and mark in row["response"] else row["response"]
        score = task.score(by_prompt[row["prompt"]], text)
        passed = [total + more for total, more in zip(passed, score.passed, strict=True)]
    return passed


@pytest.mark.slow
def test_the_16_published_scores_are_met_within_5_prompts_and_5_instructions(
    data: Path, by_prompt: dict[str, Example]
) -> None:
    folder = data / "ifeval_qwen3_4b"
    files = {path.name: path for path in (folder / "tuned").rglob("*.jsonl")}
    with (folder / "published_scores.csv").open(encoding="utf-8") as table:
        published = [list(row.values()) for row in csv.DictReader(table)]
    assert len(published) == 16
    for name, *rates in published:
        wanted = [float(rate) * of for rate, of in zip(rates, (541, 834, 541, 834), strict=True)]
        found = totals(files[name], by_prompt)
        assert all(abs(a - b) < 5.5 for a, b in zip(found, wanted, strict=True)), (name, found, wanted)


def test_the_base_passes_418_prompts_and_697_instructions_within_5(
    data: Path, by_prompt: dict[str, Example]
) -> None:
    (path,) = (data / "ifeval_qwen3_4b" / "base").glob("*.jsonl")
    prompts, instructions, *_ = totals(path, by_prompt, "</think>\n\n")
    assert abs(prompts - 418) <= 5
    assert abs(instructions - 697) <= 5
