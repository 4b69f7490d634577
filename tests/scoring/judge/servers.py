"""A judge in a thread that answers as it is told to, and a run whose responses wait for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from assay.engines import Completion, Prompt
from assay.plan import JudgeSettings
from assay.records import Store
from assay.scoring.judge import identity
from assay.tasks.followbench import FollowBenchJudged
from tests.tasks.followbench.files import folder

Behave = Callable[["Handler", int], None]


def chat(text: object, **more: Any) -> dict[str, Any]:
    """The JSON of an answer."""
    return {"model": "judge-0", "choices": [{"message": {"role": "assistant", "content": text}}], **more}


def levels(body: Mapping[str, Any]) -> int:
    """How many verdicts a question asks for."""
    return str(body["messages"][0]["content"]).count("[Instruction after step ")


@dataclass
class JudgeServer:
    """What came to the server, and how it behaves."""

    behave: Behave = lambda handler, _: handler.judge("YES")
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    closing: Event = field(default_factory=Event)
    url: str = ""
    busy: int = 0
    busiest: int = 0
    lock: Any = field(default_factory=Lock)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    served: JudgeServer
    body: dict[str, Any]

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.served.lock:
            number = len(self.served.bodies)
            self.served.bodies.append(self.body)
            self.served.headers.append(dict(self.headers))
            self.served.busy += 1
            self.served.busiest = max(self.served.busiest, self.served.busy)
        try:
            self.served.behave(self, number)
        finally:
            with self.served.lock:
                self.served.busy -= 1

    def judge(self, word: str) -> None:
        """Answer in the form asked for, one word for each constraint."""
        self.reply(200, chat(f"Well.\n{json.dumps([word] * levels(self.body))}"))

    def reply(self, status: int, data: object, **headers: str) -> None:
        """Send JSON, or a text as it is."""
        content = (data if isinstance(data, str) else json.dumps(data)).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def drop(self) -> None:
        """Break the connection off in the middle of an answer."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"choices": [')
        self.close_connection = True

    def stall(self) -> None:
        """Say nothing until the server is closed."""
        self.served.closing.wait(30)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def judging(behave: Behave | None = None) -> Iterator[JudgeServer]:
    """A judge's server on a free port."""
    served = JudgeServer()
    if behave is not None:
        served.behave = behave
    handler = type("Bound", (Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield served
    finally:
        served.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def judge_at(url: str, **fields: Any) -> JudgeSettings:
    """A study's judge."""
    return JudgeSettings(model="judge", url=url, **fields)


@contextmanager
def waiting(
    path: Path, judge: JudgeSettings | None, responses: int = 25
) -> Iterator[tuple[FollowBenchJudged, Store]]:
    """A run with the responses of a base to FollowBench's judged part, none of them scored."""
    task = FollowBenchJudged("fb")
    if judge is not None:
        task = task.with_judge(identity(judge))
    examples = task.read(folder(path / "data"))
    with Store.write(path / "run") as store:
        store.bind_task("fb", task.kind, examples)
        store.bind("base", "fb", {"name": "base"}, {"p": 1})
        asked = [Prompt("base", "fb", one.key, one.prompt) for one in examples[:responses]]
        list(store.append(Completion(one, f"response to {one.example}") for one in asked))
        yield task, store
