"""With actors the completions are those without, whichever of them are lost, and when."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.engines import Fake, Liveness, ModelRef, Partial
from assay.engines.api import completions
from assay.engines.ray.cluster import Probe
from assay.engines.ray.preflight import RayPreflight
from assay.engines.ray.sharing import LIVES
from assay.errors import EngineError
from assay.records import Store
from tests.engines.following import conversation, dialogues
from tests.engines.ray.fakes import Here, Moment, at_opening, engine, looking
from tests.engines.ray.sessions import ASKED, EXPECTED, loaded, make, study_of, texts
from tests.stepping import Stepping


@pytest.mark.parametrize("actors", [1, 2, 7])
def test_answers_are_those_of_one_engine_alone(actors: int) -> None:
    with loaded(actors=actors) as (session, cluster):
        assert texts(session) == EXPECTED
        assert len({actor for actor, _ in cluster.asked}) == actors


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.integers(1, 4), st.integers(1, LIVES - 1))
def test_actors_lost_at_any_instant_lose_and_double_nothing(draw: Random, actors: int, losses: int) -> None:
    left = [losses]

    def ends(at: Moment) -> bool:
        if left[0] and at.asked and draw.random() < 0.1:
            left[0] -= 1
            return True
        return False

    with loaded(ends, draw=draw, actors=actors) as (session, _):
        assert texts(session) == EXPECTED


@settings(max_examples=20)
@given(st.randoms(use_true_random=False), st.integers(1, 3))
def test_conversations_lose_and_double_no_turn_where_actors_are_lost(draw: Random, actors: int) -> None:
    left = [LIVES - 1]

    def ends(at: Moment) -> bool:
        if left[0] and at.asked and draw.random() < 0.1:
            left[0] -= 1
            return True
        return False

    talks = [conversation(prompt) for prompt in ASKED[:30]]
    with loaded(ends, draw=draw, actors=actors) as (session, _):
        answered = list(session.complete(talks))
    assert len(answered) == 3 * len(talks)
    assert dialogues(answered) == dialogues(list(make().complete(talks)))


def test_what_a_lost_actor_had_said_is_not_asked_again() -> None:
    with loaded(lambda at: at.actor == 1 and bool(at.asked) and at.said == 5) as (
        session,
        cluster,
    ):
        assert texts(session) == EXPECTED
        assert sum(len(job.prompts) for _, job in cluster.asked) == len(ASKED) + 16 - 5
        assert cluster.count == 3


def test_what_a_lost_actor_reported_is_where_the_next_one_continues() -> None:
    fakes: list[Stepping] = []

    def make_fake(_: int) -> Stepping:
        fakes.append(Stepping(make().answer))
        return fakes[-1]

    begun = {ASKED[0]: [0]}
    with loaded(
        lambda at: at.actor == 1 and bool(at.asked) and at.said == 30, make_fake, actors=1, batch=999
    ) as (
        session,
        cluster,
    ):
        items = list(session.resume(ASKED, begun, every=0))
    assert sorted(((done.prompt, done.text) for done in completions(items)), key=repr) == EXPECTED
    first, *halves = (job for _, job in cluster.asked)
    assert (dict(first.begun), first.every) == (begun, 0)
    answered, reported = (
        list(completions(items[:30])),
        [item for item in items[:30] if isinstance(item, Partial)],
    )
    assert answered
    assert reported
    gone = {done.prompt for done in answered}
    assert len(halves) == 2
    continued = {prompt: tokens for job in halves for prompt, tokens in job.begun.items()}
    assert continued == {p: tokens for p, tokens in reported[-1].rows.items() if p not in gone}


def test_a_request_that_ends_every_actor_ends_the_run_by_its_name() -> None:
    poison = ASKED[30]

    with (
        loaded(lambda at: poison in at.asked) as (session, cluster),
        pytest.raises(EngineError, match=rf"3 actors .* over \d prompts to {poison.subject} \(task 'math'"),
    ):
        list(session.complete(ASKED))
    assert not cluster.workers


def test_an_actor_lost_while_it_loads_is_replaced() -> None:
    with loaded(at_opening(1, 2)) as (session, cluster):
        assert texts(session) == EXPECTED
        assert cluster.count == 4


def test_a_base_that_no_actor_can_load_is_an_error() -> None:
    with (
        pytest.raises(EngineError, match="base 'base': 3 actors ended one after the other while they load"),
        loaded(at_opening(*range(1, 99))),
    ):
        pass


def test_an_adapter_that_fails_with_one_actor_is_asked_of_none() -> None:
    def fakes(actor: int) -> Fake:
        found = make()
        if actor == 2:
            found.failed["math"] = "its file is cut short"
        return found

    with loaded(fakes=fakes) as (session, _):
        assert session.failed == {"math": "its file is cut short"}
        found = [one.prompt for one in session.complete(ASKED)]
        assert {one.subject for one in found} == {"base", "chat"}
        assert len(found) == len(set(found)) == 80
        assert [one.adapter for one in session.liveness(["math", "chat"])] == ["chat"]


def test_actors_that_hold_another_base_are_refused() -> None:
    other = Fake(lambda _: "", contents={"base": "another"})
    with (
        pytest.raises(
            EngineError, match=r"base 'base': its files on .* are not those that were checked here"
        ),
        loaded(fakes=lambda actor: other if actor == 2 else make()),
    ):
        pass


def test_an_adapter_that_is_another_over_there_is_not_asked() -> None:
    other = Fake(lambda _: "", contents={"chat": "another"})
    with loaded(fakes=lambda actor: other if actor == 2 else make()) as (session, _):
        assert list(session.failed) == ["chat"]


class Told(Fake):
    """Says of its software what it is told to."""

    def __init__(self, **provenance: str) -> None:
        super().__init__(lambda _: "", provenance=provenance)


@pytest.mark.parametrize(("there", "same"), [("2.9.0+cu130", True), ("2.8.0+cpu", False)])
def test_other_software_over_there_is_refused(there: str, same: bool) -> None:
    def begin(order: Any) -> Here:
        return Here(order, lambda _: Told(torch=there, device="cuda"))

    look = looking(Told(torch="2.9.0+cpu", device="cpu"), begin)
    found: RayPreflight = look(engine(), ModelRef("base", "b"), [])
    if same:
        with found.load() as session:
            assert session.provenance == {"torch": there, "device": "cuda"}
    else:
        with pytest.raises(EngineError, match=r"torch is 2\.8\.0\+cpu on .*; install the same"), found.load():
            pass


def test_liveness_is_measured_by_one_actor_and_tried_anew() -> None:
    with loaded(lambda at: isinstance(at.job, Probe) and at.actor == 2) as (session, cluster):
        found = session.liveness(["math", "chat"], {"math": ["a prompt"]})
        assert found == [Liveness(name, 2, 1.0, 1.0, 0.1, 1.0) for name in ("math", "chat")]
        assert cluster.count <= 3
        assert texts(session) == EXPECTED


def test_liveness_that_ends_every_actor_is_an_error() -> None:
    with (
        loaded(lambda at: isinstance(at.job, Probe)) as (session, _),
        pytest.raises(EngineError, match=r"3 actors ended .* probed adapters: killed"),
    ):
        session.liveness(["math"])


def test_actors_whose_answers_nobody_wants_any_more_are_ended_and_replaced() -> None:
    with loaded() as (session, cluster):
        answers = session.complete(ASKED)
        next(answers)
        answers.close()  # type: ignore[attr-defined]
        assert not cluster.jobs
        assert texts(session) == EXPECTED
    assert not cluster.workers


def records(run: Path) -> list[tuple[Any, ...]]:
    with Store.read(run) as store:
        return sorted(
            (n, t, *map(str, one.values())) for n, t in store.bound() for one in store.responses(n, t)
        )


def test_a_study_leaves_the_same_records_with_actors_of_which_one_is_lost(tmp_path: Path) -> None:
    def begin(order: Any) -> Here:
        return Here(order, lambda _: make(), lambda at: at.actor == 2 and bool(at.asked))

    plain, shared = study_of(tmp_path / "plain", "torch"), study_of(tmp_path / "shared", "ray:torch")
    assay.run(plain, tmp_path / "one", engine=make().preflight)
    assay.run(shared, tmp_path / "many", engine=looking(make(), begin))
    assert records(tmp_path / "many") == records(tmp_path / "one")
