"""Serves the view until it is interrupted. It knows no page."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing as closed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType

import uvicorn

from assay.errors import AssayError
from assay.report import read_result
from assay.view.access import TOKEN, is_local, new_token
from assay.view.app import application
from assay.view.pages import prepare

__all__ = ["PORT", "Address", "Server", "serve"]

PORT = 8765
"""Where a view is served unless told otherwise; another free one where that is taken."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a view is."""

    host: str
    port: int
    token: str | None
    """None where only this machine reaches it."""

    @property
    def url(self) -> str:
        """With the token, where there is one."""
        name = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{self.port}/" + (f"?{TOKEN}={self.token}" if self.token else "")


class Server(uvicorn.Server):
    """Ends the events that browsers follow when it ends."""

    def __init__(
        self, folder: Path, address: Address, period: float = 1.0, registry: str | None = None
    ) -> None:
        self._closing = Event()
        app = application(folder, address.host, address.token, self._closing, period, registry)
        config = uvicorn.Config(
            app,
            access_log=False,  # it would hold the token
            log_level="warning",
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        super().__init__(config)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On a signal."""
        self._closing.set()
        super().handle_exit(sig, frame)

    def stop(self) -> None:
        """From another thread."""
        self._closing.set()
        self.should_exit = True


def serve(
    folder: Path,
    host: str,
    port: int | None,
    ready: Callable[[Address], object],
    registry: str | None = None,
) -> None:
    """Serve the view of a folder until Ctrl-C. ready: called with the address once it can be opened.

    port: None for the usual one, or another free one. registry: a file or a URL, to show that too. Raises AssayError where
    the address cannot be used, or there is no such registry.
    """
    with closed(_listening(host, port)) as listening:
        address = Address(host, listening.getsockname()[1], None if is_local(host) else new_token())
        server = Server(folder, address, registry=registry)
        prepare()
        read_result(folder)  # builds what reads findings, which takes longer than reading them
        ready(address)
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


def _listening(host: str, port: int | None) -> socket.socket:
    try:
        return _bound(host, PORT if port is None else port)
    except OSError as bad:
        if port is None:
            with suppress(OSError):
                return _bound(host, 0)
        raise AssayError(
            f"cannot be served on: {(bad.strerror or str(bad)).partition(' (')[0]}",
            place=f"{host}, port {PORT if port is None else port}",
            fix="give another --port, or --port 0 for any free one, and with --host an address of this machine",
        ) from bad


def _bound(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family)
