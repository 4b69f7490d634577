"""A conversation on the base that ships with assay: the same records through torch, a server, and recorded responses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay import embedded
from assay.interop.exporters.responses import export_responses
from assay.records import Store
from assay.runs import Run
from tests.engines.server.servers import Toy, serving, speak
from tests.runs.conversing import conversations
from tests.studies import jsonl, write_study

toys = pytest.importorskip("tests.engines.torch.toys")

COUNT, TOKENS = 5, 12
ENGINE = {"dtype": "float32", "options": {"device": "cpu"}}
Turn = tuple[str, str, int | None, str]
"""Example, prompt as sent, turn, response."""


@pytest.fixture(scope="module")
def base() -> Path:
    if not embedded.SHIPPED.is_dir():
        pytest.skip("this build has no embedded base")
    return embedded.SHIPPED


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that changes what the base says."""
    folder = tmp_path_factory.mktemp("embedded") / "base"
    shutil.copytree(base, folder)
    made: Path = toys.make_adapter(folder, "loud", {"r": 4, "target_modules": "all-linear"}, size=0.2)
    return made


def study(folder: Path, adapter: Path, template: str, **fields: Any) -> Path:
    folder.mkdir()
    conversations(folder, COUNT)
    document: dict[str, Any] = {
        "name": "turns",
        "bases": [{"name": "base", "model": "embedded"}],
        "adapters": [{"name": "loud", "label": "instruction", "path": str(adapter)}],
        "tasks": [{"task": "multi-if", "name": "talk", "prompts": "conversations.jsonl"}],
        "decoding": {"max_tokens": TOKENS, "template": template},
        "engine": ENGINE,
        "noise_prompts": 0,
        **fields,
    }
    return write_study(folder, document)


def turns(folder: Path) -> dict[str, list[Turn]]:
    """Every record, by subject."""
    with Store.read(folder) as store:
        return {
            name: [
                (row["key"], row["prompt"], row["turn"], row["response"])
                for row in store.responses(name, task)
            ]
            for name, task in store.bound()
            if "/" not in name
        }


def texts(folder: Path) -> dict[str, list[tuple[str, int | None, str]]]:
    """The same without prompts, which recorded responses need not have."""
    return {
        name: [(key, turn, text) for key, _, turn, text in listed] for name, listed in turns(folder).items()
    }


@pytest.fixture(scope="module")
def torch_run(adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run with torch, under the base's chat template."""
    folder = tmp_path_factory.mktemp("torch")
    assay.run(study(folder / "study", adapter, "chat"), folder / "run")
    return folder / "run"


@pytest.fixture
def address(torch_run: Path) -> Iterator[str]:
    """A server that gives the same answers to the same prompts, and others to the prompts of liveness."""
    answers = {
        (name, prompt): text for name, listed in turns(torch_run).items() for _, prompt, _, text in listed
    }

    def words(prompt: str, adapter: str, tokens: int) -> tuple[list[str], list[float]]:
        answer = answers.get((adapter or "base", prompt))
        return speak(prompt, adapter, tokens) if answer is None else ([answer], [0.0])

    with serving(Toy(adapters={"loud": ""}, words=words)) as address:
        yield address


def test_the_study_says_something_in_every_turn(torch_run: Path) -> None:
    records = turns(torch_run)
    assert {name: len(listed) for name, listed in records.items()} == {"base": 3 * COUNT, "loud": 3 * COUNT}
    assert records["base"] != records["loud"]
    first, second, third = records["base"][:3]
    assert [turn for _, _, turn, _ in (first, second, third)] == [1, 2, 3]
    said = f"{first[3]}<|im_end|>\n<|im_start|>user\nTurn 2 of 0.<|im_end|>\n<|im_start|>assistant\n"
    assert second[1] == f"{first[1]}{said}"
    assert third[1].startswith(f"{second[1]}{second[3]}<|im_end|>")


def test_a_server_gives_the_records_of_torch(
    torch_run: Path, adapter: Path, address: str, tmp_path: Path
) -> None:
    server = {"name": "openai", "url": address, "server": "vllm"}
    assay.run(study(tmp_path / "study", adapter, "chat", engine=server), tmp_path / "run")
    assert turns(tmp_path / "run") == turns(torch_run)


def test_recorded_responses_give_the_records_and_scores_of_torch(
    torch_run: Path, adapter: Path, tmp_path: Path
) -> None:
    with Run.open(torch_run) as run:
        export_responses(run.plan, run.records, tmp_path / "all.jsonl")
        scores = run.analyze().matrix
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    path = study(tmp_path / "study", adapter, "chat")
    for name, own in (("base", None), ("loud", "loud")):
        jsonl(
            path.parent / f"{name}.jsonl",
            (
                {field: row[field] for field in ("key", "turn", "response")}
                for row in reversed(rows)
                if row["adapter"] == own
            ),
        )
    recorded = {
        "name": "recorded",
        "bases": [{"name": "base", "responses": {"talk": "base.jsonl"}}],
        "adapters": [{"name": "loud", "label": "instruction", "responses": {"talk": "loud.jsonl"}}],
        "tasks": [{"task": "multi-if", "name": "talk", "prompts": "conversations.jsonl"}],
    }
    result = assay.run(write_study(path.parent, recorded), tmp_path / "run")
    assert texts(tmp_path / "run") == texts(torch_run)
    assert result.matrix == scores


class Interrupting:
    """Progress that interrupts a run once so many responses are kept."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, what: str, done: int, *_: Any, **__: Any) -> None:
        if what == "responses" and done >= self.at:
            raise KeyboardInterrupt


@pytest.mark.parametrize("instant", [1, 7, 14, 25])
def test_a_run_interrupted_between_turns_is_resumed_with_the_records_of_torch(
    torch_run: Path, adapter: Path, tmp_path: Path, instant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = study(tmp_path / "study", adapter, "chat")
    monkeypatch.setattr("assay.records.store.PAUSE", 0.0)  # each response is kept as it comes
    with pytest.raises(KeyboardInterrupt):
        assay.run(path, tmp_path / "run", progress=Interrupting(instant))
    held = turns(tmp_path / "run")
    assert 0 < sum(map(len, held.values())) < 6 * COUNT
    assay.run(path, tmp_path / "run")
    assert turns(tmp_path / "run") == turns(torch_run)
