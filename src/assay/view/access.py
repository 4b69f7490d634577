"""Who may read: the hosts that addresses may name, the token, and the headers of every answer. It knows no run.

A page of another site cannot read this one: the browser keeps sites apart by host name, and a name that somebody lets
point here ("DNS rebinding") is refused. Elsewhere than on this machine alone, an address must hold the token once; after
that a cookie does.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Access", "is_local", "new_token"]

COOKIE = "assay-view-{}"
"""With the server's port: a host's ports share their cookies."""
TOKEN = "token"  # noqa: S105 - a parameter's name
NEEDED = "This view needs the token: open the address that `assay view` printed.\n"
ELSEWHERE = "This host name is not one of assay view's: open the address that `assay view` printed.\n"
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer, beside the content security policy."""


def is_local(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(32)


class Access:
    """Lets requests through to an application that may have its answers."""

    def __init__(self, app: ASGIApp, host: str, token: str | None, policy: str) -> None:
        """host: as given to the server. token: None lets everybody read. policy: content security policy."""
        self._app = app
        self._token = token
        self._headers = {**HEADERS, "Content-Security-Policy": policy}
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Satisfies ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        app = self._refusal(scope) or self._app
        await app(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that does not reach the application."""
        headers = Headers(scope=scope)
        if not self._known(headers.get("host", "")):
            return PlainTextResponse(ELSEWHERE, 421)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("This view only reads.\n", 405, {"Allow": "GET, HEAD"})
        if self._token is None:
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == TOKEN]
        if given:
            return self._admission(scope, given, [pair for pair in query if pair[0] != TOKEN])
        return (
            None
            if self._same(_cookie(headers.get("cookie", ""), _name(scope)))
            else PlainTextResponse(NEEDED, 401)
        )

    def _admission(self, scope: Scope, given: list[str], query: list[tuple[str, str]]) -> Response:
        """With the right token: a cookie, and the same address without the token, which no history then holds."""
        if not self._same(given[0]):
            return PlainTextResponse(NEEDED, 401)
        path = scope.get("raw_path", b"/").decode("ascii", "replace").partition("?")[0]
        address = "/" + path.lstrip("/\\") + (f"?{urlencode(query)}" if query else "")
        answer = RedirectResponse(address, 303)
        answer.set_cookie(_name(scope), self._token or "", httponly=True, samesite="strict", path="/")
        return answer

    def _same(self, given: str) -> bool:
        """In a time that says nothing of how much is right."""
        return secrets.compare_digest(given.encode("utf-8", "replace"), (self._token or "").encode())

    def _known(self, header: str) -> bool:
        """Whether a Host header names this server; an address in numbers is no name that somebody lets point here."""
        name = header.lower()
        name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True


def _name(scope: Scope) -> str:
    return COOKIE.format((scope.get("server") or ("", 0))[1])


def _cookie(header: str, name: str) -> str:
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
