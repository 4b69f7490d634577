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
