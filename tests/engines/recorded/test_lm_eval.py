"""Samples logs of lm-evaluation-harness: the same responses in, or a refusal that says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import assay
from assay.engines.recorded.lm_eval import LoggedModel, check_models, logged_model, read_samples
from assay.errors import ResponsesError
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
        files[name] = {
            "path": f"{name}/{jsonl(folder / name / NAME, rows).name}",
            "format": "lm-eval",
            "model_args": "pretrained=b" if name == "base" else "pretrained=b,peft=a",
        }
    return write_study(
        folder,
        {
            "name": "logs",
            "bases": [{"name": "base", "responses": {"math": files["base"]}}],
            "adapters": [{"name": "a", "label": "numeric", "responses": {"math": files["a"]}}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        },
    )


def edit_responses(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = yaml.safe_load(path.read_text())
    for subject in (*document["bases"], *document["adapters"]):
        change(subject["responses"]["math"])
    path.write_text(yaml.safe_dump(document))


def rows(texts: list[str], **fields: Any) -> list[dict[str, Any]]:
    return [sample(i, text, **fields) for i, text in enumerate(texts)]


def test_logs_of_base_and_adapter_give_a_verdict(tmp_path: Path) -> None:
    path = study(tmp_path, rows([WRONG] * 30), rows([RIGHT] * 30))
    result = assay.run(path, tmp_path / "run")
    assert (result.claims[0].better, result.claims[0].verdict) == (30, "confirmed")


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


def test_a_response_that_an_old_log_repeats_for_each_filter_is_read_once(tmp_path: Path) -> None:
    once = [{name: value for name, value in row.items() if name != "filter"} for row in rows([RIGHT, WRONG])]
    twice = [row | {"filtered_resps": [name]} for row in once for name in ("a", "b")]
    assert [row.text for row in read_samples(jsonl(tmp_path / NAME, twice))] == [RIGHT, WRONG]


def test_another_response_to_a_document_is_no_repetition(tmp_path: Path) -> None:
    log = jsonl(tmp_path / NAME, [sample(0, RIGHT), sample(0, WRONG) | {"filter": "flexible-extract"}])
    assert [row.text for row in read_samples(log)] == [RIGHT, WRONG]  # refused where rows meet examples


TURNS = [{"role": "user", "content": "Q: question 0"}]


@pytest.mark.parametrize("sent", [[json.dumps(TURNS)], TURNS])
def test_chat_turns_are_the_prompt_as_sent(sent: object, tmp_path: Path) -> None:
    row = sample(0, RIGHT) | {"arguments": {"gen_args_0": {"arg_0": sent, "arg_1": {}}}}
    (found,) = read_samples(jsonl(tmp_path / NAME, [row]))
    assert json.loads(str(found.sent)) == TURNS


@pytest.mark.parametrize("text", ["None", None])
def test_the_word_none_is_no_response(text: str | None, tmp_path: Path) -> None:
    (row,) = read_samples(jsonl(tmp_path / NAME, [sample(0, text)]))
    assert row.text is None


def test_any_document_id_is_read(tmp_path: Path) -> None:
    (row,) = read_samples(jsonl(tmp_path / NAME, [sample(0, RIGHT) | {"doc_id": [1]}]))
    assert row.text == RIGHT


def test_arguments_of_older_logs_are_read(tmp_path: Path) -> None:
    old = sample(0, RIGHT) | {"arguments": [["Q: question 0", {"until": ["\n"]}]]}
    (row,) = read_samples(jsonl(tmp_path / NAME, [old]))
    assert (row.sent, row.limits) == ("Q: question 0", '{"until": ["\\n"]}')


@pytest.mark.parametrize(
    "change",
    [
        {"resps": None},
        {"doc": 1},
        {"arguments": []},
        {"arguments": [5]},
        {"arguments": [{"a": 1, "b": 2}]},
        {"resps": [[3]]},
    ],
)
def test_what_is_no_samples_log_is_refused_by_line(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ResponsesError, match=f"{NAME}:1: "):
        list(read_samples(jsonl(tmp_path / NAME, [sample(0, RIGHT) | change])))


def says(folder: Path, arguments: object) -> None:
    results = {"config": {"model_args": arguments}}
    (folder / "results_2026-01-01T00-00-00.000001.json").write_text(json.dumps(results))


def test_a_log_that_nothing_ascribes_to_a_model_is_refused_with_what_to_add(tmp_path: Path) -> None:
    path = study(tmp_path, rows([WRONG] * 30), rows([RIGHT] * 30))
    edit_responses(path, lambda entry: entry.pop("model_args"))
    with pytest.raises(
        ResponsesError, match=r"nothing says which model wrote this log; put results_.* or state"
    ):
        assay.run(path, tmp_path / "run")


@pytest.mark.parametrize(
    ("base", "adapter", "message"),
    [
        ("pretrained=b", "pretrained=b,dtype=auto", "names no adapter .*: this log is the base's"),
        ("pretrained=b", {"pretrained": "b", "peft": None}, "names no adapter"),
        ("pretrained=b", "pretrained=b,peft=", "names no adapter"),
        ("pretrained=b,peft=a", "pretrained=b,peft=a", "names the adapter 'a': this log is not the base's"),
        ("pretrained=b", "pretrained=c,peft=a", "was run on 'c', and its base's log on 'b'"),
    ],
)
def test_logs_of_another_model_than_the_study_says_are_refused(
    tmp_path: Path, base: object, adapter: object, message: str
) -> None:
    path = study(tmp_path, rows([WRONG] * 30), rows([RIGHT] * 30))
    says(tmp_path / "base", base)
    says(tmp_path / "a", adapter)
    with pytest.raises(ResponsesError, match=message):
        assay.run(path, tmp_path / "run")


def test_two_adapters_whose_logs_name_one_are_refused() -> None:
    base = LoggedModel("base.json", "b", None)
    twins = {name: LoggedModel(f"{name}.json", "b", "same") for name in ("x", "y")}
    with pytest.raises(ResponsesError, match=r"y.json: names the adapter 'same', and so does the log of 'x'"):
        check_models(base, twins)


def test_a_results_file_speaks_before_the_study(tmp_path: Path) -> None:
    says(tmp_path, "pretrained=b,lora_local_path=a")
    found = logged_model(tmp_path / NAME, "pretrained=other")
    assert (found.base, found.adapter) == ("b", "a")


def test_a_results_file_of_old_logs_speaks_too(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps({"config": {"model_args": "pretrained=b,peft=a"}}))
    found = logged_model(tmp_path / "pretrained__b,peft__a_gsm8k.jsonl", None)
    assert (found.base, found.adapter) == ("b", "a")


SERVED = {"model": "helper", "base_url": "http://localhost:8000/v1/completions"}


def test_a_served_name_is_what_the_study_states(tmp_path: Path) -> None:
    says(tmp_path, SERVED)
    found = logged_model(tmp_path / NAME, "pretrained=b,peft=helper")
    assert (found.base, found.adapter) == ("b", "helper")
    assert logged_model(tmp_path / NAME, None).served


def test_a_served_name_that_nobody_states_is_refused_as_an_adapters(tmp_path: Path) -> None:
    path = study(tmp_path, rows([WRONG] * 30), rows([RIGHT] * 30))
    edit_responses(path, lambda entry: entry.pop("model_args"))
    says(tmp_path / "base", SERVED | {"model": "b"})
    says(tmp_path / "a", SERVED)
    with pytest.raises(ResponsesError, match="state it for 'a': `model_args: \"pretrained=b,peft=helper\"`"):
        assay.run(path, tmp_path / "run")


def test_a_results_file_nested_too_deep_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results_2026-01-01T00-00-00.000001.json").write_text("[" * 100_000)
    with pytest.raises(ResponsesError, match="does not say what was run"):
        logged_model(tmp_path / NAME, None)


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
    from assay.scoring.file import score_file

    totals = score_file("ifeval", limited, {"prompts": prompts}, out=tmp_path / "scores.jsonl")
    assert totals["prompt_strict"] == sum(row["prompt_level_strict_acc"] for row in stored) / 200 == 0.385
    judged = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    differ = [
        ours["key"]
        for ours, row in zip(judged, stored, strict=True)
        if ours["strict"] != row["inst_level_strict_acc"]
    ]
    assert differ == ["1122", "1129"]  # `#` and `!` as letters: lm-eval counts one drawn at random


def test_several_requests_a_document_are_refused(tmp_path: Path) -> None:
    rows = [sample(0, RIGHT), {**sample(1, RIGHT), "resps": [[RIGHT], [WRONG]]}]
    path = jsonl(tmp_path / NAME, rows)
    with pytest.raises(ResponsesError, match=r":2: `resps` holds 2 requests"):
        list(read_samples(path))
