"""Look at a server and at what a study says it serves: names, files, digests, templates. It asks for no token.

looked = preflight(study.engine, ModelRef("base", Path("qwen")), [ModelRef("math", Path("adapters/math"))])
looked.problems                          # what is wrong, before a token is spent
with looked.load() as session:           # adapters loaded by the server, where it may
    for completion in session.complete(requests): ...
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from assay.engines.api import ModelRef, Problem
from assay.engines.chat_template import Tokens, own_template, read_tokens, render_chat, template_error
from assay.engines.files import located, read_header, sha256s, shards
from assay.engines.identity import CONFIG, WEIGHTS, adapter_identity, base_identity
from assay.engines.openai.dialect import Dialect, Target
from assay.engines.openai.http import Server
from assay.engines.openai.options import Setup, read_setup
from assay.engines.openai.patience import Patience, Valve
from assay.engines.openai.served import (
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
from assay.engines.openai.session import Session
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["ServerPreflight", "preflight"]

TEXTS = ("*.json", "*.jinja", "*.txt", "*.model")
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
SAID = ("version", "build_info", "sha", "model_sha", "model_dtype")
"""What of that is kept."""


def preflight(
    settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef], server: Server | None = None
) -> ServerPreflight:
    """Look at a base and its adapters. Raises EngineError if the base, the server or a setting is unusable.

    `server` replaces the one that the settings name.
    """
    setup = read_setup(settings)
    server = server or _server(setup)
    try:
        cards = _reached(server) if setup.kind in UNLISTED else listed(server)
        found = ServerPreflight(setup, server, cards, base)
    except EngineError as bad:
        server.close()
        raise EngineError(f"base {base.name!r}: {bad}") from bad
    folders = {adapter.name: folder for adapter in adapters if (folder := found.located(adapter))}
    if setup.kind == "llama.cpp":
        found.scaled(scales(server, setup, found.served, folders))
    for adapter in adapters:
        if adapter.name in folders:
            found.look(adapter, folders[adapter.name])
    server.rest()
    return found


def _server(setup: Setup) -> Server:
    return Server(setup.url, setup.key, setup.timeout, Patience(setup.retries), Valve(setup.concurrency))


class ServerPreflight:
    """Satisfies `Preflight`: a server, looked at and not asked."""

    def __init__(self, setup: Setup, server: Server, cards: Sequence[Card], base: ModelRef) -> None:
        self.name = base.name
        self.setup = setup
        self.server = server
        self.identities: dict[str, Mapping[str, Any]] = {}
        """What answers, by content: the base first, then each adapter that can be asked."""
        self.templates: dict[str, str] = {}
        """Chat template of the base, where it has one, and of each adapter that brings another."""
        self.served = base_name(setup, cards, base)
        """The base's name there."""
        self._cards = cards
        self._folder = located(base, TEXTS)
        self._props = _seen(server, VERSIONS.get(setup.kind, ""))
        self._tokens = self._read_tokens()
        self._chat = setup.api == "chat" or (setup.api == "auto" and self._only_chats())
        self._problems: list[Problem] = []
        self._targets: dict[str, Target] = {base.name: Target(self.served)}
        self._loads: dict[str, Path] = {}
        self._failed: dict[str, str] = {}
        self._faults: dict[str, str] = {}
        self._turns: set[str] = set()
        self._begin(base)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """An adapter with an `error` has no identity and is not asked."""
        return tuple(self._problems)

    @property
    def context(self) -> int | None:
        """Positions of a prompt and its response together, where the server says so."""
        told = next((card.context for card in self._cards if card.name == self.served), None)
        total = self._props.get("max_total_tokens")
        return told or (total if isinstance(total, int) else None)

    @property
    def provenance(self) -> Mapping[str, str]:
        """Which server answers, and of which version; no key is part of it."""
        said = {f"server {key}": str(self._props[key]) for key in SAID if self._props.get(key)}
        return {"assay": _version(), "python": platform.python_version(), "server": self.setup.kind} | said

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
        if template not in self._faults:
            self._faults[template] = template_error(self._tokens, template)
        if found := self._faults[template]:
            raise EngineError(self._refusal(template, found))
        try:
            return render_chat(self._tokens, turns, template, begun=begun)
        except EngineError as bad:
            raise EngineError(self._refusal(template, str(bad))) from bad

    @contextmanager
    def load(self) -> Iterator[Session]:
        """Have the server load what it may, and let that go in the end. Raises EngineError if it cannot be asked."""
        server = _server(self.setup) if self.server.closed else self.server
        failed = dict(self._failed)
        for name, folder in self._loads.items():
            if reason := self._asked_to_load(server, name, folder):
                failed[name] = reason
        dialect = Dialect(self.setup.kind, self._chat, self._tokens)
        session = Session(
            server,
            dialect,
            self.name,
            self._targets,
            failed,
            self.context,
            self._turns if self._chat else None,
        )
        try:
            yield session
        finally:
            self._let_go(server, [name for name in self._loads if name not in failed])
            session.close()

    def note(self, *problems: Problem) -> None:
        """Keep findings."""
        self._problems += problems

    def located(self, weights: ModelRef) -> Path | None:
        """The folder of an adapter; None, and a problem, where it cannot be had."""
        try:
            return located(weights, [*TEXTS, WEIGHTS, "*.gguf"])
        except EngineError as bad:
            self.note(Problem(weights.name, "error", str(bad)))
            return None

    def scaled(self, found: Mapping[str, Target | str]) -> None:
        """Take how llama.cpp is told who answers."""
        for name, target in found.items():
            if isinstance(target, Target):
                self._targets[name or self.name] = target
            else:
                self.note(Problem(name, "error", target))

    def look(self, weights: ModelRef, folder: Path) -> None:
        """At one adapter: what is wrong with it, else what it is and how it is asked for."""
        if any(one.subject == weights.name and one.severity == "error" for one in self._problems):
            return
        try:
            identity = adapter_identity(
                folder, _adapter_file(folder), self.identities[self.name], self.setup.dtype
            )
            self._aim(weights, folder, identity)
            template = own_template(folder)
        except EngineError as bad:
            self.note(Problem(weights.name, "error", str(bad)))
            return
        self._duplicate(weights.name, identity)
        self.identities[weights.name] = identity
        if template is None or template == self.templates.get(self.name):
            return
        if self._chat:
            text = "it brings a chat template; whether the server applies that in chats is not seen from here"
            self.note(Problem(weights.name, "warning", text))
        else:
            self.templates[weights.name] = template

    def _aim(self, weights: ModelRef, folder: Path, identity: Mapping[str, Any]) -> None:
        """Decide how an adapter is asked for. Raises EngineError where it is not served."""
        if weights.name in self._targets:
            return
        if loadable(self.setup, self._cards, weights):
            name = loaded_name(weights.name, identity)
            self._targets[weights.name] = Target(
                f"{self.served}:{name}" if self.setup.kind == "sglang" else name
            )
            if name not in [card.name for card in self._cards]:
                self._loads[weights.name] = folder
            return
        target = target_of(self.setup, self._cards, self.served, weights)
        self._targets[weights.name] = target
        card = next((one for one in self._cards if one.name == target.model and one.root), None)
        if card is not None and (other := unlike(card, weights.source)):
            text = (
                f"the server says that it loaded {card.name!r} from {other}, the study names {weights.source}; its "
                f"responses are filed under the latter's content: correct one if these are not the same"
            )
            self.note(Problem(weights.name, "warning", text))

    def _begin(self, base: ModelRef) -> None:
        """The base's identity and template. Raises EngineError where it has no files."""
        self.identities[base.name] = base_identity(
            {
                "engine": "openai",
                "server": self.setup.kind,
                "dtype": self.setup.dtype,
                "quantization": self.setup.quantization,
            },
            self._folder,
            _base_weights(self._folder),
        )
        template = (
            SERVERS_OWN if self._chat else own_template(self._folder) or self._props.get("chat_template")
        )
        if isinstance(template, str) and template:
            self.templates[base.name] = template
        else:
            text = "it brings no chat template: prompts are sent as they are; `decoding.template: FILE` gives one"
            self.note(Problem(base.name, "note", text))
        card = next((one for one in self._cards if one.name == self.served), None)
        if card is not None and base.name not in self.setup.models and (other := unlike(card, base.source)):
            text = (
                f"the server calls its base {other}, the study names {base.source}; if these are not the same weights, "
                f"correct one, else say so under `engine.options.models: {{{base.name}: {self.served}}}`"
            )
            self.note(Problem(base.name, "warning", text))

    def _only_chats(self) -> bool:
        """Whether there are no completions: an empty request is refused where there are, and costs no token."""
        if self.setup.kind != "other":
            return False
        return self.server.post("/v1/completions", {}).status in (404, 405, 501)

    def _read_tokens(self) -> Tokens:
        """The base's special tokens, by its files or by llama.cpp's word."""
        found = read_tokens(self._folder)
        told = {name: str(self._props[name]) for name in ("bos_token", "eos_token") if self._props.get(name)}
        return Tokens(told | dict(found.named), found.unknown - set(told), found.begins)

    def _asked_to_load(self, server: Server, name: str, folder: Path) -> str:
        """Why the server did not load an adapter; empty where it did."""
        reply = server.post(
            LOADS[self.setup.kind][0],
            {"lora_name": self._loaded(name), "lora_path": str(folder.absolute())},
            tries=1,
        )
        if reply.ok:
            return ""
        hint = "; start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True" if reply.status in (404, 405) else ""
        return f"the server does not load it ({reply.status}: {reply.said}){hint}"

    def _loaded(self, name: str) -> str:
        return self._targets[name].model.removeprefix(f"{self.served}:")

    def _let_go(self, server: Server, names: Sequence[str]) -> None:
        for name in names:
            with suppress(EngineError):  # what is left loaded harms nobody
                server.post(LOADS[self.setup.kind][1], {"lora_name": self._loaded(name)}, tries=1)

    def _duplicate(self, name: str, identity: Mapping[str, Any]) -> None:
        for other, known in self.identities.items():
            if other != self.name and known["weights"] == identity["weights"]:
                text = (
                    f"its weights are those of adapter {other!r}, byte for byte; if that is not meant, correct the "
                    f"path of one"
                )
                self.note(Problem(name, "warning", text))
                return

    def _refusal(self, template: str, found: str) -> str:
        """Why prompts cannot be asked under a template, whose it is, and the fix."""
        if template == self.templates.get(self.name):
            return (
                f"base {self.name!r}: its chat template {found}; set `decoding.template: FILE` to one that can be "
                f"used, or `decoding.template: none` to send prompts as they are"
            )
        if template in self.templates.values():
            return f"its chat template {found}; mend it, or remove it to use the base's"
        return f"the chat template that `decoding.template` names {found}; mend it, or name another"


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


def _version() -> str:
    try:
        return version("lora-assay")
    except PackageNotFoundError:
        return "unknown"
