"""Plans of whole studies: cost, trial, and what is said where something is missing. No model is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay import load_study, run
from assay.audit import plan
from assay.engines import Completion, Fake, Prompt
from assay.engines.fake import FakePreflight
from assay.errors import EngineError, StudyError
from assay.planning import Forecast as Plan
from assay.planning import trial as trials
from assay.planning.trial import measure
from assay.runs.resolve import resolve
from assay.runs.workload import Work
from assay.study import Study
from tests.studies import examples, jsonl, one_task_study


class Timed(Fake):
    """Takes 10 ms to read a prompt of 10 characters, and 20 ms to write a token; on a clock of its own."""

    def __init__(self, **more: Any) -> None:
        super().__init__(lambda _: "word " * 2000, **more)
        self.now = 0.0

    def complete(self, requests: Iterable[Prompt]) -> Iterator[Completion]:
        for request in requests:
            self.now += len(request.text) / 1000
            for completion in super().complete([request]):
                self.now += 0.020 * ((completion.tokens or 0) - 1)
                yield completion

    def preflight(self, *given: Any) -> Any:
        self.now += 3.0
        return super().preflight(*given)


@pytest.fixture
def ifeval(tmp_path: Path) -> Path:
    rows = (
        {
            "key": i,
            "prompt": f"Do as I say, {i}.",
            "instruction_id_list": ["punctuation:no_comma", "change_case:english_lowercase"],
            "kwargs": [{}, {}],
        }
        for i in range(200)
    )
    return jsonl(tmp_path / "prompts.jsonl", rows)


def study(folder: Path, prompts: Path | None = None, **fields: Any) -> Study:
    examples(folder, 40)
    return Study.from_dict(
        {
            "name": "planned",
            "bases": [{"name": "base", "model": "owner/base"}],
            "adapters": [
                {
                    "name": f"r-s{seed}",
                    "recipe": "r",
                    "seed": seed,
                    "label": "numeric",
                    "path": f"owner/a{seed}",
                }
                for seed in (1, 2)
            ],
            "tasks": [
                {"task": "numeric", "name": "math", "examples": "examples.jsonl", "limit": 30},
                *([{"task": "ifeval", "prompts": str(prompts)}] if prompts else []),
            ],
            "decoding": {"max_tokens": 100},
            **fields,
        },
        folder,
    )


def test_cost_counts_every_subject_and_the_noise_floor(tmp_path: Path, ifeval: Path) -> None:
    found = plan(
        study(tmp_path, ifeval, decoding={"max_tokens": 100, "samples": 2, "temperature": 1}), trial=False
    )
    assert found.cost is not None
    assert not found.cost.exact
    assert [(task.task, task.subjects, task.prompts, task.responses) for task in found.cost.tasks] == [
        ("math", 3, 30, 2 * 3 * 30 + 30),
        ("ifeval", 3, 200, 2 * 3 * 200 + 128),
    ]
    assert found.cost.longest == 100 * found.cost.responses
    assert found.time is None
    assert "more samples find smaller gains" in " ".join(found.notes)


def test_the_cost_of_a_bound_study_is_what_a_run_asks(tmp_path: Path, ifeval: Path) -> None:
    of = study(tmp_path, ifeval)
    fake = Fake(lambda request: f"{request.subject} {request.example}")
    run(of, tmp_path / "run", engine=fake.preflight)
    cost = plan(of, trial=True, engine=Fake(lambda _: "x").preflight).cost
    assert cost is not None
    assert cost.exact
    assert cost.responses == len(fake.asked)
    foretold = plan(of, trial=False).cost
    assert foretold is not None
    assert foretold.tasks == cost.tasks


def test_an_adapter_with_a_template_of_its_own_costs_its_base_again(tmp_path: Path) -> None:
    fake = Fake(lambda _: "x", templates={"base": "a {prompt}", "r-s2": "b {prompt}"})
    cost = plan(study(tmp_path), trial=True, engine=fake.preflight).cost
    assert cost is not None
    assert (cost.tasks[0].subjects, cost.tasks[0].responses) == (4, 5 * 30)


class Short(FakePreflight):
    """Has a context of 60 tokens."""

    context = 60


class OfShort(Fake):
    def preflight(self, *given: Any) -> Short:
        return Short(self, *given)


def test_no_token_is_priced_beyond_the_context(tmp_path: Path) -> None:
    chat = {"base": "{prompt}"}
    fake = OfShort(lambda _: "x", templates=chat)
    found = plan(study(tmp_path), trial=True, engine=fake.preflight)
    assert found.cost is not None
    (task,) = found.cost.tasks
    shortest = min(len(request.text) for request in fake.asked)
    assert (task.responses, task.max_tokens) == (120, 60 - math.ceil(shortest / 8))
    assert 120 * (task.max_tokens - 1) <= task.tokens <= 120 * task.max_tokens
    assert found.cost.longest == task.tokens
    assert " ".join(found.notes).count("60 tokens") == 1
    whole = plan(study(tmp_path), trial=True, engine=Fake(lambda _: "x", templates=chat).preflight)
    assert whole.cost is not None
    assert whole.cost.longest == 120 * 100
    assert "context" not in " ".join(whole.notes)
    assert found.time is not None
    assert whole.time is not None


def timed_plan(of: Study, fake: Timed, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr("assay.planning.measure", lambda group: measure(group, lambda: fake.now))
    return plan(of, trial=True, engine=fake.preflight)


def test_reading_and_writing_are_timed_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = timed_plan(study(tmp_path), Timed(), monkeypatch)
    (trial,) = found.trials
    assert trial.base == "base"
    assert trial.read == pytest.approx(1000)
    assert trial.written == pytest.approx(50)
    assert found.time is not None
    # 4 passes over 30 prompts (two adapters, the base twice), 100 tokens at 20 ms each.
    characters = 4 * sum(len(text) for text in sent(tmp_path))
    assert found.time.high == pytest.approx(characters / 1000 + 4 * 30 * 100 / 50)
    assert found.time.low == pytest.approx(characters / 1000 + 4 * 30 * 25 / 50)


def sent(folder: Path) -> list[str]:
    fake = Fake(lambda _: "x")
    work = resolve(study(folder), fake.preflight).work
    assert isinstance(work, Work)
    return list(work.groups[0].workloads[0].texts.values())


def test_a_trial_loads_once_and_asks_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Timed()
    timed_plan(study(tmp_path), fake, monkeypatch)
    assert fake.loads == 1
    assert max(request.max_tokens for request in fake.asked) == trials.TOKENS
    assert {request.subject for request in fake.asked} == {"base", "r-s1", "r-s2"}
    assert len(fake.asked) <= 2 * trials.ROWS + 3 * trials.FIRST + 6


def test_a_slow_machine_is_asked_for_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Timed):
        def complete(self, requests: Iterable[Prompt]) -> Iterator[Completion]:
            for request in requests:
                self.now += 10
                yield from super().complete([request])

    fake = Slow()
    found = timed_plan(study(tmp_path), fake, monkeypatch)
    assert found.trials[0].responses == 3 * trials.FIRST
    assert max(request.max_tokens for request in fake.asked) == trials.FEWER_TOKENS


def test_responses_of_one_token_still_give_a_pace(tmp_path: Path) -> None:
    found = plan(study(tmp_path), trial=True, engine=Fake(lambda _: "x").preflight)
    assert found.time is not None
    assert 0 < found.time.low <= found.time.high


def test_a_base_that_answers_nothing_gives_no_time(tmp_path: Path) -> None:
    fake = Fake(lambda _: "x")
    fake.failed = dict.fromkeys(("base", "r-s1", "r-s2"), "gone")
    found = plan(study(tmp_path), trial=True, engine=fake.preflight)
    assert (found.trials, found.time) == ((), None)
    assert "nothing answered the trial's prompts" in " ".join(found.notes)


def test_without_an_engine_there_is_power_and_cost_and_the_reason(tmp_path: Path) -> None:
    def absent(*_: object) -> Any:
        raise EngineError("engine 'torch' needs torch: install it")

    found = plan(study(tmp_path), trial=True, engine=absent)
    assert found.power[0].prompts == 30
    assert found.cost is not None
    assert (found.trials, found.time) == ((), None)
    assert any("No trial" in note and "needs torch" in note for note in found.notes)


def test_refused_adapters_are_told(tmp_path: Path) -> None:
    fake = Fake(lambda _: "x", refused={"r-s2": "its weights are cut short"})
    found = plan(study(tmp_path), trial=True, engine=fake.preflight)
    assert "r-s2: its weights are cut short" in found.notes
    assert found.cost is not None
    assert found.cost.tasks[0].subjects == 2


def test_examples_that_cannot_be_read_leave_power_without_prompts(tmp_path: Path) -> None:
    of = study(tmp_path)
    (tmp_path / "examples.jsonl").write_text("{")
    found = plan(of, trial=True, engine=Fake(lambda _: "x").preflight)
    assert found.power[0].prompts is None
    assert (found.cost, found.trials) == (None, ())
    assert len(found.notes) == 1
    assert any("number of prompts is not known" in note and "examples.jsonl" in note for note in found.notes)
    assert not any("two seeds" in note for note in found.notes)


def test_recorded_responses_cost_nothing(tmp_path: Path) -> None:
    path = one_task_study(tmp_path, [True] * 20, {"a": [True] * 20})
    found = plan(load_study(path))
    assert found.power[0].prompts == 20
    assert (found.cost, found.time) == (None, None)
    assert any("recorded" in note for note in found.notes)
    assert any("No recipe has two seeds" in note for note in found.notes)


def test_checks_a_prompt_are_counted_from_its_examples(tmp_path: Path, ifeval: Path) -> None:
    claims = {"numeric": ["ifeval.instruction_strict", "ifeval.prompt_strict"]}
    found = plan(study(tmp_path, ifeval, claims=claims), trial=False)
    assert [power.checks for power in found.power] == [2, 1]


def test_a_label_that_claims_nothing_is_refused_as_by_a_run(tmp_path: Path) -> None:
    data = study(tmp_path).model_dump(mode="json", exclude_defaults=True)
    data["adapters"] = [{**adapter, "label": "unknown"} for adapter in data["adapters"]]
    with pytest.raises(StudyError, match="still open; write what its training aimed at"):
        plan(Study.from_dict(data, tmp_path), trial=False)
