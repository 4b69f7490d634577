"""New adapters are audited once and enter the registry, whoever watches and whenever a watcher is killed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.registry.audits import Audits
from assay.registry.index import Filter, Registry
from tests.inspecting.adapters import write_adapter
from tests.registry.watching import PROMPTS, adapters, asked, killed, look, template, watcher
from tests.studies import edit, jsonl


@pytest.fixture
def team(tmp_path: Path) -> Path:
    template(tmp_path)
    adapters(tmp_path, "math-1", "math-2")
    return tmp_path


def current(place: str) -> dict[str, str]:
    with Registry.open(place) as registry:
        return {row["adapter"]: row["verdict"] for row in registry.page(Filter()).rows}


def test_what_is_new_is_audited_and_what_is_known_is_not(team: Path, place: str) -> None:
    assert [(outcome.adapter, outcome.state) for outcome in look(team, place)] == [
        ("math-1", "audited"),
        ("math-2", "audited"),
    ]
    assert current(place) == {"math-1": "confirmed", "math-2": "confirmed"}
    write_adapter(team / "adapters" / "math-3", lora_alpha=33)
    assert [outcome.state for outcome in look(team, place)] == ["known", "known", "audited"]
    assert Counter(Counter(asked(team)).values()) == {1: 3 * PROMPTS}


def test_an_adapter_whose_files_changed_is_audited_again(team: Path, place: str) -> None:
    look(team, place)
    write_adapter(team / "adapters" / "math-1", lora_alpha=99)
    assert [outcome.state for outcome in look(team, place)] == ["audited", "known"]
    with Registry.open(place) as registry:
        assert registry.page(Filter()).total == 2
        assert registry.page(Filter(history=True)).total == 3


def test_an_upload_that_is_not_complete_is_named_and_looked_at_again(team: Path, place: str) -> None:
    weights = team / "adapters" / "math-2" / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    (_, half) = look(team, place)
    assert half.state == "unusable"
    with Registry.open(place) as registry:
        (row,) = Audits(registry.database).open_ones()
        assert (row["name"], row["state"], row["reason"]) == ("math-2", "unusable", half.reason)
    weights.write_bytes(whole)
    assert [outcome.state for outcome in look(team, place)] == ["known", "audited"]
    with Registry.open(place) as registry:
        assert Audits(registry.database).open_ones() == []


def test_an_adapter_without_a_hint_at_its_label_is_not_guessed(team: Path, place: str) -> None:
    write_adapter(team / "adapters" / "thing", lora_alpha=5)
    outcome = next(outcome for outcome in look(team, place) if outcome.adapter == "thing")
    assert outcome.state == "unusable"
    assert "no hint at its label" in outcome.reason


def test_two_folders_of_one_name_are_named_and_neither_hides_the_other(team: Path, place: str) -> None:
    write_adapter(team / "adapters" / "math" / "1", lora_alpha=50)
    outcomes = look(team, place)
    assert sorted((outcome.adapter, outcome.state) for outcome in outcomes) == [
        ("math-1", "unusable"),
        ("math-1", "unusable"),
        ("math-2", "audited"),
    ]
    assert "would both be named 'math-1'" in outcomes[0].reason


def test_an_adapter_is_audited_again_under_another_label(team: Path, place: str) -> None:
    prompts = [
        {"key": i, "prompt": f"p {i}", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
        for i in range(PROMPTS)
    ]
    jsonl(team / "prompts.jsonl", prompts)
    edit(
        team / "template.yaml",
        lambda study: study["tasks"].append({"task": "ifeval", "prompts": "prompts.jsonl"}),
    )
    look(team, place)
    with Registry.open(place, write=True) as registry:
        outcomes = list(watcher(team, registry, label="instruction").once())
        assert [outcome.state for outcome in outcomes] == ["audited", "audited"]
        assert "instruction" in {row["label"] for row in registry.page(Filter()).rows}


def test_a_failed_audit_is_tried_again_by_the_next_watcher_and_not_by_the_same(
    team: Path, place: str
) -> None:
    (team / "examples.jsonl").rename(team / "away.jsonl")
    with Registry.open(place, write=True) as registry:
        watch = watcher(team, registry)
        first, second = list(watch.once()), list(watch.once())
    assert [outcome.state for outcome in first] == ["unusable", "unusable"]
    assert first == second
    (team / "away.jsonl").rename(team / "examples.jsonl")
    assert [outcome.state for outcome in look(team, place)] == ["audited", "audited"]


def countdown(instant: int, kill: Callable[[], None]) -> Callable[[], None]:
    """Calls `kill` at the call of this number."""
    left = [instant]

    def called() -> None:
        left[0] -= 1
        if not left[0]:
            kill()

    return called


@pytest.mark.parametrize("instant", [1, 7, PROMPTS + 3, 2 * PROMPTS, 2 * PROMPTS + 9])
def test_a_watcher_killed_while_it_generates_is_continued(team: Path, place: str, instant: int) -> None:
    def act(registry: Registry, kill: Callable[[], None]) -> None:
        for _ in watcher(team, registry, countdown(instant, kill)).once():
            pass

    killed(place, act)
    look(team, place)
    assert set(current(place)) == {"math-1", "math-2"}
    answered = Counter(asked(team))
    assert len(answered) == 2 * PROMPTS
    assert max(answered.values()) <= 2  # a response that was not yet on disk is generated again


def test_a_watcher_killed_before_its_verdicts_are_entered_generates_nothing_again(
    team: Path, place: str
) -> None:
    def act(registry: Registry, kill: Callable[[], None]) -> None:
        registry.database.writing = _killing(registry, kill)  # type: ignore[method-assign, assignment]
        for _ in watcher(team, registry).once():
            pass

    killed(place, act)
    before = asked(team)
    assert len(before) == PROMPTS
    assert current(place) == {}
    assert [outcome.state for outcome in look(team, place)] == ["audited", "audited"]
    assert Counter(Counter(asked(team)).values()) == {1: 2 * PROMPTS}


def _killing(registry: Registry, kill: Callable[[], None]) -> Callable[[], object]:
    """Transactions of which the second, that of the verdicts, is not begun."""
    begin, called = registry.database.writing, countdown(2, kill)

    def writing() -> object:
        called()
        return begin()

    return writing


def test_two_watchers_share_the_work(team: Path, place: str) -> None:
    adapters(team, *(f"math-{number}" for number in range(1, 7)))
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                look(team, place)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    for child in children:
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    assert Counter(Counter(asked(team)).values()) == {1: 6 * PROMPTS}
    assert set(current(place)) == {f"math-{number}" for number in range(1, 7)}
