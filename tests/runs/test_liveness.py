"""Liveness of adapters in a run: an inert, refused or failed adapter gets no prompts, and its claims say why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import assay
from assay.audit import gate
from assay.engines import Fake
from assay.engines.api import NO_PROMPTS
from assay.engines.probes import logits_verdict
from tests.runs.generating import answer, generating, run, verdicts


def test_an_inert_adapter_is_not_asked_and_not_applied(tmp_path: Path) -> None:
    fake = Fake(answer, inert={"bad"})
    result = run(generating(tmp_path), fake)
    assert verdicts(result) == {"good": "confirmed", "bad": "not applied"}
    assert "bad" not in {one.subject for one in fake.asked}
    assert "leaves every logit" in (result.claims[1].reason or "")
    assert [(one.adapter, one.alive) for one in result.applied] == [("good", True), ("bad", False)]
    outcomes = {one.adapter: one.outcome for one in gate(tmp_path / "run").adapters}
    assert outcomes == {"good": "pass", "bad": "fail"}


def test_an_inert_adapter_stays_not_applied_when_the_run_is_taken_up_again(tmp_path: Path) -> None:
    study = generating(tmp_path)
    first = run(study, Fake(answer, inert={"bad"}))
    fake = Fake(answer, inert={"bad"})
    assert run(study, fake) == first
    assert assay.decide(tmp_path / "run") == first
    assert fake.loads == 0


def test_an_inert_adapter_is_looked_at_again_under_other_prompts(tmp_path: Path) -> None:
    task = {"task": "numeric", "name": "math", "examples": "examples.jsonl"}
    run(generating(tmp_path), Fake(answer, inert={"bad"}))
    result = run(generating(tmp_path, tasks=[task, {**task, "name": "more"}]), Fake(answer))
    assert {claim.verdict for claim in result.claims if claim.adapter == "bad"} == {"harmed"}


def test_a_refused_adapter_is_not_measured_and_the_others_run(tmp_path: Path) -> None:
    fake = Fake(answer, refused={"bad": "its weights are a pickle; save them as safetensors"})
    result = run(generating(tmp_path), fake)
    assert verdicts(result) == {"good": "confirmed", "bad": "not measured"}
    assert result.claims[1].reason == "its weights are a pickle; save them as safetensors"
    assert result.problems == ("error: bad: its weights are a pickle; save them as safetensors",)
    assert {one.adapter: one.outcome for one in gate(tmp_path / "run").adapters}["bad"] == "undecided"


def test_an_adapter_that_fails_once_loaded_is_not_measured_and_is_tried_again_later(tmp_path: Path) -> None:
    study, fake = generating(tmp_path), Fake(answer)
    fake.failed["bad"] = "peft cannot load it"
    result = run(study, fake)
    assert verdicts(result) == {"good": "confirmed", "bad": "not measured"}
    again = Fake(answer)
    assert verdicts(run(study, again)) == {"good": "confirmed", "bad": "harmed"}
    assert {one.name for one in again.asked} == {"bad"}


def test_no_base_is_asked_for_adapters_that_cannot_be(tmp_path: Path) -> None:
    fake = Fake(answer, inert={"good"}, refused={"bad": "no weights"})
    result = run(generating(tmp_path), fake)
    assert verdicts(result) == {"good": "not applied", "bad": "not measured"}
    assert fake.asked == []


def test_an_adapter_that_breaks_the_logits_is_not_measured(tmp_path: Path) -> None:
    class Broken(Fake):
        def liveness(self, adapters: Any, sent: Any = NO_PROMPTS) -> Any:
            verdict, reason = logits_verdict(2, 1.0, float("nan"), 1.0)
            return [
                replace(found, largest=float("nan"), verdict=verdict, reason=reason)
                for found in super().liveness(adapters, sent)
            ]

    result = run(generating(tmp_path, ("good",)), Broken(answer))
    assert verdicts(result) == {"good": "not measured"}
    assert "not finite" in (result.claims[0].reason or "")
    assert result.applied[0].largest is None


def test_an_adapter_that_is_whole_stays_so_when_it_can_no_longer_be_loaded(tmp_path: Path) -> None:
    run(generating(tmp_path, ("good",)), Fake(answer))
    fake = Fake(answer)
    fake.failed["good"] = "its folder is gone"
    assert verdicts(run(generating(tmp_path), fake)) == {"good": "confirmed", "bad": "harmed"}
