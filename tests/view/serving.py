"""A view that is served while a test runs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from assay.view.serve import Address, Server


@contextmanager
def served(folder: Path, period: float = 0.1, token: str | None = None) -> Iterator[str]:
    """The address of a view of a folder, without the last slash."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = Address("127.0.0.1", listening.getsockname()[1], token)
        server = Server(folder, address, period)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{address.port}"
        finally:
            server.stop()
            thread.join(30)
            assert not thread.is_alive()
