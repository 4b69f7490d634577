"""Asked as a study asks: each kind in its own words, adapters that are ignored, servers that misbehave."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from assay.engines import Completion, Prompt
from assay.engines.probes import PROBES, ROUNDS, TOKENS
from assay.engines.server.preflight import ServerPreflight
from assay.errors import EngineError
from tests.engines.server.servers import Handler, Toy, speak
from tests.engines.server.test_http import failing
from tests.engines.server.test_preflight import KINDS, errors, look

Serve = Callable[[Toy], str]


def ask(subject: str, number: int = 0, **more: Any) -> Prompt:
    return Prompt(subject, "numeric", str(number), **{"text": f"prompt {number}", "max_tokens": 20, **more})


def completions(looked: ServerPreflight, requests: Sequence[Prompt]) -> dict[tuple[str, str], Completion]:
    with looked.load() as session:
        return {(one.prompt.subject, one.prompt.example): one for one in session.complete(requests)}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "transformers"])
def test_base_and_adapters_answer_each_in_their_own_words(home: Path, serve: Serve, kind: str) -> None:
    toy = Toy(kind)
    names = {"base": "", "math": str(home / "math") if kind == "lorax" else "math"}
    got = completions(look(home, serve(toy), kind), [ask(name, i) for name in names for i in range(9)])
    for (name, number), one in got.items():
        words, _ = speak(f"prompt {number}", names[name], 20)
        assert one.text == "".join(words)
        assert (one.tokens, one.finish) == (12, "stop")
        assert one.seconds is not None
    assert len(got) == 18


def test_transformers_is_asked_by_the_folder_that_it_is_to_load(home: Path, serve: Serve) -> None:
    toy = Toy("transformers", base=str(home / "base"), adapters={str(home / "math"): ""})
    got = completions(look(home, serve(toy), "transformers", "math"), [ask("base"), ask("math")])
    assert got["math", "0"].text != got["base", "0"].text


def test_an_answer_cut_by_its_limit_says_so(home: Path, serve: Serve) -> None:
    got = completions(look(home, serve(Toy())), [ask("base", max_tokens=5)])
    assert (got["base", "0"].tokens, got["base", "0"].finish) == (5, "length")


def test_what_follows_a_stop_is_cut_here_too(home: Path, serve: Serve) -> None:
    word = speak("prompt 0", "", 20)[0][3].strip()
    got = completions(look(home, serve(Toy())), [ask("base", stop=(word,))])["base", "0"]
    assert word not in got.text
    assert got.finish == "stop"


def test_chats_are_user_turns_and_nothing_else_is_asked(home: Path, serve: Serve) -> None:
    toy = Toy("other", completions=False)
    looked = look(home, serve(toy), "other")
    turn = looked.chat("prompt 0", looked.templates["base"])
    got = completions(looked, [ask("base", text=turn), ask("math", text=turn)])
    assert got["math", "0"].text != got["base", "0"].text
    with looked.load() as session, pytest.raises(EngineError, match=r"decoding\.template"):
        list(session.complete([ask("base", text="never meant as a turn")]))


def test_an_empty_message_is_a_null(home: Path, serve: Serve) -> None:
    data = {"choices": [{"message": {"content": None}, "finish_reason": "length"}]}
    toy = Toy("other", completions=False)
    looked = look(home, serve(toy), "other", options={"api": "chat"})
    toy.before = failing(1, lambda handler: handler.answer(200, data))
    (got,) = completions(looked, [ask("base", text=looked.chat("hi", looked.templates["base"]))]).values()
    assert (got.text, got.null, got.finish) == ("", True, "length")


# -- adapters that are not what their names say -----------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("transformers", "lorax")])
def test_an_ignored_adapter_is_not_applied(home: Path, serve: Serve, kind: str) -> None:
    with look(home, serve(Toy(kind, ignores={"math"})), kind).load() as session:
        by_name = {one.adapter: one for one in session.liveness(["math", "chat"])}
    assert (by_name["math"].verdict, by_name["math"].largest, by_name["math"].differ) == ("not applied", 0, 0)
    assert "the base's" in by_name["math"].reason
    assert by_name["chat"].alive
    assert by_name["chat"].differ > 0.5


@pytest.mark.parametrize("logprobs", [True, False])
def test_a_base_that_answers_otherwise_after_an_adapter_ends_it(
    home: Path, serve: Serve, logprobs: bool
) -> None:
    taken: list[str] = []

    def words(prompt: str, adapter: str, tokens: int) -> tuple[list[str], list[float]]:
        taken.extend([adapter] if adapter else [])
        return speak(prompt, taken[-1] if taken else "", tokens)  # whoever was applied last stays

    session = look(home, serve(Toy(words=words, logprobs=logprobs))).load()
    with (
        session as opened,
        pytest.raises(
            EngineError, match="after a request to the adapter than before it: the server mixes them"
        ),
    ):
        opened.liveness(["math", "chat"])


def test_a_base_that_an_adapter_moves_in_log_probabilities_alone_ends_it(home: Path, serve: Serve) -> None:
    seen: list[str] = []

    def words(prompt: str, adapter: str, tokens: int) -> tuple[list[str], list[float]]:
        seen.extend([adapter] if adapter else [])
        said, logprobs = speak(prompt, "", tokens)
        return said, [value - 0.05 * bool(seen) for value in logprobs]

    with (
        look(home, serve(Toy(words=words))).load() as session,
        pytest.raises(EngineError, match="mixes them"),
    ):
        session.liveness(["math"])


def test_without_log_probabilities_texts_decide(home: Path, serve: Serve) -> None:
    with look(home, serve(Toy(logprobs=False, ignores={"math"}))).load() as session:
        by_name = {one.adapter: one for one in session.liveness(["math", "chat"])}
    assert by_name["math"].verdict == "not applied"
    assert "text for text" in by_name["math"].reason
    assert by_name["chat"].alive


def test_a_server_that_refuses_log_probabilities_is_asked_without(home: Path, serve: Serve) -> None:
    def before(_toy: Toy, handler: Handler, _path: str, body: dict[str, Any]) -> bool:
        if "logprobs" in body:
            handler.answer(422, {"detail": "no logprobs here"})
        return "logprobs" in body

    with look(home, serve(Toy(before=before, ignores={"math"}))).load() as session:
        by_name = {one.adapter: one.alive for one in session.liveness(["math", "chat"])}
    assert by_name == {"math": False, "chat": True}


def test_an_ignored_adapter_on_a_server_that_rounds_is_never_alive(home: Path, serve: Serve) -> None:
    toy = Toy(ignores={"math"}, noise=lambda number: 0.03 * ((number * 7919) % 13 - 6) / 6)
    with look(home, serve(toy)).load() as session:
        by_name = {one.adapter: one for one in session.liveness(["math", "chat"])}
    assert not by_name["math"].alive
    assert by_name["chat"].alive


def test_an_adapter_is_looked_at_by_every_session_before_it_is_asked(home: Path, serve: Serve) -> None:
    toy = Toy()
    looked = look(home, serve(toy))
    assert len(completions(looked, [ask("math"), ask("chat")])) == 2
    toy.ignores = {"math"}  # the server was started anew
    with look(home, serve(toy)).load() as session:
        got = list(session.complete([ask("math"), ask("chat")]))
        assert [one.prompt.subject for one in got] == ["chat"]
        assert "the base's" in session.failed["math"]


def test_an_adapter_that_shows_in_prompts_as_sent_only_is_asked_by_a_later_session_too(
    home: Path, serve: Serve
) -> None:
    def trained(prompt: str, adapter: str, tokens: int) -> tuple[list[str], list[float]]:
        return speak(prompt, adapter if "<trained>" in prompt else "", tokens)

    with look(home, serve(Toy(words=trained))).load() as session:
        sent = [ask("math", text="<trained> hello"), ask("math", text="<trained> 1 + 1 =")]
        got = list(session.complete([sent[0], replace(sent[1], task="other")]))
        assert (len(got), session.failed) == (2, {})
        assert list(session.complete([ask("chat", text="hello")])) == []


def test_the_base_is_never_asked_beside_an_adapter(home: Path, serve: Serve) -> None:
    """vLLM 0.32 on a processor applies the last adapter to rows of the base that share a batch with one."""
    toy = Toy()
    looked = look(home, serve(toy))
    with looked.load() as session:
        session.liveness(["math", "chat"])
        toy.bodies.clear()
        list(session.complete([ask(name, i) for i in range(9) for name in ("math", "base", "chat")]))
    who = [toy.adapter_of(body) == "" for body in toy.asked("/v1/completions")]
    assert who == sorted(who, reverse=True)


def test_looking_costs_a_fixed_number_of_short_answers(home: Path, serve: Serve) -> None:
    toy = Toy()
    with look(home, serve(toy)).load() as session:
        session.liveness(["math", "chat"], {"math": ["as sent"]})
    count = len(PROBES)
    assert toy.by_adapter() == {"": ROUNDS * (count + 1), "math": count + 1, "chat": count}
    assert {body["max_tokens"] for body in toy.asked("/v1/completions") if body} == {TOKENS}


def test_a_name_that_the_server_forgot_fails_that_adapter_alone(home: Path, serve: Serve) -> None:
    toy = Toy()
    looked = look(home, serve(toy))
    del toy.adapters["math"]
    with looked.load() as session:
        assert [one.adapter for one in session.liveness(["math", "chat"])] == ["chat"]
        got = list(session.complete([ask(name, i) for name in ("math", "chat") for i in range(3)]))
        assert {one.prompt.subject for one in got} == {"chat"}
        assert "does not exist" in session.failed["math"]


def test_an_adapter_over_which_the_server_fails_inside_fails_alone(home: Path, serve: Serve) -> None:
    def before(_toy: Toy, handler: Handler, _path: str, body: dict[str, Any]) -> bool:
        if body.get("model") == "math":
            handler.answer(500, {"error": "no tokenizer in it"})
        return body.get("model") == "math"

    with look(home, serve(Toy(before=before)), options={"retries": 0}).load() as session:
        assert [one.adapter for one in session.liveness(["math", "chat"])] == ["chat"]
        assert "no tokenizer in it" in session.failed["math"]


def test_a_server_that_ends_while_adapters_are_looked_at_fails_none_of_them(home: Path, serve: Serve) -> None:
    def before(toy: Toy, handler: Handler, _path: str, body: dict[str, Any]) -> bool:
        ended = toy.by_adapter()["math"] > 0
        if ended:
            handler.drop()
        return ended and bool(body)

    looked = look(home, serve(Toy(before=before)), options={"retries": 0})
    with looked.load() as session, pytest.raises(EngineError, match="the connection broke"):
        session.liveness(["math", "chat"])


def test_a_server_that_says_that_another_answered_is_believed(home: Path, serve: Serve) -> None:
    def before(_toy: Toy, handler: Handler, _path: str, body: dict[str, Any]) -> bool:
        if body.get("model") == "math":
            handler.answer(
                200, {"model": "base", "choices": [{"text": "other words", "finish_reason": "stop"}]}
            )
        return body.get("model") == "math"

    with look(home, serve(Toy(before=before))).load() as session:
        assert [one.adapter for one in session.liveness(["math", "chat"])] == ["chat"]
        assert "'base' answered" in session.failed["math"]


def test_the_base_of_llama_cpp_is_asked_with_every_adapter_off(home: Path, serve: Serve) -> None:
    toy = Toy("llama.cpp")
    completions(look(home, serve(toy), "llama.cpp"), [ask("base"), ask("chat")])
    scales = [[one["scale"] for one in body["lora"]] for body in toy.asked("/v1/completions") if body]
    assert {tuple(one) for one in scales} == {(0, 0), (0, 1)}


# -- loading ----------------------------------------------------------------------------------------


def test_an_adapter_is_loaded_under_a_name_of_its_content_and_let_go(home: Path, serve: Serve) -> None:
    toy = Toy(adapters={"chat": ""})
    looked = look(home, serve(toy), options={"load": True, "retries": 0})
    assert errors(looked.problems) == {}
    with looked.load() as session:
        (name,) = set(toy.adapters) - {"chat"}
        assert name.startswith("math-")
        assert toy.adapters[name] == str(home / "math")
        assert [one.alive for one in session.liveness(["math", "chat"])] == [True, True]
    assert set(toy.adapters) == {"chat"}


def test_a_server_that_may_not_load_fails_those_adapters_alone(home: Path, serve: Serve) -> None:
    looked = look(home, serve(Toy(adapters={"chat": ""}, loads=False)), options={"load": True, "retries": 0})
    with looked.load() as session:
        assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING" in session.failed["math"]
        assert [one.prompt.subject for one in session.complete([ask("math"), ask("chat")])] == ["chat"]


# -- misbehaviour -----------------------------------------------------------------------------------


def test_no_more_requests_are_under_way_than_allowed(home: Path, serve: Serve) -> None:
    toy = Toy()
    completions(look(home, serve(toy), concurrency=3), [ask("base", i) for i in range(60)])
    assert toy.busiest <= 3


def test_a_long_prompt_is_answered_in_the_room_that_is_left(home: Path, serve: Serve) -> None:
    toy = Toy(context=45)
    got = completions(look(home, serve(toy)), [ask("base", text="x" * 40, max_tokens=20)])
    assert toy.asked("/v1/completions")[-1]["max_tokens"] == 5
    assert got["base", "0"].finish == "length"


def test_a_prompt_without_room_is_an_error_that_names_the_example(home: Path, serve: Serve) -> None:
    with pytest.raises(EngineError, match=r"example '0' of 'base': refused \(400: the context is 45 tokens"):
        completions(look(home, serve(Toy(context=45))), [ask("base", text="x" * 99)])


def test_a_turn_that_has_outgrown_the_context_is_answered_by_nothing_and_the_next_one_follows(
    home: Path, serve: Serve
) -> None:
    def then(completion: Completion) -> Prompt:
        assert (completion.text, completion.finish, completion.tokens) == ("", "length", 0)
        return ask("base", 2, text="y" * 45, follows=True, request=2)

    second = ask("base", 1, text="x" * 99, follows=True, request=1, then=then)
    got = completions(look(home, serve(Toy(context=45))), [second, ask("base", 3)])
    assert [got["base", number].finish for number in ("1", "2", "3")] == ["length", "length", "stop"]
    assert got["base", "2"].text == ""


def test_an_answer_that_cannot_be_read_is_asked_for_again(home: Path, serve: Serve) -> None:
    toy = Toy()
    looked = look(home, serve(toy))
    toy.before = failing(2, lambda handler: handler.answer(200, {"choices": []}))
    assert completions(looked, [ask("base")])["base", "0"].tokens == 12


def test_a_server_that_never_makes_sense_is_named_in_the_end(home: Path, serve: Serve) -> None:
    toy = Toy()
    looked = look(home, serve(toy))
    toy.before = failing(99, lambda handler: handler.answer(200, {"outputs": []}))
    with pytest.raises(
        EngineError, match=r"no generated text.*check that `engine\.server` \(vllm\) is the kind"
    ):
        completions(looked, [ask("base")])


def test_a_server_that_hangs_does_not_keep_an_interrupted_run(home: Path, serve: Serve) -> None:
    asked, never = Event(), Event()

    def before(_toy: Toy, _handler: Handler, path: str, body: dict[str, Any]) -> bool:
        if path != "/v1/completions" or body.get("prompt") in (None, "prompt 0"):
            return False
        asked.set()
        return never.wait(60)  # only a dropped connection frees the client

    looked = look(home, serve(Toy(before=before)))
    with looked.load() as session:
        results = session.complete([ask("base", i) for i in range(5)])
        assert next(results).prompt.example == "0"
        assert asked.wait(10)
        results.close()  # type: ignore[attr-defined]
        assert not never.is_set()
        never.set()


def test_a_continuation_is_scored_and_not_generated(home: Path, serve: Serve) -> None:
    prompt = ask("base", text="abc ", kind="loglikelihood", continuation="de")
    (got,) = completions(look(home, serve(Toy())), [prompt]).values()
    assert got.logprob == pytest.approx(-1.2)
    assert (got.tokens, got.greedy) == (3, False)
    assert (got.text, got.prompt) == ("de", prompt)


def test_an_adapter_that_the_server_forgets_during_a_run_fails_alone(home: Path, serve: Serve) -> None:
    toy = Toy()
    looked = look(home, serve(toy))
    with looked.load() as session:
        session.liveness(["math", "chat"])
        del toy.adapters["math"]
        got = list(session.complete([ask(name, i) for name in ("math", "chat") for i in range(3)]))
        assert {one.prompt.subject for one in got} == {"chat"}
        assert "the server does not answer for it (404: The model `math`" in session.failed["math"]


def test_a_subject_that_is_not_served_is_an_error_that_lists_those_that_are(home: Path, serve: Serve) -> None:
    with pytest.raises(EngineError, match=r"subject 'code' is not served \(served: base, math, chat\)"):
        completions(look(home, serve(Toy())), [ask("code")])


def test_adapters_that_a_server_confuses_are_not_measured(home: Path, serve: Serve) -> None:
    def words(prompt: str, adapter: str, tokens: int) -> tuple[list[str], list[float]]:
        return speak(prompt, adapter and "math", tokens)  # the one that it loaded first, for both

    with look(home, serve(Toy(words=words))).load() as session:
        by_name = {entry.adapter: entry for entry in session.liveness(["math", "chat"])}
    assert {entry.verdict for entry in by_name.values()} == {"not measured"}
    assert "answers for it just as for 'math'" in by_name["chat"].reason


def test_one_adapter_under_two_names_is_applied_under_both(home: Path, serve: Serve) -> None:
    shutil.rmtree(home / "chat")
    shutil.copytree(home / "math", home / "chat")
    toy = Toy(words=lambda prompt, adapter, tokens: speak(prompt, adapter and "math", tokens))
    with look(home, serve(toy)).load() as session:
        assert all(entry.alive for entry in session.liveness(["math", "chat"]))
