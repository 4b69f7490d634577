"""One server over HTTP: requests with a key that no message repeats, and connections that are used again.

The standard library is enough: a thread a request. Redirects are not followed, so that a
key never goes elsewhere; proxies are not asked.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Event, Lock
from typing import Any
from urllib.parse import urlsplit

from assay.engines.openai.patience import BROKEN, CROWDED, PASSING, LostError, Patience, Valve, asked_wait
from assay.errors import EngineError

__all__ = ["Connect", "RefusedError", "Reply", "Server"]

Connect = Callable[[], HTTPConnection]
LONGEST = 300
"""Characters of a server's own words that a message repeats."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lowercase."""
    data: Any
    """The JSON; a text where it is none."""

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return 200 <= self.status < 300

    @property
    def said(self) -> str:
        """An error's message, in one line, from whatever form servers put it into."""
        found = self.data
        for key in ("error", "message", "error_message", "detail"):
            if isinstance(found, dict) and key in found:
                found = found[key]
        text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        return " ".join(text.split())[:LONGEST]


class RefusedError(EngineError):
    """A server will not answer this request, however often it is asked."""

    def __init__(self, message: str, reply: Reply) -> None:
        super().__init__(message)
        self.reply = reply


class Server:
    """Asks one server, from as many threads as there are."""

    def __init__(
        self,
        url: str,
        key: str = "",
        timeout: float = 600.0,
        patience: Patience | None = None,
        valve: Valve | None = None,
        connect: Connect | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """`connect` makes a connection, `wait` waits some seconds: tests give their own."""
        parts = urlsplit(url)
        self.url = url
        self.patience = patience or Patience()
        self.valve = valve or Valve(16)
        self._path = parts.path.rstrip("/")
        self._key = key
        self._connect = connect or _connecting(parts.scheme, parts.hostname or "", parts.port, timeout)
        self._closed = Event()
        self._wait = wait or self._closed.wait
        self._lock = Lock()
        self._open: set[HTTPConnection] = set()
        self._idle: list[HTTPConnection] = []

    @property
    def closed(self) -> bool:
        """Whether it was closed to us."""
        return self._closed.is_set()

    def get(self, path: str, *, tries: int | None = None) -> Reply:
        """GET JSON. Raises EngineError as `post` does; a missing page is a Reply like any other."""
        return self._asked("GET", path, None, tries)

    def post(self, path: str, body: Mapping[str, Any], *, tries: int | None = None) -> Reply:
        """POST JSON, again and again while what goes wrong may pass.

        Raises EngineError: no answer in the end, or a key that is not taken. Other refusals are Replies.
        """
        return self._asked("POST", path, json.dumps(body).encode(), tries)

    def close(self) -> None:
        """Drop every connection; whoever waits for an answer fails at once."""
        self._closed.set()
        with self._lock:
            for connection in self._open:
                _drop(connection)
            self._open.clear()
            self._idle.clear()

    def rest(self) -> None:
        """Close connections that nobody uses; they open again when they are needed."""
        with self._lock:
            for connection in self._idle:
                connection.close()

    def hidden(self, text: str) -> str:
        """A text without the key, should a server repeat it."""
        return text.replace(self._key, "[key]") if self._key else text

    def _asked(self, method: str, path: str, body: bytes | None, tries: int | None) -> Reply:
        """The reply, after as many tries as it takes.

        A refusal by a server that has too much to do counts only where nobody was answered since this request's
        last try: a crowd gets through one by one, however often each is refused.
        """
        retries = self.patience.retries if tries is None else tries - 1
        counted = attempt = 0
        answers = self.valve.answers
        while True:
            try:
                return self._let_through(method, path, body)
            except LostError as lost:
                attempt += 1
                before, answers = answers, self.valve.answers
                counted += not (lost.crowded and tries is None and answers > before)
                spent = counted > min(retries, lost.tries - 1) or lost.wait > self.patience.limit
                if spent or self._closed.is_set():
                    raise EngineError(self._lost(path, lost, attempt)) from None
                self._wait(self.patience.delay(attempt - 1, lost.wait))

    def _let_through(self, method: str, path: str, body: bytes | None) -> Reply:
        """One try, when the valve has a place. Raises LostError."""
        with self.valve.through() as wave:
            try:
                reply = self._once(method, path, body)
            except LostError as lost:
                if lost.crowded:
                    self.valve.narrow(wave)
                raise
        self.valve.widen()
        return self._taken(reply)

    def _lost(self, path: str, lost: LostError, tries: int) -> str:
        times = "once" if tries == 1 else f"{tries} times"
        asked = f", and asks for {lost.wait:.0f} seconds of rest" if lost.wait > self.patience.limit else ""
        return (
            f"{self.url}{path}: no answer, tried {times}: {self.hidden(lost.reason)}{asked}; see to the server, then "
            f"run again: what was answered before is kept"
        )

    def _taken(self, reply: Reply) -> Reply:
        """The reply itself; raises RefusedError where the key is not taken."""
        if reply.status in (401, 403):
            fix = (
                "`engine.key_env` names a variable with another key than it takes"
                if self._key
                else "give `engine.key_env: NAME` and put its key into that variable"
            )
            raise RefusedError(f"{self.url}: refused for want of a key ({reply.status}); {fix}", reply)
        return reply

    def _once(self, method: str, path: str, body: bytes | None) -> Reply:
        """One try. Raises LostError."""
        idle = self._idle_one()
        try:
            answer, content = self._sent(method, path, body, idle or self._fresh())
        except ConnectionError as bad:
            if idle is None:
                raise LostError(_reason(bad)) from None
            # A server may close what was idle, or what it failed over before: that is no answer to this request.
            answer, content = self._sent_anew(method, path, body)
        except (OSError, HTTPException) as bad:
            raise LostError(_reason(bad)) from None
        headers = {name.lower(): value for name, value in answer.getheaders()}
        text = content.decode("utf-8", "replace")
        if answer.status >= 300:
            text = self.hidden(text)
        if answer.status in PASSING:
            wait, crowded = asked_wait(headers), answer.status in CROWDED
            said = Reply(answer.status, headers, _json(text, text)).said
            tries = {"tries": BROKEN} if answer.status == 500 else {}
            raise LostError(f"{answer.status} {said}".strip(), wait=wait, crowded=crowded, **tries)
        data = _json(text, None)
        if data is None and answer.status < 300 and text.lstrip().startswith(("{", "[")):
            raise LostError("its answer is no whole JSON")
        return Reply(answer.status, headers, text if data is None else data)

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "lora-assay"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers | ({"Authorization": f"Bearer {self._key}"} if self._key else {})

    def _sent_anew(self, method: str, path: str, body: bytes | None) -> tuple[HTTPResponse, bytes]:
        try:
            return self._sent(method, path, body, self._fresh())
        except (OSError, HTTPException) as bad:
            raise LostError(_reason(bad)) from None

    def _sent(
        self, method: str, path: str, body: bytes | None, connection: HTTPConnection
    ) -> tuple[HTTPResponse, bytes]:
        try:
            connection.request(method, self._path + path, body, self._headers(body))
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self._forget(connection)
            raise
        if answer.will_close or self._closed.is_set():
            self._forget(connection)
        else:
            self._keep(connection)
        return answer, content

    def _idle_one(self) -> HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _fresh(self) -> HTTPConnection:
        """A new connection. Raises LostError where the server was closed to us."""
        with self._lock:
            if self._closed.is_set():
                raise LostError("it is no longer asked")
            found = self._connect()
            self._open.add(found)
        return found

    def _forget(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def _keep(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._idle.append(connection)


def _connecting(scheme: str, host: str, port: int | None, timeout: float) -> Connect:
    if scheme == "https":
        context = ssl.create_default_context()
        return lambda: HTTPSConnection(host, port, timeout=timeout, context=context)
    return lambda: HTTPConnection(host, port, timeout=timeout)


def _drop(connection: HTTPConnection) -> None:
    """Close a connection under whoever reads from it: closing alone would leave the reader waiting."""
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()


def _json(text: str, otherwise: Any) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return otherwise


def _reason(bad: Exception) -> str:
    if isinstance(bad, TimeoutError):
        return "it took longer than `engine.timeout` allows"
    if isinstance(bad, ConnectionRefusedError):
        return "no server listens there"
    return f"the connection broke ({type(bad).__name__})"
