"""`assay check` as a user meets it. No model is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.engines import Fake, Prompt
from tests.studies import RIGHT, WRONG, examples, jsonl


def adapters(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        config = {"r": 4, "lora_alpha": 8, "base_model_name_or_path": "owner/base"}
        (folder / name / "adapter_config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def checkable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A current folder with what a check needs; the torch engine is replaced. Engine settings that it was given."""
    monkeypatch.chdir(tmp_path)
    adapters(tmp_path, "qa")
    (tmp_path / "tiny").mkdir()
    examples(tmp_path, 120)
    rows = (
        {"key": i, "prompt": f"p {i}", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
        for i in range(40)
    )
    jsonl(tmp_path / "prompts.jsonl", rows)

    def answer(request: Prompt) -> str:
        if request.task == "ifeval":
            return f"fine {request.subject}"
        return RIGHT if request.subject == "qa" or int(request.example) < 60 else WRONG

    given: list[dict[str, Any]] = []
    fake = Fake(answer)

    def preflight(settings: Any, *rest: Any) -> Any:
        given.append(settings.model_dump())
        return fake.preflight(settings, *rest)

    monkeypatch.setattr("assay.runs.resolve.find_preflight", lambda _: preflight)
    return given


CHECK = ("check", "qa", "--base", "tiny", "--prompts", "prompts.jsonl", "--examples", "examples.jsonl")


def test_check_exits_with_the_gates_outcome_after_the_result(
    call: Any, checkable: list[dict[str, Any]]
) -> None:
    done = call(
        *CHECK, "--label", "numeric", "--option", "rows=64", "--option", "device=cpu", "--dtype", "float32"
    )
    assert "gsm8k.numeric_match" in done.words
    assert "report: runs/check-qa/report.html" in done.words
    assert done.out.splitlines()[-1] == f"gate: {('pass', 'fail', 'undecided')[done.code]}"
    assert checkable[0]["options"] == {"rows": 64, "device": "cpu"}
    assert checkable[0]["dtype"] == "float32"
    assert call(*CHECK, "--label", "instruction").code in (1, 2)


def test_check_takes_an_engine_and_fields_of_it(call: Any, checkable: list[dict[str, Any]]) -> None:
    server = ("--engine", "openai", "--option", "url=http://localhost:8000", "--option", "key_env=KEY")
    assert "gate: " in call(*CHECK, "--label", "numeric", *server).out
    engine = checkable[0]
    assert (engine["name"], engine["url"], engine["key_env"]) == ("openai", "http://localhost:8000", "KEY")


@pytest.mark.usefixtures("checkable")
def test_check_prints_json(call: Any) -> None:
    done = call(*CHECK, "--label", "numeric", "--limit", 100, "--json")
    printed = json.loads(done.out)
    assert printed["gate"]["outcome"] == ("pass", "fail", "undecided")[done.code]
    assert printed["verdicts"]["claims"][0]["verdict"] == "confirmed"
    assert printed["run"] == "runs/check-qa"


@pytest.mark.usefixtures("checkable")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--label", "numeric", "--option", "rows"), "--option rows: not a key and a value; write KEY=VALUE"),
        (("--label", "numeric", "--option", "a=1", "--option", "a=2"), "--option a: given twice"),
        (("--label", "poetry"), "--label poetry: no task of the default suite has that capability"),
        (("--label", "numeric", "--prompts", "none.jsonl"), "--prompts none.jsonl: no such file"),
        ((), "Missing option '--label'"),
        (("--label", "numeric", "--limit", "0"), "--limit"),
    ],
)
def test_a_check_that_cannot_be_exits_with_64(call: Any, arguments: tuple[str, ...], message: str) -> None:
    outcome = call(*CHECK, *arguments)
    assert outcome.code == 64
    assert message in outcome.err


@pytest.mark.usefixtures("checkable")
def test_check_within_a_budget_says_what_was_chosen_and_what_more_would_settle(call: Any) -> None:
    done = call(*CHECK, "--label", "instruction", "--budget", "10m")
    assert "Budget: 10 min, of which" in done.words
    assert "all prompts" in done.words
    assert "`no gain` needs about 495 prompts, more than there are." in done.words
    assert (
        "gsm8k: excluding a fall of 5 points, for a pass, needs about 495 prompts, more than there are."
        in done.words
    )
    assert done.words.index("Verdicts:") < done.words.index("Budget:") < done.words.index("gate: ")
    assert done.out.splitlines()[-1].startswith("gate: ")


@pytest.mark.usefixtures("checkable")
def test_check_within_a_budget_prints_it_as_json(call: Any) -> None:
    printed = json.loads(call(*CHECK, "--label", "instruction", "--budget", "10m", "--json").out)
    assert printed["budget"]["budget"] == 600
    assert [task["task"] for task in printed["budget"]["tasks"]] == ["ifeval", "gsm8k"]
    assert "budget" not in json.loads(call(*CHECK, "--label", "instruction", "--out", "whole", "--json").out)


@pytest.mark.usefixtures("checkable")
def test_a_budget_that_is_no_time_is_bad_usage(call: Any) -> None:
    done = call(*CHECK, "--label", "instruction", "--budget", "soon")
    assert (done.code, "--budget soon: is not a time; write one as 90s, 10m or 1h30m" in done.err) == (
        64,
        True,
    )
