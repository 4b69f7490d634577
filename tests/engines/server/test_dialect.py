"""What is sent to each kind of server, and what its answers say."""

from __future__ import annotations

from typing import Any

import pytest

from assay.engines import Prompt
from assay.engines.chat_template import Tokens
from assay.engines.encoding import seed_of
from assay.engines.server.dialect import Answer, Dialect, Target, UnreadableError
from assay.errors import EngineError

SAMPLED = Prompt("math", "numeric", "3", "hi", temperature=0.7, seed=5, stop=("\n\n", ""), max_tokens=33)
MARKED = Tokens({"bos_token": "<s>"}, begins=True)


def test_everything_that_shapes_an_answer_is_sent() -> None:
    body = Dialect("vllm").body(SAMPLED, Target("math"))
    assert body == {
        "model": "math",
        "prompt": "hi",
        "add_special_tokens": True,
        "max_tokens": 33,
        "temperature": 0.7,
        "seed": seed_of(SAMPLED),
        "stop": ["\n\n"],
        "stream": False,
        "top_p": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "top_k": -1,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
    }


def test_a_greedy_prompt_has_no_seed_and_asks_for_log_probabilities_only_where_told() -> None:
    greedy = Prompt("math", "numeric", "3", "hi")
    body = Dialect("other").body(greedy, Target("math"))
    assert not {"seed", "stop", "logprobs"} & body.keys()
    assert Dialect("other").body(greedy, Target("math"), logprobs=True)["logprobs"] == 1
    assert Dialect("other", chat=True).body(greedy, Target("math"), logprobs=True)["logprobs"] is True


def test_a_chat_is_one_user_turn() -> None:
    dialect = Dialect("other", chat=True)
    assert dialect.path == "/v1/chat/completions"
    assert dialect.body(SAMPLED, Target("math"))["messages"] == [{"role": "user", "content": "hi"}]


def test_tgis_own_form_names_the_adapter_among_the_parameters() -> None:
    dialect = Dialect("lorax")
    body = dialect.body(SAMPLED, Target("base", {"adapter_id": "math"}))
    assert (dialect.path, body["inputs"]) == ("/generate", "hi")
    assert {"adapter_id": "math", "do_sample": True, "stop": ["\n\n"]}.items() <= body["parameters"].items()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("vllm", {"prompt": "<s>hi", "add_special_tokens": False}), ("other", {"prompt": "hi"})],
)
def test_the_beginning_of_a_text_is_marked_once(kind: Any, fields: dict[str, Any]) -> None:
    assert Dialect(kind, tokens=MARKED).prompt("<s>hi") == fields


LISTED = {"tokens": ["a", " b"], "token_logprobs": [-1, -2.5]}
CONTENT = {"content": [{"token": "a", "logprob": -1}, {"token": " b", "logprob": -2.5}]}


def choice(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [fields], "usage": {"completion_tokens": 2}}


@pytest.mark.parametrize(
    ("dialect", "data", "answer"),
    [
        (
            Dialect("vllm"),
            choice(text="a b", finish_reason="eos", logprobs=LISTED),
            Answer("a b", "stop", 2, "m", ("a", " b"), (-1.0, -2.5)),
        ),
        (
            Dialect("other", chat=True),
            choice(message={"content": "a b"}, finish_reason="length", logprobs=CONTENT),
            Answer("a b", "length", 2, "m", ("a", " b"), (-1.0, -2.5)),
        ),
        (Dialect("other", chat=True), choice(message={"content": None}), Answer(None, None, 2, "m")),
        (
            Dialect("vllm"),
            choice(text="a", logprobs={"tokens": ["a"], "token_logprobs": [None]}),
            Answer("a", None, 2, "m"),
        ),
        (
            Dialect("tgi"),
            [{"generated_text": "a", "details": {"finish_reason": "eos_token", "generated_tokens": 1}}],
            Answer("a", "stop", 1, ""),
        ),
        (
            Dialect("lorax"),
            {"generated_text": "a", "details": {"tokens": [{"text": "a", "logprob": -1}]}},
            Answer("a", None, None, "", ("a",), (-1.0,)),
        ),
    ],
)
def test_an_answer_is_read_in_every_form(dialect: Dialect, data: Any, answer: Answer) -> None:
    assert dialect.read(data) == answer


@pytest.mark.parametrize(
    "data",
    [
        {"choices": []},
        {"choices": [{"text": 5}]},
        {"error": {"message": "overheated"}},
        "Success",
        {"choices": [{"text": "a", "finish_reason": "abort"}]},
        None,
    ],
)
def test_an_answer_without_its_text_is_unreadable(data: Any) -> None:
    with pytest.raises(UnreadableError):
        Dialect("vllm").read(data)


def test_a_withheld_answer_ends_the_run_with_the_fix() -> None:
    with pytest.raises(EngineError, match=r"content_filter.*; turn its filter off"):
        Dialect("vllm").read(choice(text="", finish_reason="content_filter"))


def test_half_a_character_is_replaced_and_a_whole_one_is_joined() -> None:
    answer = Dialect("vllm").read(choice(text="a\ud800b \ud83d\ude00"))
    assert answer.text == "a\ufffdb \U0001f600"


@pytest.mark.parametrize("tokens", [2**63, -1, "7", 7.5, True, [7], None])
def test_a_number_of_tokens_that_is_none_is_not_known(tokens: Any) -> None:
    answer = Dialect("vllm").read(choice(text="a") | {"usage": {"completion_tokens": tokens}})
    assert answer.tokens is None


def test_a_number_beyond_every_float_is_no_log_probability() -> None:
    with pytest.raises(UnreadableError):
        Dialect("vllm").read(choice(text="a", logprobs={"tokens": ["a"], "token_logprobs": [-(10**400)]}))


def test_a_conversation_goes_to_a_chat_server_as_messages() -> None:
    turns = [{"role": role, "content": role} for role in ("user", "assistant", "user")]
    dialect = Dialect("vllm", True, chats={"all of it": turns})
    asked = [Prompt("base", "t", "1", text) for text in ("all of it", "another text")]
    bodies = [dialect.body(prompt, Target("base")) for prompt in asked]
    assert [body["messages"] for body in bodies] == [turns, [{"role": "user", "content": "another text"}]]
