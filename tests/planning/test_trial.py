"""The time of a run from a few prompts, on a clock of the fake engine. No model is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.audit import plan
from assay.engines import Completion, Fake, Prompt
from assay.planning import Forecast, forecast
from assay.planning import trial as trials
from assay.runs.outline import outline
from assay.runs.resolve import resolve
from assay.runs.workload import Work
from assay.study import Study, load_study
from tests.planning.conftest import study
from tests.runs.conversing import conversing


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


def timed(of: Study, fake: Timed) -> Forecast:
    return forecast(outline(of, fake.preflight), clock=lambda: fake.now)


def test_reading_and_writing_are_timed_apart(tmp_path: Path) -> None:
    found = timed(study(tmp_path, noise_prompts=30), Timed())
    (trial,) = found.trials
    assert trial.base == "base"
    assert trial.read == pytest.approx(1000)
    assert trial.written == pytest.approx(50)
    assert found.time is not None
    # 5 passes over 30 prompts (two adapters, the base and one of them twice), 100 tokens at 20 ms each.
    characters = 5 * sum(len(text) for text in sent(tmp_path))
    assert found.time.high == pytest.approx(characters / 1000 + 5 * 30 * 100 / 50)
    assert found.time.low == pytest.approx(characters / 1000 + 5 * 30 * 25 / 50)


def test_a_later_turn_reads_the_conversation_before_it_again(tmp_path: Path) -> None:
    class Talking(Timed):
        def complete(self, requests: Iterable[Prompt]) -> Iterator[Completion]:
            for completion in Fake.complete(self, requests):
                self.now += len(completion.prompt.text) / 1000 + 0.020 * ((completion.tokens or 0) - 1)
                yield completion

    fake = Talking()
    path = conversing(tmp_path, noise_prompts=0)
    found = timed(load_study(path), fake).time
    began = fake.now + 3.0  # preflight is no part of the run
    assay.run(path, tmp_path / "run", engine=fake.preflight)
    assert found is not None
    assert found.high == pytest.approx(fake.now - began, rel=0.1)


def sent(folder: Path) -> list[str]:
    fake = Fake(lambda _: "x")
    work = resolve(study(folder), fake.preflight).work
    assert isinstance(work, Work)
    return list(work.groups[0].workloads[0].texts.values())


def test_a_trial_loads_once_and_asks_few(tmp_path: Path) -> None:
    fake = Timed()
    timed(study(tmp_path), fake)
    assert fake.loads == 1
    assert max(request.max_tokens for request in fake.asked) == trials.TOKENS
    assert {request.subject for request in fake.asked} == {"base", "r-s1", "r-s2"}
    assert len(fake.asked) <= 2 * trials.ROWS + 3 * trials.FIRST + 6


def test_a_slow_machine_is_asked_for_less(tmp_path: Path) -> None:
    class Slow(Timed):
        def complete(self, requests: Iterable[Prompt]) -> Iterator[Completion]:
            for request in requests:
                self.now += 10
                yield from super().complete([request])

    fake = Slow()
    found = timed(study(tmp_path), fake)
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
    assert "no subject could answer the trial's prompts" in " ".join(found.notes)
