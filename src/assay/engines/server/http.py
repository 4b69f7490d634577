"""One server over HTTP, used from many threads: requests with a key that no message repeats, and retries.

It knows no model and no prompt.

    server = Server(Connection("http://localhost:8000"))
    server.post("/v1/completions", {...})          # the reply, or EngineError with the fix

Transient failures are retried with full jitter, and never sooner than the server requests. Redirects are not
followed, so that a key never goes elsewhere; proxies are not used.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from threading import Event, Lock
from typing import Any, Self, cast
from weakref import WeakSet

import httpx2
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from assay.engines.server.options import Connection
from assay.engines.server.pool import Valve
from assay.errors import EngineError, Place

__all__ = ["LostError", "RefusedError", "Reply", "Server", "requested_wait"]

PASSING = frozenset((408, 424, 425, 429, 500, 502, 503, 504, 529))
"""States of a server that pass; 424 is how TGI and LoRAX say that a generation failed."""
CROWDED = frozenset((429, 503, 529))
"""Those that say that it has too much to do."""
BROKEN = 3
"""Times that a server may fail inside (500) over one request: mostly it would again."""
LONGEST_WAIT = 600.0
"""Seconds that a server may ask for; beyond, the run is left to be resumed."""
JITTER = wait_random_exponential(multiplier=0.5, max=60)
LONGEST = 300
"""Characters of a server's own words that a message repeats."""
MOST_BYTES = 32 * 2**20
"""Of an answer; the log-probabilities of a long prompt take a few of these MiB."""
CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    data: Any
    """The JSON; a text where it is none."""

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """An error's message, in one line, from whatever form servers put it into."""
        content = self.data
        for key in ("error", "message", "error_message", "detail"):
            if isinstance(content, dict) and key in content:
                content = content[key]
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        return " ".join(text.split())[:LONGEST]

    def __str__(self) -> str:
        return f"{self.status}: {self.message}"


class RefusedError(EngineError):
    """A server will not answer this request, however often it is asked."""

    def __init__(self, message: str, reply: Reply, *, place: Place | Path | str = "", fix: str = "") -> None:
        super().__init__(message, place=place, fix=fix)
        self.reply = reply

    def at(self, place: Place | Path | str) -> Self:
        """The same error about another place."""
        return type(self)(self.message, self.reply, place=place, fix=self.fix)


@dataclass(eq=False)
class LostError(Exception):
    """No usable answer came, and one may come later: a time-out, a dropped connection, half an answer."""

    reason: str
    fix: str = "check the server"
    """What to do before another run."""
    wait: float = 0.0
    """Seconds that the server asks to be left alone, at least."""
    crowded: bool = False
    """Whether it refused for lack of room."""
    tries: int = 1000
    """How often this may happen to one request."""


class Server:
    """Asks one server, from as many threads as there are."""

    def __init__(
        self,
        connection: Connection,
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], Any] | None = None,
    ) -> None:
        """`transport` carries the requests, `sleep` waits some seconds: tests give their own."""
        self.url = connection.url
        self.valve = Valve(connection.concurrency)
        self._retries = connection.retries
        self._timeout = connection.timeout
        self._section = connection.section
        self._key = connection.key
        self._leak = _spelled(self._key) if self._key else None
        self._closed = Event()
        self._wait: Callable[[float], Any] = sleep or self._closed.wait
        self._lock = Lock()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._client = httpx2.Client(
            headers={"Accept": "application/json", "User-Agent": "lora-assay"}
            | ({"Authorization": f"Bearer {self._key}"} if self._key else {}),
            timeout=httpx2.Timeout(connection.timeout, pool=None),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None),
            verify=ssl.create_default_context() if self.url.startswith("https:") else False,
            trust_env=False,
            cookies=CookieJar(
                DefaultCookiePolicy(allowed_domains=())
            ),  # else a balancer pins us to one replica
            transport=transport,
        )

    def get(self, path: str, *, tries: int | None = None) -> Reply:
        """GET JSON. Raises EngineError as `post` does; a missing page is a Reply like any other."""
        return self._request("GET", path, None, tries)

    def post(self, path: str, body: Mapping[str, Any], *, tries: int | None = None) -> Reply:
        """POST JSON, again and again while what goes wrong may pass.

        Raises EngineError: no answer in the end, or a key that is not taken. Other refusals are Replies.
        """
        return self._request("POST", path, json.dumps(body).encode(), tries)

    def close(self) -> None:
        """Drop every connection; whoever waits for an answer fails at once."""
        self._closed.set()
        with self._lock:
            for connection in self._sockets:
                _shut(connection)
        self._client.close()

    def hidden(self, text: str) -> str:
        """A text without the key, should a server repeat it: as it is, or with what escapes JSON has for it."""
        return self._leak.sub("[key]", text) if self._leak else text

    def place(self, path: str = "") -> str:
        """An address there, as messages name it."""
        return f"{'' if self._section == 'engine' else f'{self._section}: '}{self.url}{path}"

    def _request(self, method: str, path: str, body: bytes | None, tries: int | None) -> Reply:
        """The reply, after as many tries as it takes.

        A refusal by a server that has too much to do counts only where nobody was answered since this request's
        last try: a crowd gets through one by one, however often each is refused.
        """
        retries = self._retries if tries is None else tries - 1
        counted, answers = 0, self.valve.answers

        def stop(state: RetryCallState) -> bool:
            nonlocal counted, answers
            lost = _lost(state)
            before, answers = answers, self.valve.answers
            counted += not (lost.crowded and tries is None and answers > before)
            spent = counted > min(retries, lost.tries - 1) or lost.wait > LONGEST_WAIT
            return spent or self._closed.is_set()

        retrying = Retrying(
            retry=retry_if_exception_type(LostError),
            wait=lambda state: _lost(state).wait + JITTER(state),
            stop=stop,
            sleep=self._wait,
            reraise=True,
        )
        try:
            return self._accepted(retrying(self._attempt, method, path, body))
        except LostError as lost:
            raise self._unanswered(path, lost, retrying.statistics["attempt_number"]) from None

    def _attempt(self, method: str, path: str, body: bytes | None) -> Reply:
        """One try, when the valve has a place. Raises LostError."""
        with self.valve.through() as wave:
            try:
                reply = self._once(method, path, body)
            except LostError as lost:
                if lost.crowded:
                    self.valve.narrow(wave)
                raise
        self.valve.widen()
        return reply

    def _once(self, method: str, path: str, body: bytes | None) -> Reply:
        if self._closed.is_set():
            raise LostError("it gets no more requests")
        content = {} if body is None else {"Content-Type": "application/json"}
        try:
            with self._client.stream(
                method, self.url + path, content=body, headers=content, extensions={"trace": self._trace}
            ) as response:
                text = self._received(response).decode("utf-8", "replace")
        except (httpx2.RequestError, RuntimeError) as bad:  # RuntimeError: closed under a waiting thread
            raise self._broken(bad) from None
        if response.status_code >= 300:
            text = self.hidden(text)
        data = _json(text)
        reply = Reply(response.status_code, text if data is None else data)
        if reply.status in PASSING:
            raise LostError(
                f"{reply.status} {reply.message}".strip(),
                wait=requested_wait(response.headers),
                crowded=reply.status in CROWDED,
                tries=BROKEN if reply.status == 500 else 1000,
            )
        if data is None and reply.ok and text.lstrip().startswith(("{", "[")):
            raise LostError("its answer is not complete JSON")
        return reply

    def _received(self, response: httpx2.Response) -> bytes:
        """An answer's content, unpacked. Raises LostError where it is too large or takes too long altogether."""
        end, content = time.monotonic() + self._timeout, bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > MOST_BYTES:
                raise LostError(f"its answer has more than {MOST_BYTES // 2**20} MiB", tries=BROKEN)
            if time.monotonic() > end:
                raise httpx2.ReadTimeout("the whole answer took too long")
        return bytes(content)

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember each connection's socket: `close` must end the read that a thread waits in."""
        if event in CONNECTED:
            connection = info["return_value"].get_extra_info("socket")
            with self._lock:
                self._sockets.add(connection)
            if self._closed.is_set():
                _shut(connection)

    def _broken(self, bad: Exception) -> LostError:
        if isinstance(bad, httpx2.TimeoutException):
            reason = f"it took longer than `{self._section}.timeout` allows"
            return LostError(reason, "raise it, or check the server")
        if isinstance(bad, httpx2.ConnectError):
            return LostError(f"cannot connect ({bad})", f"correct `{self._section}.url`, or start the server")
        return LostError(f"the connection broke ({type(bad).__name__})")

    def _unanswered(self, path: str, lost: LostError, tries: int) -> EngineError:
        times = "once" if tries == 1 else f"{tries} times"
        rest = f", and asks for {lost.wait:.0f} seconds of rest" if lost.wait > LONGEST_WAIT else ""
        return EngineError(
            f"no answer, tried {times}: {self.hidden(lost.reason)}{rest}",
            place=self.place(path),
            fix=f"{lost.fix} and run again; completed responses are kept",
        )

    def _accepted(self, reply: Reply) -> Reply:
        """The reply itself; raises RefusedError where the key is not taken."""
        if reply.status not in (401, 403):
            return reply
        fix = (
            f"`{self._section}.key_env` names a variable with another key than the server takes"
            if self._key
            else f"set `{self._section}.key_env: NAME` and put the server's key into that variable"
        )
        raise RefusedError(f"authentication failed ({reply.status})", reply, place=self.place(), fix=fix)


def requested_wait(
    headers: Mapping[str, str], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> float:
    """Seconds that `retry-after` asks for, given as seconds or as a date; 0 where it is absent or no such thing."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text or "0")
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now().timestamp()
    return seconds if 0 < seconds < float("inf") else 0.0


def _json(text: str) -> Any:
    """The JSON of an answer; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _spelled(text: str) -> re.Pattern[str]:
    r"""Finds a text in JSON however it is escaped there, also in JSON that is itself a text: `/`, `\/`, `\u002f`."""
    return re.compile("".join(rf"\\{{0,8}}(?:{re.escape(c)}|(?i:(?<=\\)u{ord(c):04x}))" for c in text))


def _lost(state: RetryCallState) -> LostError:
    """Why a try failed: nothing else is tried again."""
    return cast("LostError", state.outcome and state.outcome.exception())


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
