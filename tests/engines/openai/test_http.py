"""One server: keys, retries, time-outs, and what an answer that is none leads to."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.engines.openai.http import RefusedError, Server
from assay.engines.openai.patience import Patience, Valve, asked_wait
from assay.errors import EngineError
from tests.engines.openai.servers import Handler, Toy

Serve = Callable[[Toy], str]
BODY = {"model": "base", "prompt": "hi", "max_tokens": 4}
KEY = "sk-very-secret"


def told(url: str, waits: list[float], **more: Any) -> Server:
    """A server whose waits are noted instead of waited."""
    patience = more.pop("patience", Patience(retries=4, draw=lambda _, high: high))
    return Server(url, patience=patience, wait=waits.append, **more)


def failing(times: int, act: Callable[[Handler], Any]) -> Callable[..., bool]:
    """Misbehave so many times, then no more."""
    left = [times]

    def before(_toy: Toy, handler: Handler, *_: Any) -> bool:
        if left[0] == 0:
            return False
        left[0] -= 1
        act(handler)
        return True

    return before


@pytest.mark.parametrize("status", [408, 424, 429, 502, 503, 504, 529])
def test_states_that_pass_are_waited_for_with_twice_the_bound_each_time(serve: Serve, status: int) -> None:
    waits: list[float] = []
    url = serve(Toy(before=failing(3, lambda handler: handler.answer(status, {"error": "busy"}))))
    server = told(url, waits)
    assert server.post("/v1/completions", BODY).ok
    assert waits == [0.5, 1.0, 2.0]
    server.close()


def test_a_server_that_fails_inside_is_asked_three_times(serve: Serve) -> None:
    toy = Toy(before=failing(9, lambda handler: handler.answer(500, {"error": "key missing"})))
    server = told(serve(toy), [])
    with pytest.raises(EngineError, match="tried 3 times: 500 key missing"):
        server.post("/v1/completions", BODY)
    assert len(toy.bodies) == 3
    server.close()


def test_refusals_for_want_of_room_count_only_while_nobody_is_answered(serve: Serve) -> None:
    """Of 12 refusals, 9 come while another request gets through; 4 alone would end a request of 4 tries."""
    url = serve(Toy(before=failing(12, lambda handler: handler.answer(429, {"error": "busy"}))))
    waits: list[float] = []
    server = told(url, waits, patience=Patience(retries=3, draw=lambda _, high: high))

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) <= 9:
            server.valve.widen()  # somebody else was answered

    server._wait = wait
    assert server.post("/v1/completions", BODY).ok
    assert len(waits) == 12
    server.close()


def test_no_try_comes_before_the_server_asks_for_it(serve: Serve) -> None:
    waits: list[float] = []
    url = serve(Toy(before=failing(1, lambda handler: handler.answer(429, "", Retry_After="7"))))
    server = told(url, waits)
    assert server.post("/v1/completions", BODY).ok
    assert waits == [7.5]
    server.close()


def test_a_server_that_asks_for_an_hour_is_not_waited_for(serve: Serve) -> None:
    waits: list[float] = []
    url = serve(Toy(before=failing(9, lambda handler: handler.answer(503, "", Retry_After="3600"))))
    server = told(url, waits)
    with pytest.raises(EngineError, match=r"asks for 3600 seconds.*run again"):
        server.post("/v1/completions", BODY)
    assert waits == []
    server.close()


@pytest.mark.parametrize(
    "act",
    [
        lambda handler: handler.drop(),
        lambda handler: handler.answer(200, '{"choices": [{"te'),
    ],
)
def test_dropped_connections_and_half_answers_are_tried_again(serve: Serve, act: Any) -> None:
    server = told(serve(Toy(before=failing(2, act))), [])
    assert server.post("/v1/completions", BODY).data["choices"]
    server.close()


def test_a_connection_that_the_server_closed_while_it_was_idle_costs_no_try(serve: Serve) -> None:
    def before(_toy: Toy, handler: Handler, *_: Any) -> bool:
        handler.close_connection = True  # without a header that says so
        return False

    toy, waits = Toy(before=before), list[float]()
    server = told(serve(toy), waits)
    for _ in range(3):
        assert server.post("/v1/completions", BODY).ok
    assert (waits, len(toy.bodies)) == ([], 3)
    server.close()


def test_a_timeout_is_tried_again_and_named_in_the_end() -> None:
    class Slow(HTTPConnection):
        def request(self, *_: Any, **__: Any) -> None:
            raise TimeoutError

    waits: list[float] = []
    server = told("http://x", waits, connect=lambda: Slow("x"))
    with pytest.raises(EngineError, match=r"tried 5 times: .*engine\.timeout"):
        server.post("/v1/completions", BODY)
    assert len(waits) == 4


def test_nobody_listening_is_said_in_words() -> None:
    with pytest.raises(EngineError, match="no server listens there"):
        told("http://127.0.0.1:1", []).get("/v1/models")


def test_other_refusals_are_replies_and_not_tried_again(serve: Serve) -> None:
    toy = Toy(before=failing(9, lambda handler: handler.answer(400, {"error": {"message": "too long"}})))
    server = told(serve(toy), [])
    reply = server.post("/v1/completions", BODY)
    assert (reply.status, reply.said, len(toy.bodies)) == (400, "too long", 1)
    server.close()


def test_redirects_are_not_followed(serve: Serve) -> None:
    toy = Toy(before=failing(1, lambda handler: handler.answer(307, "", Location="http://elsewhere")))
    server = told(serve(toy), [], key=KEY)
    assert server.post("/v1/completions", BODY).status == 307
    server.close()


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_a_server_that_repeats_the_key_does_not_bring_it_into_a_message(serve: Serve, status: int) -> None:
    said = {"error": {"message": f"what about {KEY}?"}}
    server = told(serve(Toy(before=failing(9, lambda handler: handler.answer(status, said)))), [], key=KEY)
    text = ""
    try:
        text = server.post("/v1/completions", BODY).said
    except EngineError as bad:
        text = "".join(traceback.format_exception(bad))
    assert text
    assert KEY not in text
    server.close()


def test_a_key_that_is_not_taken_ends_it_at_once_with_the_field_to_mend(serve: Serve) -> None:
    toy = Toy(key="other")
    server = told(serve(toy), [], key=KEY)
    with pytest.raises(RefusedError, match=r"engine\.key_env"):
        server.post("/v1/completions", BODY)
    assert len(toy.bodies) == 1
    server.close()


def test_the_text_of_an_answer_is_left_alone_even_where_it_holds_the_key(serve: Serve) -> None:
    toy = Toy(before=failing(1, lambda handler: handler.answer(200, {"choices": [{"text": "a b"}]})))
    server = told(serve(toy), [], key="a")
    assert server.post("/v1/completions", BODY).data["choices"][0]["text"] == "a b"
    server.close()


def test_a_path_before_the_api_is_kept(serve: Serve) -> None:
    toy = Toy()
    server = told(serve(toy) + "/proxy", [])
    assert server.post("/v1/completions", BODY).status == 404
    assert toy.bodies[0][0] == "/proxy/v1/completions"
    server.close()


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        ("3", 3),
        ("0.25", 0.25),
        ("-1", 0),
        ("inf", 0),
        ("nan", 0),
        ("soon", 0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30),
        ("Wed, 31 Dec 2025 00:00:30 GMT", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str, seconds: float) -> None:
    assert asked_wait({"retry-after": text}, lambda: NOW) == pytest.approx(seconds)


@given(st.text())
def test_no_retry_after_header_breaks_anything(text: str) -> None:
    assert 0 <= asked_wait({"retry-after": text}, lambda: NOW) < float("inf")


@given(st.integers(0, 100), st.floats(0, 100))
def test_waits_lie_between_what_is_asked_for_and_the_longest_on_top_of_it(attempt: int, asked: float) -> None:
    patience = Patience()
    assert asked <= patience.delay(attempt, asked) <= asked + patience.longest


def test_one_wave_of_refusals_halves_the_valve_once() -> None:
    valve = Valve(16)
    with valve.through() as one, valve.through() as other:
        valve.narrow(one)
        valve.narrow(other)
    assert valve.limit == 8
    for _ in range(200):
        valve.widen()
    assert valve.limit == 16


def test_the_valve_never_closes_wholly() -> None:
    valve = Valve(2)
    for wave in range(9):
        valve.narrow(wave)
    assert valve.limit == 1
    with valve.through():
        pass
