"""What a study costs in responses and tokens, counted as a run would ask."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from assay import run
from assay.audit import plan
from assay.engines import Fake
from assay.engines.fake import FakePreflight
from tests.planning.conftest import study


def test_cost_counts_every_subject_and_the_noise_floor(tmp_path: Path, ifeval: Path) -> None:
    found = plan(
        study(tmp_path, ifeval, decoding={"max_tokens": 100, "samples": 2, "temperature": 1}), trial=False
    )
    assert found.cost is not None
    assert not found.cost.exact
    assert [(task.task, task.subjects, task.prompts, task.responses) for task in found.cost.tasks] == [
        ("math", 3, 30, 2 * 3 * 30 + 2 * 9),
        ("ifeval", 3, 200, 2 * 3 * 200 + 2 * 60),
    ]
    assert (found.cost.repeats, found.cost.unmeasured) == (69, 2 * (150 - 69))
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


def test_a_full_model_answers_nothing_twice(tmp_path: Path) -> None:
    adapters = [
        {"name": "a", "label": "numeric", "path": "owner/a"},
        {"name": "full", "label": "numeric", "model": "owner/full"},
    ]
    of = study(tmp_path, adapters=adapters, noise_prompts=20)
    fake = Fake(lambda request: f"{request.subject} {request.example}")
    run(of, tmp_path / "run", engine=fake.preflight)
    for trial in (True, False):
        cost = plan(of, trial=trial, engine=Fake(lambda _: "x").preflight if trial else None).cost
        assert cost is not None
        assert (cost.responses, cost.repeats) == (len(fake.asked), 20)


def test_an_adapter_with_a_template_of_its_own_costs_its_base_again(tmp_path: Path) -> None:
    fake = Fake(lambda _: "x", templates={"base": "a {prompt}", "r-s2": "b {prompt}"})
    cost = plan(study(tmp_path), trial=True, engine=fake.preflight).cost
    assert cost is not None
    assert (cost.tasks[0].subjects, cost.tasks[0].responses) == (4, 4 * 30 + 2 * 6)


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
    assert (task.responses, task.max_tokens) == (98, 60 - math.ceil(shortest / 8))
    assert 98 * (task.max_tokens - 1) <= task.tokens <= 98 * task.max_tokens
    assert found.cost.longest == task.tokens
    assert " ".join(found.notes).count("60 tokens") == 1
    whole = plan(study(tmp_path), trial=True, engine=Fake(lambda _: "x", templates=chat).preflight)
    assert whole.cost is not None
    assert whole.cost.longest == 98 * 100
    assert "context" not in " ".join(whole.notes)
    assert found.time is not None
    assert whole.time is not None
