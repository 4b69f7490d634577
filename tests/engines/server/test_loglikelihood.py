"""A continuation's log-likelihood is that of its own tokens, or refused; nothing is estimated."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from assay.engines import Prompt
from assay.engines.server.dialect import Dialect, Target
from assay.engines.server.http import Server
from assay.engines.server.loglikelihood import logprob_of
from assay.engines.server.options import Connection
from assay.errors import EngineError
from tests.engines.server.servers import Toy, reply


def scored(kind: Any, text: str, continuation: str, subject: str = "base", **toy: Any) -> tuple[Any, ...]:
    served = Toy(kind, **toy)

    def answer(request: httpx2.Request) -> httpx2.Response:
        status, data = reply(served, request.url.path, json.loads(request.content), 1)
        return httpx2.Response(status, json=data)

    server = Server(Connection("http://toy"), transport=httpx2.MockTransport(answer))
    prompt = Prompt(subject, "choices", "7", text, kind="loglikelihood", continuation=continuation)
    return logprob_of(server, Dialect(kind), Target(subject), prompt)


@pytest.mark.parametrize(
    ("kind", "pages", "message"),
    [
        ("vllm", {"/tokenize": (404, {"detail": "none"})}, r"/tokenize: no tokens came \(404: none\)"),
        ("sglang", {"/v1/completions": (400, {"error": "no"})}, r"example '7': refused \(400: no\)"),
        (
            "sglang",
            {"/v1/completions": (200, {"choices": [{}]})},
            "echoes no log-probabilities of a prompt; use",
        ),
    ],
)
def test_a_server_that_does_not_answer_as_its_kind_does_is_an_error(
    kind: Any, pages: dict[str, tuple[int, Any]], message: str
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        status, data = pages[request.url.path]
        return httpx2.Response(status, json=data)

    server = Server(Connection("http://toy"), transport=httpx2.MockTransport(answer))
    prompt = Prompt("base", "choices", "7", "abc", kind="loglikelihood", continuation="de")
    with pytest.raises(EngineError, match=message):
        logprob_of(server, Dialect(kind), Target("base"), prompt)


def test_vllm_ranks_exactly_the_tokens_of_the_continuation() -> None:
    # A token a character; the prompt's space counts as the continuation's: places 3, 4 and 5.
    assert scored("vllm", "abc ", "de") == (pytest.approx(-(0.3 + 0.4 + 0.5)), False, 3)


def test_an_adapter_is_asked_by_its_own_name() -> None:
    assert scored("vllm", "abc ", "de", "math") == (pytest.approx(-2 * (0.3 + 0.4 + 0.5)), False, 3)


def test_others_echo_the_tokens_that_make_up_the_continuation() -> None:
    assert scored("sglang", "a bcd ", "ef ghij") == (-8.0, None, 2)


def test_a_token_across_the_border_is_refused() -> None:
    with pytest.raises(EngineError, match="example '7': its tokens do not end where the prompt ends"):
        scored("other", "a bc", "d e")


def test_an_empty_continuation_is_refused() -> None:
    with pytest.raises(EngineError, match="0 tokens to score of 3"):
        scored("vllm", "abc", "")


@pytest.mark.parametrize("kind", ["tgi", "lorax", "llama.cpp", "transformers"])
def test_servers_that_cannot_score_are_refused_with_what_can(kind: str) -> None:
    with pytest.raises(EngineError, match="use vllm, sglang"):
        scored(kind, "a", "b")


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 0.5, -(10**400), "-1.0", True, [1]])
@pytest.mark.parametrize("kind", ["vllm", "sglang"])
def test_what_is_no_log_probability_is_refused(kind: Any, value: Any) -> None:
    pages: dict[str, Callable[[Any], Any]] = {
        "/tokenize": lambda body: {"tokens": [ord(letter) for letter in body["prompt"]]},
        "/v1/completions": lambda body: {
            "choices": [
                {
                    "prompt_logprobs": [
                        {str(token): {"logprob": value, "rank": 1}} for token in body["prompt"]
                    ],
                    "logprobs": {"tokens": ["ab", "c", " end"], "token_logprobs": [None, value, -1.0]},
                }
            ]
        },
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        data = pages[request.url.path](json.loads(request.content))
        return httpx2.Response(200, content=json.dumps(data))

    server = Server(Connection("http://toy"), transport=httpx2.MockTransport(answer))
    prompt = Prompt("base", "choices", "7", "ab", kind="loglikelihood", continuation="c")
    with pytest.raises(EngineError, match="log-probabilit"):
        logprob_of(server, Dialect(kind), Target("base"), prompt)
