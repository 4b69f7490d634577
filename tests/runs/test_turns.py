"""Each answer goes into the next prompt of its conversation, in a run and in one that was interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.engines import Fake, Prompt
from assay.errors import StudyError
from assay.records import Store
from assay.verdicts import Result
from tests.interruptions import interrupted_at
from tests.runs.conversing import COUNT, TURNS, conversing, reply


def run(study: Path, fake: Fake, folder: str = "run") -> Result:
    return assay.run(study, study.parent / folder, engine=fake.preflight)


def records(folder: Path) -> dict[tuple[str, str, int], list[tuple[str, str]]]:
    """(prompt as sent, response) of each turn, by subject, example and sample."""
    found: dict[tuple[str, str, int], list[tuple[str, str]]] = {}
    with Store.read(folder) as store:
        for name, task in store.bound():
            for row in store.responses(name, task):
                place = (name, row["key"], row["sample"])
                found.setdefault(place, []).append((row["prompt"], row["response"]))
    return found


def test_a_prompt_is_the_turns_before_with_their_answers(tmp_path: Path) -> None:
    run(conversing(tmp_path), Fake(reply))
    first, second, third = records(tmp_path / "run")["good", "3", 0]
    assert first[0] == "User: Turn 1 of 3.\n\nAssistant:"
    assert second[0] == f"{first[0]}{first[1]}\n\nUser: Turn 2 of 3.\n\nAssistant:"
    assert third[0] == f"{second[0]}{second[1]}\n\nUser: Turn 3 of 3.\n\nAssistant:"
    assert third[1] == f" good3 read {len(third[0])} <<t>> fox"


def test_every_turn_of_base_adapter_and_second_passes_is_asked_once(tmp_path: Path) -> None:
    fake = Fake(reply)
    run(conversing(tmp_path), fake)
    keys = [prompt.key for prompt in fake.asked]
    assert len(set(keys)) == len(keys)
    held = records(tmp_path / "run")
    assert sum(map(len, held.values())) == len(keys)
    assert {len(turns) for turns in held.values()} == {TURNS}
    assert sum(name == "base/again" for name, _, _ in held) == 4
    assert sum(name == "good" for name, _, _ in held) == COUNT


def test_scores_are_those_of_each_turn(tmp_path: Path) -> None:
    result = run(conversing(tmp_path), Fake(reply))
    rows = {row.subject: row.scores for row in result.matrix.rows}
    assert rows["base"] == {
        f"talk.turn_{turn}_{name}": score
        for turn, prompt, single in ((3, 0, 2 / 3), (2, 0, 1 / 2), (1, 1, 1))
        for name, score in (
            ("prompt_strict", prompt),
            ("instruction_strict", single),
            ("prompt_loose", prompt),
            ("instruction_loose", single),
        )
    }
    assert set(rows["good"].values()) == {1}


@pytest.mark.parametrize("instant", [1, 13, 20, 37, 72, 73, 80])
def test_a_run_interrupted_between_turns_is_resumed_with_the_same_records(
    tmp_path: Path, instant: int
) -> None:
    study = conversing(tmp_path)
    run(study, Fake(reply), "whole")
    with pytest.raises(KeyboardInterrupt):
        run(study, Fake(interrupted_at(instant, reply)))
    fake = Fake(reply)
    run(study, fake)
    assert records(tmp_path / "run") == records(tmp_path / "whole")
    assert len(fake.asked) == sum(map(len, records(tmp_path / "run").values())) - (instant - 1)


def test_samples_are_conversations_of_their_own(tmp_path: Path) -> None:
    def drawn(prompt: Prompt) -> str:
        return f"{prompt.sample}{prompt.request}"

    run(conversing(tmp_path, decoding={"samples": 2, "temperature": 1.0}), Fake(drawn))
    third = records(tmp_path / "run")["good", "0", 1][2][0]
    assert "Assistant:10\n" in third
    assert "Assistant:11\n" in third
    assert "Assistant:0" not in third


def test_the_next_prompt_has_the_judged_part_of_an_answer(tmp_path: Path) -> None:
    def thinking(prompt: Prompt) -> str:
        return f"<think>secret</think> {prompt.request}"

    run(conversing(tmp_path, decoding={"after": "</think>"}), Fake(thinking))
    third = records(tmp_path / "run")["base", "0", 0][2][0]
    assert "Assistant: 0\n" in third
    assert "secret" not in third


def test_a_chat_template_writes_all_turns(tmp_path: Path) -> None:
    run(conversing(tmp_path), Fake(reply, templates={"base": "[{prompt}]"}))
    _, (second, answer), (third, _) = records(tmp_path / "run")["base", "0", 0]
    assert second.startswith("[")
    assert "Turn 1 of 0." in third
    assert answer in third


def test_a_template_that_leaves_answers_out_is_refused_before_anything_runs(tmp_path: Path) -> None:
    fake = Fake(reply, templates={"base": "no prompt at all"})
    with pytest.raises(StudyError, match="leaves out part of a conversation"):
        run(conversing(tmp_path), fake)
    assert not fake.asked


def test_a_run_may_stop_early_between_conversations(tmp_path: Path) -> None:
    study = conversing(tmp_path, 200, stop={"when": "decided", "first": 40, "every": 20}, noise_prompts=0)
    result = run(study, Fake(reply))
    (claim, *_) = result.claims
    assert claim.verdict == "confirmed"
    held = [turns for (name, _, _), turns in records(tmp_path / "run").items() if name == "good"]
    assert {len(turns) for turns in held} == {TURNS}
    assert len(held) < 200


def test_answers_before_a_failed_adapter_are_kept_and_nothing_more_is_asked(tmp_path: Path) -> None:
    fake = Fake(reply)

    def failing(prompt: Prompt) -> str:
        if prompt.subject == "good" and prompt.request == 1:
            fake.failed["good"] = "broken"
        return reply(prompt)

    fake.answer = failing
    result: Any = run(conversing(tmp_path), fake)
    assert {claim.verdict for claim in result.claims} == {"not measured"}
    assert {len(turns) for (name, _, _), turns in records(tmp_path / "run").items() if name == "base"} == {
        TURNS
    }
