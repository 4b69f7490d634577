"""Answers of servers: pages that a preflight reads, generated text, log-probabilities, a judge's words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from assay.engines import Completion, Prompt
from assay.engines.api import ModelRef
from assay.engines.server.dialect import Dialect, Target
from assay.engines.server.http import Server
from assay.engines.server.kinds import KINDS as SERVER_KINDS
from assay.engines.server.options import Connection, ServerSettings
from assay.engines.server.served import Served
from assay.engines.server.session import ServerSession
from assay.plan import JudgeSettings
from assay.records import Store
from assay.scoring.judge.client import Client
from tests.campaign.kinds import KEPT, Files, Kind
from tests.engines.server.servers import Toy, echoed, generate, models, native, ranked
from tests.records.stored import EXAMPLES

__all__ = ["KINDS"]

HEADERS = json.dumps({"content-type": "application/json", "retry-after": "0"}).encode()


def _server(pages: Mapping[str, bytes], files: Files) -> Server:
    """A server that answers each path with a page, whatever is asked."""
    digits = files.get("status", b"200")[:3]
    status = int(digits) if digits.isdigit() else 200
    headers = _headers(files.get("headers", b"{}"))

    def answer(request: httpx2.Request) -> httpx2.Response:
        content = pages.get(request.url.path, b'{"detail": "Not Found"}')
        if request.url.path == "/tokenize" and not request.content.endswith(
            b' c", "add_special_tokens": true}'
        ):
            content = pages.get("fewer", content)
        code = status if 200 <= status < 600 else 200
        return httpx2.Response(code if request.url.path in pages else 404, content=content, headers=headers)

    connection = Connection("http://server", retries=1, concurrency=1)
    return Server(connection, transport=httpx2.MockTransport(answer), sleep=lambda _: None)


def _headers(content: bytes) -> dict[str, str]:
    try:
        headers = json.loads(content)
        kept = {str(k): str(v) for k, v in headers.items()}
        httpx2.Response(200, headers=kept)
        return {name: value for name, value in kept.items() if name != "content-encoding"}
    except Exception:  # no header that could be sent
        return {}


def _files(kind: str, chat: bool, page: Any) -> Files:
    return {
        f"{KEPT}kind": kind.encode(),
        f"{KEPT}chat": b"1" if chat else b"",
        "page": json.dumps(page).encode(),
        "status": b"200",
        "headers": HEADERS,
    }


def _generated_whole() -> Sequence[Files]:
    body: dict[str, Any] = {"model": "base", "prompt": "p", "max_tokens": 8, "logprobs": 1}
    chat = {**body, "messages": [{"role": "user", "content": "p"}]}
    tgi = {"inputs": "p", "parameters": {"max_new_tokens": 8}}
    return [
        _files("vllm", False, generate(Toy(), body, 1)[1]),
        _files("other", True, generate(Toy(kind="other"), chat, 1)[1]),
        _files("tgi", False, native(Toy(kind="tgi"), tgi, "")),
        _files("vllm", False, {"error": {"message": "no \u001b[31m such model", "code": 404}}),
    ]


def _stored(completion: Completion, folder: Path) -> None:
    """A completion goes into records and comes back."""
    with Store.write(folder / "run") as store:
        store.bind_task("math", "numeric", EXAMPLES)
        store.bind("base", "math", {"name": "base"}, {"decoding": {}})
        assert sum(store.append([completion])) == 1
        (row,) = store.responses("base", "math")
        assert row["response"] == completion.scored_text


def _generated(files: Files, folder: Path) -> None:
    dialect = Dialect(
        files[f"{KEPT}kind"].decode(),  # type: ignore[arg-type]
        bool(files[f"{KEPT}chat"]),
        chats={"p": [{"role": "user", "content": "p"}]},
    )
    server = _server({dialect.path: files.get("page", b"")}, files)
    try:
        session = ServerSession(server, dialect, "base", {"base": Target("base")}, {}, 4096)
        (completion,) = session.complete([Prompt("base", "math", "0", "p", max_tokens=8)])
        _stored(completion, folder)
    finally:
        server.close()


PAGES = {"/v1/completions": "page", "/tokenize": "tokens", "fewer": "fewer"}


def _scored_whole() -> Sequence[Files]:
    return [
        {
            **_files("vllm", False, ranked([1, 2, 3, 4], "")),
            "tokens": b'{"count": 4, "tokens": [1, 2, 3, 4]}',
            "fewer": b'{"count": 3, "tokens": [1, 2, 3]}',
        },
        {**_files("sglang", False, echoed("a b c", "")), "tokens": b"{}", "fewer": b"{}"},
    ]


def _scored(files: Files, folder: Path) -> None:
    dialect = Dialect(files[f"{KEPT}kind"].decode())  # type: ignore[arg-type]
    pages = {path: files.get(name, b"") for path, name in PAGES.items()}
    server = _server(pages, files)
    try:
        session = ServerSession(server, dialect, "base", {"base": Target("base")}, {}, 4096)
        prompt = Prompt("base", "math", "0", "a b", kind="loglikelihood", continuation=" c")
        (completion,) = session.complete([prompt])
        assert completion.logprob is not None
        assert completion.logprob == completion.logprob
        assert completion.logprob <= 0
        _stored(completion, folder)
    finally:
        server.close()


def _lists_whole() -> Sequence[Files]:
    pages = {kind: json.dumps(models(Toy(kind=kind))).encode() for kind in ("vllm", "sglang", "other")}
    adapters = json.dumps(
        [{"id": 0, "path": "/a/math.gguf", "scale": 1.0}, {"id": 1, "path": "b.gguf"}]
    ).encode()
    report = json.dumps(
        {"version": "1", "max_total_tokens": 4096, "bos_token": "<s>", "build_info": "b"}
    ).encode()
    return [
        {
            f"{KEPT}kind": kind.encode(),
            "models": pages.get(kind, pages["other"]),
            "adapters": adapters,
            "report": report,
        }
        for kind in ("vllm", "sglang", "other", "llama.cpp", "tgi", "lorax")
    ]


def _lists(files: Files, folder: Path) -> None:
    kind: Any = files[f"{KEPT}kind"].decode()
    pages = {
        "/v1/models": files.get("models", b""),
        "/lora-adapters": files.get("adapters", b""),
        "/health": b"{}",
    }
    pages |= {SERVER_KINDS[kind].version or "/version": files.get("report", b"")}
    server = _server(pages, files)
    try:
        served = Served(server, ServerSettings(Connection("http://server"), kind), ModelRef("base", folder))
        served.base_target()
        served.target(ModelRef("math", folder), folder, {"weights": "x"})
        assert served.context is None or served.context > 0
        json.dumps([served.context, served.provenance]).encode()
    finally:
        server.close()


def _judged_whole() -> Sequence[Files]:
    content = 'It holds.\n["YES", "NO"]'
    page = {
        "model": "judge-1",
        "choices": [{"message": {"role": "assistant", "content": content}}],
        "usage": {},
    }
    return [{"page": json.dumps(page).encode(), "status": b"200", "headers": HEADERS}]


def _judged(files: Files, folder: Path) -> None:
    server = _server({"/v1/chat/completions": files.get("page", b"")}, files)
    try:
        client = Client(JudgeSettings(model="judge", url="http://server"), server)
        judgement = client.ask("question?", "again", lambda text: "YES" in text)
        with Store.write(folder / "run") as store:
            store.judgements.add(judgement)
    finally:
        server.close()


KINDS = (
    Kind("generated answers", _generated_whole, _generated, weight=1.5),
    Kind("scored answers", _scored_whole, _scored),
    Kind("server lists", _lists_whole, _lists, weight=1.5),
    Kind("judge answers", _judged_whole, _judged),
)
