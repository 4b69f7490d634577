"""A hub on this machine: repositories of files in memory, asked by the real huggingface_hub."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What is served, and what was sent."""

    url: str
    sent: dict[str, int] = field(default_factory=dict)
    """Bytes of each file that were sent, by its path."""


@contextmanager
def serve_hub(repositories: Mapping[str, Mapping[str, bytes]]) -> Iterator[Hub]:
    """Repositories by their ids, each with its files by path, at one commit. Weights count as large files."""
    hub = Hub("")

    class Handler(_Handler):
        files: ClassVar[Any] = repositories
        sent: ClassVar[Any] = hub.sent

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    files: ClassVar[Any]
    sent: ClassVar[Any]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        _, _, repository, _ = self._api()
        listed = [
            _listed(path, self.files[repository][path])
            for path in asked["paths"]
            if path in self.files[repository]
        ]
        self._json(listed)

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/models/"):
            _, _, repository, what = self._api()
            if repository not in self.files:
                self._fail("RepoNotFound")
            elif what == "tree":
                self._json([_listed(name, content) for name, content in self.files[repository].items()])
            else:
                names = [{"rfilename": name} for name in self.files[repository]]
                self._json({"_id": "1", "id": repository, "sha": COMMIT, "siblings": names})
            return
        repository, _, rest = path[1:].partition("/resolve/")
        name = rest.partition("/")[2]
        content = self.files.get(repository, {}).get(name)
        if content is None:
            self._fail("EntryNotFound" if repository in self.files else "RepoNotFound")
        else:
            self._file(f"{repository}/{name}", content)

    def _api(self) -> list[str]:
        parts = unquote(urlsplit(self.path).path).removeprefix("/api/models/").split("/")
        return ["api", "models", "/".join(parts[:2]), parts[2] if len(parts) > 2 else ""]

    def _file(self, name: str, content: bytes) -> None:
        body, status = content, 200
        if asked := self.headers.get("Range"):
            first, last = asked.removeprefix("bytes=").split("-")
            body, status = content[int(first) : int(last or len(content)) + 1], 206
        self.send_response(status)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(body)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{int(first) + len(body) - 1}/{len(content)}")
        self.end_headers()
        if self.command != "HEAD":
            self.sent[name] = self.sent.get(name, 0) + len(body)
            self.wfile.write(body)

    def _json(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _fail(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _listed(path: str, content: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "file",
        "path": path,
        "size": len(content),
        "oid": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
    }
    if path.endswith(".safetensors"):
        digest = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 130}
    return entry
