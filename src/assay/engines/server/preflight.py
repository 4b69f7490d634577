"""Look at a server and at what a study says it serves: names, files, digests, templates. It asks for no token.

looked = preflight(study.engine, ModelRef("base", Path("qwen")), [ModelRef("math", Path("adapters/math"))])
looked.problems                          # what is wrong, before a token is spent
with looked.load() as loaded:         # adapters loaded by the server, where it may
    for completion in loaded.complete(requests): ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from assay.engines.api import ModelRef, Problem
from assay.engines.chat_template import Tokens, own_template, read_tokens
from assay.engines.files import TEXTS, located, read_header, sha256s, shards
from assay.engines.identity import CONFIG, WEIGHTS, adapter_identity, base_identity
from assay.engines.preflight import Preflight, versions
from assay.engines.server.dialect import Dialect, Target
from assay.engines.server.http import Server
from assay.engines.server.options import Connection, ServerSettings, read_settings
from assay.engines.server.served import (
    LOADS,
    Card,
    base_name,
    listed,
    loadable,
    loaded_name,
    scales,
    target_of,
    unlike,
)
from assay.engines.server.session import ServerSession
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["ServerPreflight", "preflight"]

COMMIT = re.compile(r"[0-9a-f]{40}")
SERVERS_OWN = "the server's own"
"""Stands for a chat template that is not seen, in chats."""
UNLISTED = ("tgi", "lorax", "transformers")
"""Kinds of server whose list of models is not what they serve; transformers lists a cache."""
VERSIONS = {
    "vllm": "/version",
    "sglang": "/server_info",
    "tgi": "/info",
    "lorax": "/info",
    "llama.cpp": "/props",
}
"""Where a server says which version it is."""
REPORTED = ("version", "build_info", "sha", "model_sha", "model_dtype")
"""What of that is kept."""


def preflight(
    settings: EngineSettings,
    base: ModelRef,
    adapters: Sequence[ModelRef],
    open_server: Callable[[Connection], Server] = Server,
) -> ServerPreflight:
    """Look at a base and its adapters. Raises EngineError if the base, the server or a setting is unusable.

    `open_server` makes the HTTP client: tests give their own.
    """
    checked = read_settings(settings)
    with closing(open_server(checked.connection)) as server:
        try:
            found = ServerPreflight(checked, base, server, open_server)
            found.look_at(adapters, server)
        except EngineError as bad:
            raise bad.at(f"base {base.name!r}" + (f": {bad.place}" if bad.place else "")) from bad
    return found


class ServerPreflight(Preflight):
    """A server, looked at and not asked."""

    def __init__(
        self,
        settings: ServerSettings,
        base: ModelRef,
        server: Server,
        open_server: Callable[[Connection], Server],
    ) -> None:
        self.settings = settings
        self._open = open_server
        cards = _reached(server) if settings.kind in UNLISTED else listed(server)
        self.served = base_name(settings, cards, base)
        """The base's name there."""
        self._cards = cards
        self._folder = located(base, TEXTS)
        self._props = _seen(server, VERSIONS.get(settings.kind, ""))
        super().__init__(base.name, self._read_tokens())
        api = settings.options.api
        self._chat = api == "chat" or (api == "auto" and settings.kind == "other" and _only_chats(server))
        self._targets: dict[str, Target] = {base.name: Target(self.served)}
        self._loads: dict[str, Path] = {}
        self._failed: dict[str, str] = {}
        self._turns: set[str] = set()
        listed_context = next((card.context for card in cards if card.name == self.served), None)
        total = self._props.get("max_total_tokens")
        self.context = listed_context or (total if isinstance(total, int) else None)
        reported = {f"server {key}": str(self._props[key]) for key in REPORTED if self._props.get(key)}
        self.provenance = versions() | {"server": settings.kind} | reported  # no key is part of it
        self._begin(base)

    def chat(self, prompt: str, template: str) -> str:
        """The prompt as one user turn under a chat template, ready for an answer. Raises EngineError."""
        if not self._chat:
            return self.converse([{"role": "user", "content": prompt}], template, begun=False)
        if template != SERVERS_OWN:
            raise EngineError(
                "the server only takes chats, which it puts under its own template; write `decoding.template: "
                "chat`, or use a server with /v1/completions"
            )
        self._turns.add(prompt)
        return prompt

    def converse(self, turns: Sequence[Mapping[str, str]], template: str, begun: bool) -> str:
        """Turns under a chat template, ready for an answer; begun: the last is its beginning. Raises EngineError."""
        if self._chat:
            raise EngineError(
                f"the server only takes chats, and this engine sends one turn a chat, not {len(turns)}; write `shots: 0`, "
                f"or use a server with /v1/completions"
            )
        return super().converse(turns, template, begun)

    @contextmanager
    def load(self) -> Iterator[ServerSession]:
        """Have the server load what it may, and unload it in the end. Raises EngineError if it cannot be asked."""
        with closing(self._open(self.settings.connection)) as server:
            failed = dict(self._failed)
            for name, folder in self._loads.items():
                if reason := self._load(server, name, folder):
                    failed[name] = reason
            dialect = Dialect(self.settings.kind, self._chat, self.tokens)
            turns = self._turns if self._chat else None
            try:
                yield ServerSession(server, dialect, self.name, self._targets, failed, self.context, turns)
            finally:
                self._unload(server, [name for name in self._loads if name not in failed])

    def located(self, weights: ModelRef) -> Path | None:
        """The folder of an adapter; None, and a problem, where it cannot be had."""
        try:
            return located(weights, [*TEXTS, WEIGHTS, "*.gguf"])
        except EngineError as bad:
            self.note(Problem(weights.name, "error", str(bad)))
            return None

    def look_at(self, adapters: Sequence[ModelRef], server: Server) -> None:
        """At each adapter: what is wrong with it, else what it is and how it is asked for."""
        folders = {adapter.name: folder for adapter in adapters if (folder := self.located(adapter))}
        if self.settings.kind == "llama.cpp":
            for name, target in scales(server, self.settings, self.served, folders).items():
                if isinstance(target, Target):
                    self._targets[name or self.name] = target
                else:
                    self.note(Problem(name, "error", target))
        for adapter in adapters:
            if adapter.name in folders:
                self.look(adapter, folders[adapter.name])

    def look(self, weights: ModelRef, folder: Path) -> None:
        """At one adapter: what is wrong with it, else what it is and how it is asked for."""
        if any(problem.subject == weights.name and problem.severity == "error" for problem in self._problems):
            return
        try:
            identity = adapter_identity(
                folder, _adapter_file(folder), self.identities[self.name], self.settings.dtype
            )
            self._aim(weights, folder, identity)
            template = own_template(folder)
        except EngineError as bad:
            self.note(Problem(weights.name, "error", str(bad)))
            return
        self.add_adapter(weights.name, identity, None if self._chat else template)
        if self._chat and template is not None:
            text = "it brings a chat template; whether the server applies that in chats is not seen from here"
            self.note(Problem(weights.name, "warning", text))

    def _aim(self, weights: ModelRef, folder: Path, identity: Mapping[str, Any]) -> None:
        """Decide how an adapter is asked for. Raises EngineError where it is not served."""
        if weights.name in self._targets:
            return
        if loadable(self.settings, self._cards, weights):
            name = loaded_name(weights.name, identity)
            self._targets[weights.name] = Target(
                f"{self.served}:{name}" if self.settings.kind == "sglang" else name
            )
            if name not in [card.name for card in self._cards]:
                self._loads[weights.name] = folder
            return
        target = target_of(self.settings, self._cards, self.served, weights)
        self._targets[weights.name] = target
        card = next((card for card in self._cards if card.name == target.model and card.root), None)
        if card is not None and (other := unlike(card, weights.source)):
            text = (
                f"the server says that it loaded {card.name!r} from {other}, the study names {weights.source}; its "
                f"responses are filed under the latter's content: correct one if these are not the same"
            )
            self.note(Problem(weights.name, "warning", text))

    def _begin(self, base: ModelRef) -> None:
        """The base's identity and template. Raises EngineError where it has no files."""
        held = {
            "engine": "openai",
            "server": self.settings.kind,
            "dtype": self.settings.dtype,
            "quantization": self.settings.quantization,
        }
        template = (
            SERVERS_OWN if self._chat else own_template(self._folder) or self._props.get("chat_template")
        )
        identity = base_identity(held, self._folder, _base_weights(self._folder))
        self.add_base(identity, template if isinstance(template, str) else None)
        card = next((card for card in self._cards if card.name == self.served), None)
        if (
            card is not None
            and base.name not in self.settings.options.models
            and (other := unlike(card, base.source))
        ):
            text = (
                f"the server calls its base {other}, the study names {base.source}; if these are not the same weights, "
                f"correct one, else say so under `engine.options.models: {{{base.name}: {self.served}}}`"
            )
            self.note(Problem(base.name, "warning", text))

    def _read_tokens(self) -> Tokens:
        """The base's special tokens, by its files or by llama.cpp's word."""
        found = read_tokens(self._folder)
        named = {name: str(self._props[name]) for name in ("bos_token", "eos_token") if self._props.get(name)}
        return Tokens(named | dict(found.named), found.unknown - set(named), found.begins)

    def _load(self, server: Server, name: str, folder: Path) -> str:
        """Why the server did not load an adapter; empty where it did."""
        reply = server.post(
            LOADS[self.settings.kind][0],
            {"lora_name": self._loaded(name), "lora_path": str(folder.absolute())},
            tries=1,
        )
        if reply.ok:
            return ""
        hint = "; start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True" if reply.status in (404, 405) else ""
        return f"the server does not load it ({reply}){hint}"

    def _loaded(self, name: str) -> str:
        return self._targets[name].model.removeprefix(f"{self.served}:")

    def _unload(self, server: Server, names: Sequence[str]) -> None:
        for name in names:
            with suppress(EngineError):  # what is left loaded harms no later run
                server.post(LOADS[self.settings.kind][1], {"lora_name": self._loaded(name)}, tries=1)


def _base_weights(folder: Path) -> list[str]:
    """Digests of a base's weights: of its files, or the commit of the hub that holds them."""
    if COMMIT.fullmatch(folder.name) and folder.parent.name == "snapshots":
        return [f"commit {folder.name}"]
    if files := sorted(folder.glob("*.gguf")):
        return sha256s(files)
    found = shards(folder)
    for file in found:
        read_header(file)
    return sha256s(found)


def _adapter_file(folder: Path) -> Path:
    """The file that holds an adapter's weights, checked to be whole. Raises EngineError."""
    if len(files := sorted(folder.glob("*.gguf"))) == 1:
        return files[0]
    if not (folder / CONFIG).is_file():
        raise EngineError(f"no {CONFIG} in {folder}; give the folder that peft saved")
    if not (folder / WEIGHTS).is_file():
        raise EngineError(f"no {WEIGHTS} in {folder}; the download or the training is incomplete")
    read_header(folder / WEIGHTS)
    return folder / WEIGHTS


def _only_chats(server: Server) -> bool:
    """Whether there are no completions: an empty request is refused where there are, and costs no token."""
    return server.post("/v1/completions", {}).status in (404, 405, 501)


def _reached(server: Server) -> tuple[Card, ...]:
    """No names, from a server that answers. Raises EngineError where none does."""
    server.get("/health")
    return ()


def _seen(server: Server, path: str) -> Mapping[str, Any]:
    """An object that a server tells of itself; empty where it does not."""
    if not path:
        return {}
    try:
        reply = server.get(path, tries=2)
    except EngineError:
        return {}
    return reply.data if reply.ok and isinstance(reply.data, dict) else {}
