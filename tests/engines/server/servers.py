"""A server in a thread that plays each kind, and misbehaves when it is told to."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

WORDS = ("red", "blue", "one", "two", "sea", "sky", "I", "the")


def speak(prompt: str, adapter: str, tokens: int) -> tuple[list[str], list[float]]:
    """What the toy says: words and log-probabilities that depend on the prompt and the adapter."""
    words, logprobs = [], []
    for place in range(min(tokens, 12)):
        digest = hashlib.sha256(f"{adapter}|{prompt}|{place}".encode()).digest()
        words.append(("" if place == 0 else " ") + WORDS[digest[0] % len(WORDS)])
        logprobs.append(-digest[1] / 100)
    return words, logprobs


@dataclass
class Toy:
    """What a server serves, and how it behaves."""

    kind: str = "vllm"
    base: str = "base"
    adapters: dict[str, str] = field(default_factory=lambda: {"math": "", "chat": ""})
    """Name to the folder that it was loaded from."""
    ignores: set[str] = field(default_factory=set)
    """Adapters that it knows by name and does not apply."""
    key: str = ""
    completions: bool = True
    logprobs: bool = True
    loads: bool = True
    context: int = 4096
    words: Callable[[str, str, int], tuple[list[str], list[float]]] = speak
    """What it answers: of prompt, adapter and tokens."""
    noise: Callable[[int], float] = lambda _: 0.0
    """Added to every log-probability, by the number of the request."""
    before: Callable[[Toy, Handler, str, dict[str, Any]], bool] = lambda *_: False
    """Called with each POST; True: it answered, or dropped, by itself."""
    bodies: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0
    lock: Any = field(default_factory=Lock)

    def asked(self, path: str) -> list[dict[str, Any]]:
        """Bodies that came to one path."""
        return [body for at, body in self.bodies if at == path]

    def by_adapter(self) -> Counter[str]:
        """Who was asked to generate, how often."""
        return Counter(self.adapter_of(body) for at, body in self.bodies if at in GENERATES and body)

    def adapter_of(self, body: Mapping[str, Any]) -> str:
        """The adapter that a request names; empty for the base."""
        if self.kind in ("tgi", "lorax"):
            return str(body["parameters"].get("adapter_id", ""))
        if self.kind == "llama.cpp":
            return next((list(self.adapters)[one["id"]] for one in body["lora"] if one["scale"]), "")
        name = str(body.get("model", ""))
        if self.kind == "sglang":
            return name.partition(":")[2]
        return "" if name == self.base else name


GENERATES = ("/v1/completions", "/v1/chat/completions", "/generate")


class Handler(BaseHTTPRequestHandler):
    """One request to a Toy."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Served

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self, status: int, data: Any, **headers: str) -> None:
        """Send JSON, or text as it is."""
        content = (data if isinstance(data, str) else json.dumps(data)).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def drop(self) -> None:
        """Break the connection."""
        self.close_connection = True
        self.connection.close()

    def do_GET(self) -> None:
        toy = self.server.toy
        pages: dict[str, Any] = {"/v1/models": models(toy), "/version": {"version": "9.9"}}
        if toy.kind == "llama.cpp":
            pages["/lora-adapters"] = [
                {"id": i, "path": path or f"{name}.gguf", "scale": 1.0}
                for i, (name, path) in enumerate(toy.adapters.items())
            ]
            pages["/props"] = {"build_info": "b1", "bos_token": "<s>", "eos_token": "</s>"}
        if toy.kind in ("tgi", "lorax"):
            pages = {"/info": {"version": "3.0", "max_total_tokens": toy.context}}
        self.answer(200, pages[self.path]) if self.path in pages else self.answer(
            404, {"detail": "Not Found"}
        )

    def do_POST(self) -> None:
        toy = self.server.toy
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with toy.lock:
            toy.bodies.append((self.path, body))
            toy.headers.append(dict(self.headers))
            toy.busy += 1
            toy.busiest = max(toy.busiest, toy.busy)
            number = len(toy.bodies)
        try:
            if toy.key and self.headers.get("Authorization") != f"Bearer {toy.key}":
                said = f"no such key: {self.headers.get('Authorization')}"
                self.answer(401, {"error": {"message": said}})
            elif not toy.before(toy, self, self.path, body):
                self.answer(*reply(toy, self.path, body, number))
        finally:
            with toy.lock:
                toy.busy -= 1


def models(toy: Toy) -> dict[str, Any]:
    cards: list[dict[str, Any]] = [{"id": toy.base, "root": toy.base, "max_model_len": toy.context}]
    if toy.kind in ("vllm", "other", "sglang"):
        cards += [
            {"id": name, "root": path or name, "parent": toy.base} for name, path in toy.adapters.items()
        ]
    return {"object": "list", "data": cards}


def reply(toy: Toy, path: str, body: dict[str, Any], number: int) -> tuple[int, Any]:
    """Status and data."""
    if path == "/v1/completions" and not toy.completions:
        return 404, {"detail": "Not Found"}
    if path in GENERATES:
        return generate(toy, body, number) if body else (400, {"error": {"message": "no prompt"}})
    if path == "/tokenize":
        tokens = tokens_of(body["prompt"])
        return 200, {"count": len(tokens), "tokens": tokens}
    if path.endswith("load_lora_adapter") and toy.loads:
        if "unload" in path:
            toy.adapters.pop(body["lora_name"])
        else:
            toy.adapters[body["lora_name"]] = body["lora_path"]
        return 200, "Success"
    return 404, {"detail": "Not Found"}


def tokens_of(text: str) -> list[int]:
    """A token a character."""
    return [ord(c) for c in text]


def generate(toy: Toy, body: dict[str, Any], number: int) -> tuple[int, Any]:
    adapter = toy.adapter_of(body)
    if adapter and adapter not in toy.adapters and toy.kind not in ("lorax", "other"):
        return 404, {"error": {"message": f"The model `{adapter}` does not exist.", "code": 404}}
    who = "" if adapter in toy.ignores else adapter
    if toy.kind in ("tgi", "lorax"):
        return 200, native(toy, body, who)
    prompt = body["messages"][0]["content"] if "messages" in body else body["prompt"]
    if isinstance(prompt, list):
        return 200, ranked(prompt, who)
    if len(prompt) + body["max_tokens"] > toy.context:
        return 400, {"error": {"message": f"the context is {toy.context} tokens"}}
    if body.get("echo"):
        return 200, echoed(prompt, who)
    words, logprobs = toy.words(prompt, who, body["max_tokens"])
    logprobs = [one + toy.noise(number) for one in logprobs]
    text = "".join(words)
    choice: dict[str, Any] = {"index": 0, "finish_reason": "length" if body["max_tokens"] < 12 else "stop"}
    choice |= {"message": {"role": "assistant", "content": text}} if "messages" in body else {"text": text}
    if body.get("logprobs") and toy.logprobs:
        pairs = zip(words, logprobs, strict=True)
        choice["logprobs"] = (
            {"content": [{"token": word, "logprob": logprob} for word, logprob in pairs]}
            if "messages" in body
            else {"tokens": words, "token_logprobs": logprobs}
        )
    usage = {"prompt_tokens": len(prompt), "completion_tokens": len(words)}
    return 200, {"model": body["model"], "choices": [choice], "usage": usage}


def native(toy: Toy, body: dict[str, Any], who: str) -> dict[str, Any]:
    limit = body["parameters"]["max_new_tokens"]
    words, logprobs = toy.words(body["inputs"], who, limit)
    tokens = [{"text": word, "logprob": one} for word, one in zip(words, logprobs, strict=True)]
    finish = "length" if limit < 12 else "eos_token"
    details = {"finish_reason": finish, "generated_tokens": len(words), "tokens": tokens}
    return {"generated_text": "".join(words), "details": details}


def ranked(prompt: list[int], who: str) -> dict[str, Any]:
    """`prompt_logprobs`: minus the place over ten, and rank 1 at even places; an adapter doubles them."""
    told: list[Any] = [
        {str(token): {"logprob": -i / 10 * (2 if who else 1), "rank": 1 + i % 2}}
        for i, token in enumerate(prompt)
    ]
    return {"choices": [{"text": "x", "prompt_logprobs": [None, *told[1:]]}]}


def echoed(prompt: str, who: str) -> dict[str, Any]:
    """`echo`: words as tokens, and the generated one behind them."""
    words = prompt.replace(" ", "\x00 ").split("\x00")
    values = [None, *(-float(len(word)) * (2 if who else 1) for word in words[1:]), -9.0]
    return {"choices": [{"text": prompt, "logprobs": {"tokens": [*words, " end"], "token_logprobs": values}}]}


class Served(ThreadingHTTPServer):
    """A server with its toy."""

    daemon_threads = True
    request_queue_size = 128
    toy: Toy

    def handle_error(self, *_: Any) -> None:
        """A connection that the client dropped is no error here."""


@contextmanager
def serving(toy: Toy) -> Iterator[str]:
    """Its address, while it serves."""
    server = Served(("127.0.0.1", 0), Handler)
    server.toy = toy
    with answering(server) as address:
        yield address


@contextmanager
def answering(server: ThreadingHTTPServer) -> Iterator[str]:
    """The address of a server, while it serves."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
