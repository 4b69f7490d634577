"""One server: keys, retries, time-outs, and what an answer that is none leads to."""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.engines.server.http import RefusedError, Reply, Server, requested_wait
from assay.engines.server.options import Connection
from assay.errors import EngineError
from tests.engines.server.servers import Handler, Toy

Serve = Callable[[Toy], str]
BODY = {"model": "base", "prompt": "hi", "max_tokens": 4}
KEY = "sk-very-secret"
DONE = httpx2.Response(200, json={"choices": [{"text": "hello"}]})
WHOLE = Connection("http://toy", retries=4)


@dataclass
class Script:
    """A server that gives these answers or failures in turn, the last one for ever; its waits take no time."""

    answers: list[httpx2.Response | Exception]
    requests: list[httpx2.Request] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def server(self, connection: Connection = WHOLE) -> Server:
        return Server(connection, transport=httpx2.MockTransport(self), sleep=self.waits.append)


def script(*answers: httpx2.Response | Exception) -> Script:
    return Script(list(answers))


def refusal(status: int, data: Any = "busy", **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"error": data}, headers=headers)


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
def test_states_that_pass_are_tried_again_under_twice_the_bound_each_time(status: int) -> None:
    toy = script(*[refusal(status)] * 3, DONE)
    assert toy.server().post("/v1/completions", BODY).ok
    assert len(toy.waits) == 3
    assert all(0 <= wait <= 0.5 * 2**i for i, wait in enumerate(toy.waits))


def test_a_server_that_fails_inside_is_asked_three_times() -> None:
    toy = script(refusal(500, "key missing"))
    with pytest.raises(EngineError, match="tried 3 times: 500 key missing"):
        toy.server().post("/v1/completions", BODY)
    assert len(toy.requests) == 3


def test_refusals_for_lack_of_room_count_only_while_nobody_is_answered() -> None:
    """Of 12 refusals, 9 come while another request gets through; 4 alone would end a request of 4 tries."""
    toy = script(*[refusal(429)] * 12, DONE)

    def sleep(seconds: float) -> None:
        toy.waits.append(seconds)
        if len(toy.waits) <= 9:
            server.valve.widen()  # another request was answered

    server = Server(replace(WHOLE, retries=3), transport=httpx2.MockTransport(toy), sleep=sleep)
    assert server.post("/v1/completions", BODY).ok
    assert len(toy.waits) == 12


def test_refusals_for_lack_of_room_narrow_the_valve() -> None:
    server = script(refusal(429), DONE).server()
    server.post("/v1/completions", BODY)
    assert server.valve.limit < 9


def test_no_try_comes_before_the_server_asks_for_it() -> None:
    toy = script(refusal(429, **{"Retry-After": "7"}), DONE)
    assert toy.server().post("/v1/completions", BODY).ok
    assert 7 <= toy.waits[0] <= 7.5


def test_a_server_that_asks_for_an_hour_is_not_waited_for() -> None:
    toy = script(refusal(503, **{"Retry-After": "3600"}))
    with pytest.raises(EngineError, match=r"asks for 3600 seconds.*run again"):
        toy.server().post("/v1/completions", BODY)
    assert toy.waits == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.RemoteProtocolError("Server disconnected without sending a response."),
        httpx2.ReadError("reset"),
        httpx2.Response(200, content='{"choices": [{"te'),
    ],
)
def test_dropped_connections_and_half_answers_are_tried_again(answer: Any) -> None:
    toy = script(answer, answer, DONE)
    assert toy.server().post("/v1/completions", BODY).data["choices"]


def test_a_connection_that_a_real_server_drops_is_tried_again(serve: Serve) -> None:
    toy, waits = Toy(before=failing(2, lambda handler: handler.drop())), list[float]()
    server = Server(Connection(serve(toy)), sleep=waits.append)
    assert server.post("/v1/completions", BODY).data["choices"]
    assert len(waits) == 2
    server.close()


def test_a_connection_that_the_server_closed_while_it_was_idle_costs_no_try(serve: Serve) -> None:
    handlers: list[Handler] = []

    def before(_toy: Toy, handler: Handler, *_: Any) -> bool:
        handler.close_connection = True  # without a header that says so
        handlers.append(handler)
        return False

    toy, waits = Toy(before=before), list[float]()
    with closing(Server(Connection(serve(toy)), sleep=waits.append)) as server:
        for _ in range(3):
            assert server.post("/v1/completions", BODY).ok
            until = time.monotonic() + 10
            while handlers[-1].connection.fileno() >= 0 and time.monotonic() < until:
                os.sched_yield()  # it is idle once the server has closed it
    assert (waits, len(toy.bodies)) == ([], 3)


def test_a_timeout_is_tried_again_and_named_in_the_end() -> None:
    toy = script(httpx2.ReadTimeout("timed out"))
    with pytest.raises(EngineError, match=r"tried 5 times: .*`engine\.timeout` allows; raise it, or check"):
        toy.server().post("/v1/completions", BODY)
    assert len(toy.waits) == 4


def test_a_wrong_address_is_named_with_its_field() -> None:
    waits: list[float] = []
    server = Server(Connection("http://127.0.0.1:1", retries=1), sleep=waits.append)
    with pytest.raises(EngineError, match=r"Connection refused.*correct `engine\.url`, or start the server"):
        server.get("/v1/models")
    server.close()


def test_messages_name_the_section_of_the_study_that_names_the_server() -> None:
    toy = script(httpx2.ReadTimeout("timed out"))
    with pytest.raises(EngineError, match=r"^judge: http://toy/v1/models: .*`judge\.timeout`"):
        toy.server(replace(WHOLE, section="judge")).get("/v1/models")


def test_other_refusals_are_replies_and_not_tried_again() -> None:
    toy = script(refusal(400, {"message": "too long"}))
    reply = toy.server().post("/v1/completions", BODY)
    assert (reply.status, reply.message, len(toy.requests)) == (400, "too long", 1)


def test_redirects_are_not_followed() -> None:
    toy = script(httpx2.Response(307, headers={"Location": "http://elsewhere"}), DONE)
    assert toy.server(replace(WHOLE, key=KEY)).post("/v1/completions", BODY).status == 307


def test_cookies_are_not_sent_back() -> None:
    toy = script(httpx2.Response(200, json={}, headers={"Set-Cookie": "replica=3"}), DONE)
    server = toy.server()
    for _ in range(2):
        server.get("/v1/models")
    assert [request.headers.get("Cookie") for request in toy.requests] == [None, None]


def test_a_closed_server_is_not_asked() -> None:
    toy = script(DONE)
    server = toy.server()
    server.close()
    with pytest.raises(EngineError, match="it gets no more requests"):
        server.post("/v1/completions", BODY)
    assert toy.requests == []


# -- the key ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_a_server_that_repeats_the_key_brings_it_into_no_message_and_no_log(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    toy = script(refusal(status, {"message": f"what about {KEY}?"}))
    try:
        text = toy.server(replace(WHOLE, key=KEY)).post("/v1/completions", BODY).message
    except EngineError as bad:
        text = "".join(traceback.format_exception(bad))
    assert toy.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert text
    assert KEY not in text + caplog.text


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(
    "body",
    [
        r'{"error":"Invalid key sk-ab\/cd+e"}',
        r'{"error":"Invalid key sk-ab\u002Fcd\u002be"}',
        r'{"error":"Invalid key \u0073k-ab/cd+e"}',
        r'{"error":{"message":"Invalid key \u0073k-ab/cd+e"}}',
        r'{"error":"Invalid key sk-ab/cd+e"}',
    ],
)
def test_a_key_that_a_server_escapes_is_hidden_too(status: int, body: str) -> None:
    toy = script(httpx2.Response(status, text=body))
    server = toy.server(replace(WHOLE, key="sk-ab/cd+e"))
    try:
        text = server.post("/v1/completions", BODY).message
    except EngineError as bad:
        text = bad.message
    assert "Invalid key [key]" in text


def test_a_key_is_hidden_in_half_an_answer_and_in_json_within_json() -> None:
    server = script(DONE).server(replace(WHOLE, key="sk-ab/cd+e"))
    assert server.hidden(r'{"error":"no sk-ab\/cd+e') == '{"error":"no [key]'
    assert (
        server.hidden(r'{"error":"{\"error\":\"sk-ab\\/cd\\u002be\"}"}')
        == r'{"error":"{\"error\":\"[key]\"}"}'
    )
    assert server.hidden("sk-ab/cd-e sku002dab") == "sk-ab/cd-e sku002dab"


def test_the_log_of_a_real_connection_holds_no_key(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = Server(Connection(serve(Toy(key=KEY)), key=KEY))
    assert server.post("/v1/completions", BODY).ok
    server.close()
    assert caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize(("key", "fix"), [(KEY, "another key than"), ("", "set `engine.key_env: NAME`")])
def test_a_key_that_is_not_taken_ends_it_at_once_with_the_field_to_set(key: str, fix: str) -> None:
    toy = script(refusal(401))
    with pytest.raises(RefusedError, match=r"authentication failed \(401\); .*engine\.key_env") as refused:
        toy.server(replace(WHOLE, key=key)).post("/v1/completions", BODY)
    assert fix in refused.value.fix
    assert (len(toy.requests), "Authorization" in toy.requests[0].headers) == (1, bool(key))


def test_the_text_of_an_answer_is_left_alone_even_where_it_holds_the_key() -> None:
    toy = script(httpx2.Response(200, json={"choices": [{"text": "a b"}]}))
    server = toy.server(replace(WHOLE, key="a"))
    assert server.post("/v1/completions", BODY).data["choices"][0]["text"] == "a b"


def test_a_path_before_the_api_is_kept() -> None:
    toy = script(DONE)
    toy.server(replace(WHOLE, url="http://toy/proxy")).post("/v1/completions", BODY)
    assert toy.requests[0].url == "http://toy/proxy/v1/completions"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"error": {"message": "too  long"}}, "too long"),
        ({"detail": "Not Found"}, "Not Found"),
        ({"error": ["a", 1]}, '["a", 1]'),
        ("<html>", "<html>"),
        ("x" * 400, "x" * 300),
    ],
)
def test_an_errors_message_is_found_in_every_form(data: Any, message: str) -> None:
    assert Reply(400, data).message == message


# -- how long to wait ------------------------------------------------------------------------------

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
    assert requested_wait({"retry-after": text}, lambda: NOW) == pytest.approx(seconds)


@given(st.text())
def test_no_retry_after_header_breaks_anything(text: str) -> None:
    assert 0 <= requested_wait({"retry-after": text}, lambda: NOW) < float("inf")


def test_an_answer_without_end_is_not_kept(serve: Serve) -> None:
    def pour(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(200):
                handler.wfile.write(bytes(2**20))
        except OSError:
            handler.close_connection = True

    toy = Toy(before=failing(1000, pour))
    server = Server(replace(WHOLE, url=serve(toy), retries=1), sleep=lambda _: None)
    with closing(server), pytest.raises(EngineError, match="its answer has more than 32 MiB"):
        server.post("/v1/completions", BODY)


def test_an_answer_that_comes_byte_by_byte_takes_as_long_as_one_answer_may() -> None:
    class Drip(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(10_000):
                time.sleep(0.002)
                yield b" "

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Drip()))
    connection = replace(WHOLE, timeout=0.05, retries=0)
    with pytest.raises(EngineError, match=r"longer than `engine\.timeout` allows"):
        Server(connection, transport=transport, sleep=lambda _: None).post("/v1/completions", BODY)


def test_brackets_without_end_are_half_an_answer() -> None:
    told = script(httpx2.Response(200, content=b"[" * 100_000), DONE)
    assert told.server().post("/v1/completions", BODY).ok
    assert len(told.requests) == 2
