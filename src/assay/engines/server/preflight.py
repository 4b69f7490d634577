"""Checks a server and the models that a study names: names, files, digests, templates. It generates no token.

looked = preflight(study.engine, ModelRef("base", Path("qwen")), [ModelRef("math", Path("adapters/math"))])
looked.problems                          # what is wrong, before a token is spent
with looked.load() as loaded:         # adapters loaded by the server, where it may
    for completion in loaded.complete(requests): ...
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from assay.engines.adapter_files import (
    WEIGHT_FILES,
    AdapterFiles,
    read_adapter_files,
    refuse_changed_base,
)
from assay.engines.adapter_fit import fit_adapter, header_shapes
from assay.engines.adapter_fit.silent import base_warnings, replaced_warnings
from assay.engines.adapter_values import changed_weights
from assay.engines.api import ModelRef, Problem
from assay.engines.chat_template import Tokens, own_template, read_tokens
from assay.engines.end_tokens import own_end
from assay.engines.files import TEXTS, json_sha256, located, sha256s, shards
from assay.engines.gguf import refuse_gguf
from assay.engines.identity import adapter_identity, base_identity
from assay.engines.preflight import Preflight, refuse_scaled, versions
from assay.engines.server.dialect import Dialect, Target
from assay.engines.server.http import Server
from assay.engines.server.options import Connection, ServerSettings, read_settings
from assay.engines.server.served import Served
from assay.engines.server.session import ServerSession
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["ServerPreflight", "preflight"]

COMMIT = re.compile(r"[0-9a-f]{40}")
SERVERS_OWN = "the server's own"
"""Stands for a chat template that is not seen, in chats."""


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
            looked = ServerPreflight(checked, base, server, open_server)
        except EngineError as bad:
            raise bad.at(f"base {base.name!r}" + (f": {bad.place}" if bad.place else "")) from bad
    for adapter in adapters:
        looked.look(adapter)
    return looked


class ServerPreflight(Preflight):
    """A server, looked at and not asked."""

    def __init__(
        self,
        settings: ServerSettings,
        base: ModelRef,
        server: Server,
        open_server: Callable[[Connection], Server],
    ) -> None:
        refuse_gguf(base, "openai")
        self.settings = settings
        self._open = open_server
        self._served = Served(server, settings, base)
        self._targets = {base.name: self._served.base_target()}
        api = settings.options.api
        self._chat = api == "chat" or (api == "auto" and settings.kind == "other" and _only_chats(server))
        self._turns: dict[str, Sequence[Mapping[str, str]]] = {}
        """In chats: the texts that stand for messages, and these."""
        folder = located(base, TEXTS)
        super().__init__(base.name, self._read_tokens(folder))
        self.context = self._served.context
        self.provenance = versions() | self._served.provenance
        self._begin(base, folder)

    def chat(self, prompt: str, template: str) -> str:
        """The prompt as one user turn under a chat template, ready for an answer. Raises EngineError."""
        if not self._chat:
            return self.converse([{"role": "user", "content": prompt}], template, begun=False)
        if template != SERVERS_OWN:
            raise EngineError(
                "the server only takes chats, which it puts under its own template; write `decoding.template: "
                "chat`, or use a server with /v1/completions"
            )
        self._turns[prompt] = [{"role": "user", "content": prompt}]
        return prompt

    def converse(self, turns: Sequence[Mapping[str, str]], template: str, begun: bool) -> str:
        """Turns under a chat template, ready for an answer; begun: the last is its beginning. Raises EngineError."""
        if not self._chat:
            return super().converse(turns, template, begun)
        if begun:
            raise EngineError(
                "the server only takes chats, in which an answer cannot be begun; use a server with /v1/completions"
            )
        text = json.dumps(turns, ensure_ascii=False)
        self._turns[text] = turns
        return text

    @contextmanager
    def load(self) -> Iterator[ServerSession]:
        """Have the server load what it may, and unload it in the end. Raises EngineError if it cannot be asked."""
        with closing(self._open(self.settings.connection)) as server:
            failed = self._served.load(server)
            dialect = Dialect(self.settings.kind, self._chat, self.tokens, self._turns)
            contents = {name: json_sha256(identity) for name, identity in self.identities.items()}
            try:
                yield ServerSession(server, dialect, self.name, self._targets, failed, self.context, contents)
            finally:
                self._served.unload(server, failed)

    def look(self, adapter: ModelRef) -> None:
        """At one adapter: what is wrong with it, else what it is and how it is asked for."""
        try:
            refuse_scaled(adapter)
            folder = located(adapter, [*TEXTS, *WEIGHT_FILES, "*.gguf"])
            files = _adapter_files(folder)
            weights = files.weights if files else tuple(folder.glob("*.gguf"))
            identity = adapter_identity(folder, weights, self.identities[self.name], self.settings.dtype)
            template = own_template(folder)
            target = self._targets[adapter.name] = self._served.target(adapter, folder, identity)
        except EngineError as bad:
            self.note(Problem(adapter.name, "error", str(bad)))
            return
        self.add_adapter(adapter.name, identity, None if self._chat else template)
        for text in self._warnings(adapter, target, files, template):
            self.note(Problem(adapter.name, "warning", text))

    def _warnings(
        self, adapter: ModelRef, target: Target, files: AdapterFiles | None, template: str | None
    ) -> Iterator[str]:
        card = None if target.extra else self._served.card(target.model)
        if card is not None and card.root and (other := card.unlike(adapter.address)):
            yield (
                f"the server says that it loaded {card.name!r} from {other}, the study names {adapter.address}; its "
                f"responses are filed under the latter's content: correct one if these are not the same"
            )
        if files is not None and self.settings.kind != "transformers":  # there it is merged
            yield from self._misfits(files)
        end, theirs = own_end(files.folder) if files else None, self.tokens.named.get("eos_token")
        if end is not None and theirs is not None and end != theirs:
            yield (
                f"eos_token: {end} in its tokenizer_config.json, and {theirs} in the base's: the server decides which token "
                f"ends its responses, and may run on past its own"
            )
        if self._chat and template is not None:
            yield "it has a chat template of its own; whether the server applies that in chats cannot be checked"

    def _misfits(self, files: AdapterFiles) -> Iterator[str]:
        """What a server may leave out or apply in another way: it loads the folder itself, and says nothing."""
        try:
            refuse_changed_base(files.config)
        except EngineError as bad:
            yield str(bad)
        fit = fit_adapter(files, self._shapes)
        if fit.error is not None:
            yield str(fit.error)
            return
        for note in fit.notes:
            yield f"{note}; the server loads the folder as it is, and may leave that out: save it in peft's form"
        changed = changed_weights(files, fit, self._weights)
        yield from (*fit.warnings, *replaced_warnings(fit.config, changed, self._shapes))
        yield from base_warnings(fit.config, self._shapes, form=fit.form)

    def _begin(self, base: ModelRef, folder: Path) -> None:
        """The base's identity and template. Raises EngineError where it has no files."""
        settings = self.settings
        served = {"engine": "openai", "server": settings.kind}
        weights = {"dtype": settings.dtype, "quantization": settings.quantization}
        template = (
            SERVERS_OWN if self._chat else own_template(folder) or self._served.report.get("chat_template")
        )
        digests, self._weights = _base_weights(folder)
        self._shapes = header_shapes(folder, self._weights, str(base.source))
        identity = base_identity(served | weights, folder, digests)
        self.add_base(identity, template if isinstance(template, str) else None)
        card = self._served.card(self._served.base)
        given = base.name in settings.options.models
        if card is not None and not given and (other := card.unlike(base.source)):
            text = (
                f"the server calls its base {other}, the study names {base.source}; if these are not the same weights, "
                f"correct one, else say so under `engine.options.models: {{{base.name}: {card.name}}}`"
            )
            self.note(Problem(base.name, "warning", text))

    def _read_tokens(self, folder: Path) -> Tokens:
        """The base's special tokens, by its files or by llama.cpp's word."""
        tokens, report = read_tokens(folder), self._served.report
        named = {name: str(report[name]) for name in ("bos_token", "eos_token") if report.get(name)}
        return Tokens(named | dict(tokens.named), tokens.unknown - set(named), tokens.begins)


def _base_weights(folder: Path) -> tuple[list[str], tuple[Path, ...]]:
    """Digests of a base's weights, and their files where they can be compared with an adapter's.

    Of a snapshot of the hub the commit stands for the files: they may be absent.
    """
    if COMMIT.fullmatch(folder.name) and folder.parent.name == "snapshots":
        return [f"commit {folder.name}"], ()
    if files := sorted(folder.glob("*.gguf")):
        return sha256s(files), ()
    weights = shards(folder)
    return sha256s(weights), weights


def _adapter_files(folder: Path) -> AdapterFiles | None:
    """An adapter's files, checked to be whole; None for the one file of llama.cpp. Raises EngineError."""
    return None if len(list(folder.glob("*.gguf"))) == 1 else read_adapter_files(folder)


def _only_chats(server: Server) -> bool:
    """Whether there are no completions: an empty request is refused where there are, and costs no token."""
    return server.post("/v1/completions", {}).status in (404, 405, 501)
