"""Samples logs of lm-evaluation-harness: the same responses in, or a refusal that says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.errors import ResponsesError
from assay.interop.lm_eval import check_adapter, read_samples
from tests.studies import RIGHT, WRONG, examples, jsonl, write_study

NAME = "samples_math_2026-01-01T00-00-00.000001.jsonl"


def sample(
    i: int, text: str | None, sent: str = "Q: {}", limits: dict[str, Any] | None = None
) -> dict[str, Any]:
    question = f"question {i}"
    return {
        "doc_id": i,
        "doc": {"question": question, "answer": "1"},
        "arguments": {
            "gen_args_0": {"arg_0": sent.format(question), "arg_1": limits or {"max_gen_toks": 64}}
        },
        "resps": [[text]],
        "filter": "strict-match",
        "acc": float("nan"),
    }


def study(folder: Path, base: list[dict[str, Any]], adapter: list[dict[str, Any]]) -> Path:
    examples(folder, 30)
    files = {}
    for name, rows in (("base", base), ("a", adapter)):
        (folder / name).mkdir()
        files[name] = {"path": f"{name}/{jsonl(folder / name / NAME, rows).name}", "format": "lm-eval"}
    return write_study(
        folder,
        {
            "name": "logs",
            "bases": [{"name": "base", "responses": {"math": files["base"]}}],
            "adapters": [{"name": "a", "label": "numeric", "responses": {"math": files["a"]}}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        },
    )


def rows(texts: list[str], **fields: Any) -> list[dict[str, Any]]:
    return [sample(i, text, **fields) for i, text in enumerate(texts)]


def test_logs_of_base_and_adapter_give_a_verdict(tmp_path: Path) -> None:
    path = study(tmp_path, rows([WRONG] * 30), rows([RIGHT] * 30))
    result = assay.run(path, tmp_path / "run")
    assert (result.claims[0].better, result.claims[0].verdict) == (30, "confirmed")
    assert any("rests on the study alone" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"limits": {"max_gen_toks": 8}}, "generation arguments"),
        ({"sent": "Question: {}"}, "prompts as sent"),
    ],
)
def test_unequal_protocols_are_refused(tmp_path: Path, fields: dict[str, Any], what: str) -> None:
    path = study(tmp_path, rows([WRONG] * 30), rows([RIGHT] * 30, **fields))
    with pytest.raises(ResponsesError, match=f"{what} of 'a' differ from those of its base 'base'"):
        assay.run(path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_second_filter_of_a_document_is_passed_over(tmp_path: Path) -> None:
    twice = [
        row | {"filter": name}
        for row in rows([RIGHT, WRONG])
        for name in ("strict-match", "flexible-extract")
    ]
    found = list(read_samples(jsonl(tmp_path / NAME, twice)))
    assert [row.text for row in found] == [RIGHT, WRONG]


def test_arguments_of_older_logs_are_read(tmp_path: Path) -> None:
    old = sample(0, RIGHT) | {"arguments": [["Q: question 0", {"until": ["\n"]}]]}
    (row,) = read_samples(jsonl(tmp_path / NAME, [old]))
    assert (row.sent, row.limits) == ("Q: question 0", '{"until": ["\\n"]}')


@pytest.mark.parametrize("change", [{"resps": None}, {"doc": 1}, {"arguments": []}, {"resps": [[3]]}])
def test_what_is_no_samples_log_is_refused_by_line(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ResponsesError, match=f"{NAME}:1: "):
        list(read_samples(jsonl(tmp_path / NAME, [sample(0, RIGHT) | change])))


@pytest.mark.parametrize(
    ("arguments", "is_adapter", "message"),
    [
        ("pretrained=b,dtype=auto", True, "names no adapter"),
        ({"pretrained": "b"}, True, "names no adapter"),
        ("pretrained=b,peft=a", False, "names an adapter"),
    ],
)
def test_a_log_that_says_another_model_is_refused(
    tmp_path: Path, arguments: object, is_adapter: bool, message: str
) -> None:
    (tmp_path / "results_2026-01-01T00-00-00.000001.json").write_text(
        json.dumps({"config": {"model_args": arguments}})
    )
    with pytest.raises(ResponsesError, match=message):
        check_adapter(tmp_path / NAME, is_adapter)


def test_a_log_that_says_the_right_model_is_taken(tmp_path: Path) -> None:
    results = tmp_path / "results_2026-01-01T00-00-00.000001.json"
    results.write_text(json.dumps({"config": {"model_args": "pretrained=b,lora_local_path=a"}}))
    assert check_adapter(tmp_path / NAME, is_adapter=True) is None


def test_a_real_log_of_200_prompts_scores_as_it_says(tmp_path: Path, shared: Path) -> None:
    (log,) = (shared / "data" / "lm_eval_logs").glob("samples_ifeval_*.jsonl")
    limited = jsonl(
        tmp_path / "responses.jsonl",
        ({"key": row.key, "prompt": row.prompt, "response": row.text} for row in read_samples(log)),
    )
    stored = [json.loads(line) for line in log.read_text().splitlines()]
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text(
        "".join((shared / "data/ifeval/input_data.jsonl").read_text().splitlines(keepends=True)[:200])
    )
    from assay.judging import judge_file

    totals = judge_file("ifeval", limited, {"prompts": prompts}, out=tmp_path / "scores.jsonl")
    assert totals["prompt_strict"] == sum(row["prompt_level_strict_acc"] for row in stored) / 200 == 0.385
    judged = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    differ = [
        ours["key"]
        for ours, row in zip(judged, stored, strict=True)
        if ours["strict"] != row["inst_level_strict_acc"]
    ]
    assert differ == ["1122", "1129"]  # `#` and `!` as letters: lm-eval counts one drawn at random
