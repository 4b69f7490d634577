"""Rows go to vLLM with their adapter, and come back as they finish; what changes nothing is found out."""

from __future__ import annotations

from typing import Any

import pytest

from assay.engines import Prompt
from assay.engines.vllm.session import CONTROL, VllmSession
from assay.errors import EngineError
from tests.engines.following import conversation, dialogues
from tests.engines.vllm.fakes import Engine, core

LORAS = {"math": "math-1", "chat": "chat-2", CONTROL: CONTROL}


def session(engine: Engine, **more: Any) -> VllmSession:
    return VllmSession(core(engine, **more), "base", LORAS, {"math": 4, "chat": 2}, {})


def ask(subject: str, number: int = 0, **more: Any) -> Prompt:
    return Prompt(subject, "gsm", str(number), **{"text": f"prompt {number}", "max_tokens": 20, **more})


def test_every_row_is_answered_once_by_whom_it_was_asked_of() -> None:
    engine = Engine()
    asked = [ask(name, i) for name in ("base", "math", "chat") for i in range(20)]
    got = list(session(engine).complete(asked))
    assert {(one.prompt.subject, one.prompt.example) for one in got} == {
        (r.subject, r.example) for r in asked
    }
    assert len(got) == 60
    assert {row.lora for row in engine.asked} == {None, "math-1", "chat-2"}
    texts = {(one.prompt.subject, one.prompt.example): one.text for one in got}
    assert texts["base", "1"] != texts["math", "1"]


def test_the_base_never_shares_a_batch_with_an_adapter() -> None:
    """vLLM 0.32 on a processor applies the last adapter to rows of the base in such a batch."""
    engine = Engine()
    made = session(engine)
    made.liveness(["math", "chat"])
    list(made.complete(ask(name, i) for i in range(9) for name in ("base", "math", "chat")))
    assert not engine.mixed


def test_two_batches_are_handed_over_and_no_more() -> None:
    engine = Engine()
    list(session(engine, rows=4).complete(ask("base", i) for i in range(50)))
    assert engine.most == 8


def test_rows_that_are_no_longer_wanted_are_aborted() -> None:
    engine = Engine()
    results = iter(session(engine).complete([ask("base", i) for i in range(9)]))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert engine.aborted


def test_limits_are_those_of_the_request_and_the_bases_ends() -> None:
    engine = Engine()
    list(session(engine).complete([ask("base", stop=("\n", ""), temperature=0.5, max_tokens=9, ends=(7,))]))
    limits = engine.asked[0].limits
    assert (limits.stop, limits.stop_token_ids, limits.max_tokens) == (["\n"], [2, 3, 7], 9)
    assert limits.temperature == 0.5
    assert 0 <= limits.seed < 2**31


def test_greedy_rows_have_no_seed() -> None:
    engine = Engine()
    list(session(engine).complete([ask("base")]))
    assert not hasattr(engine.asked[0].limits, "seed")


def test_the_beginning_of_a_text_is_marked_once() -> None:
    engine = Engine()
    list(session(engine).complete([ask("base", text="<hi"), ask("base", 1, text="hi")]))
    assert [row.tokens for row in engine.asked] == [[ord(c) for c in "<hi"]] * 2


def test_a_long_prompt_leaves_the_room_that_it_leaves() -> None:
    engine = Engine()
    list(session(engine, context=12).complete([ask("base", text="x" * 8)]))
    assert engine.asked[0].limits.max_tokens == 3


@pytest.mark.parametrize("more", [{"text": "x" * 300}, {"max_tokens": 0}])
def test_what_does_not_fit_is_an_error_that_names_the_example(more: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match=r"example '0'.*do not fit a context of 200"):
        list(session(Engine()).complete([ask("base", **more)]))


def test_an_unknown_subject_is_an_error() -> None:
    with pytest.raises(EngineError, match="'nobody' is not loaded"):
        list(session(Engine()).complete([ask("nobody")]))


def test_a_failed_adapter_yields_nothing() -> None:
    made = VllmSession(core(Engine()), "base", {"math": "math-1"}, {}, {"chat": "its rank"})
    assert [one.prompt.subject for one in made.complete([ask("chat"), ask("math")])] == ["math"]
    assert made.failed == {"chat": "its rank"}


@pytest.mark.parametrize("prompts", [True, False])
def test_an_adapter_that_vllm_does_not_apply_is_not_applied(prompts: bool) -> None:
    made = session(Engine(inert=frozenset({"math-1", CONTROL})), prompts=prompts)
    found = {one.adapter: one for one in made.liveness(["math", "chat"], {"math": ["as sent"]})}
    assert (found["math"].verdict, found["math"].modules) == ("not applied", 4)
    assert (found["chat"].alive, found["chat"].modules) == (True, 2)


def test_the_control_tells_rounding_from_change() -> None:
    """Alone, the base would be no measure: adapters go another way through the same arithmetic."""
    inert = frozenset({"math-1", CONTROL})
    (found,) = session(Engine(inert=inert, rounding=0.05)).liveness(["math"])
    assert found.verdict == "not applied"
    without = VllmSession(core(Engine(inert=inert, rounding=0.05)), "base", {"math": "math-1"}, {}, {})
    assert without.liveness(["math"])[0].alive


def test_log_probabilities_of_prompts_are_asked_for_only_where_vllm_tells_them_right() -> None:
    engine = Engine()
    session(engine, prompts=False).liveness(["math"])
    assert not any(hasattr(row.limits, "prompt_logprobs") for row in engine.asked)


def test_a_continuation_is_scored_by_its_own_tokens() -> None:
    (got,) = session(Engine()).complete([ask("base", text="abc ", kind="loglikelihood", continuation="de")])
    (again,) = session(Engine()).complete([ask("base", text="abc", kind="loglikelihood", continuation=" de")])
    assert got.tokens == again.tokens == 3
    assert got.logprob == again.logprob
    assert got.logprob is not None
    assert got.logprob < 0


def test_scoring_beside_adapters_of_the_output_layer_is_refused() -> None:
    with pytest.raises(EngineError, match="lm_head"):
        list(session(Engine(), prompts=False).complete([ask("base", kind="loglikelihood", continuation="x")]))


def test_a_closed_session_says_so() -> None:
    made = session(Engine())
    made.close()
    with pytest.raises(EngineError, match="no longer in memory"):
        list(made.complete([ask("base")]))


def test_a_turn_enters_once_the_one_before_is_answered() -> None:
    asked = [conversation(ask(name, i)) for name in ("base", "math") for i in range(9)]
    found = dialogues(list(session(Engine(), rows=4).complete(asked)))
    assert len(found) == 18
    for (first, one), (second, two), (third, _) in found.values():
        assert second == f"{first}{one} Turn 2?"
        assert third == f"{second}{two} Turn 3?"


def test_a_turn_without_room_is_answered_by_nothing() -> None:
    made = session(Engine(), context=20)
    (turns,) = dialogues(list(made.complete([conversation(ask("base"))]))).values()
    assert [bool(answer) for _, answer in turns] == [True, False, False]
