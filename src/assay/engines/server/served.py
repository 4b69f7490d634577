"""The models that a server serves, and the name of each subject there. It generates nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from assay.engines.api import ModelRef
from assay.engines.files import json_sha256
from assay.engines.server.dialect import Target
from assay.engines.server.http import Server
from assay.engines.server.kinds import KINDS
from assay.engines.server.options import ServerSettings
from assay.errors import EngineError, Place

__all__ = ["Card", "Served", "read_cards"]

VERSIONS = ("version", "build_info", "sha", "model_sha", "model_dtype")
"""What a server's report says of its version."""


@dataclass(frozen=True, slots=True)
class Card:
    """One name that a server lists."""

    name: str
    root: str = ""
    """Folder or hub id that it says it was loaded from."""
    parent: str = ""
    """The base's name, where this is an adapter."""
    context: int | None = None
    """Positions of a prompt and its response."""

    def unlike(self, source: Path | str) -> str:
        """Where it was loaded from, if that is called otherwise than the study's source; else empty."""
        loaded = self.root or self.name
        same = PurePath(loaded).name.casefold() == PurePath(str(source)).name.casefold()
        return "" if same else loaded


class Served:
    """The names at one server, as it lists them at the start."""

    def __init__(self, server: Server, settings: ServerSettings, base: ModelRef) -> None:
        """Asks the server. Raises EngineError if it does not answer, or which name is the base's is not known."""
        self._settings = settings
        self._kind = KINDS[settings.kind]
        self.cards = read_cards(server) if self._kind.lists else _no_cards(server)
        self.report = _report(server, self._kind.version)
        """An object in which it reports of itself; empty where it does not."""
        self.base = self._base_name(base)
        """The base's name there."""
        self._held = _held_adapters(server) if settings.kind == "llama.cpp" else {}
        self._loads: dict[str, tuple[str, Path]] = {}
        """Adapters for the server to load: the name there, and the folder."""

    @property
    def context(self) -> int | None:
        """Positions of a prompt and its response together, where the server says so."""
        card = self.card(self.base)
        return (card and card.context) or _length(self.report.get("max_total_tokens"))

    @property
    def provenance(self) -> dict[str, str]:
        """Which kind of server answers, and of which version; no key is part of it."""
        reported = {f"server {key}": str(self.report[key]) for key in VERSIONS if self.report.get(key)}
        return {"server": self._settings.kind} | reported

    def card(self, name: str) -> Card | None:
        """What the server lists under a name, if it does."""
        return next((card for card in self.cards if card.name == name), None)

    def base_target(self) -> Target:
        """How the base is asked for."""
        return self._scaled(None) if self._settings.kind == "llama.cpp" else Target(self.base)

    def target(self, adapter: ModelRef, folder: Path, identity: Mapping[str, Any]) -> Target:
        """How an adapter is asked for; one that is to be loaded is noted for `load`.

        Raises EngineError, naming no adapter, where it is not served.
        """
        name, kind = self._name(adapter.name), self._settings.kind
        if kind == "llama.cpp":
            return self._scaled(self._held_id(adapter.name, folder))
        if self._settings.options.load and self.card(name) is None:
            # Servers keep what they computed for a name: no other content has this one.
            there = f"{adapter.name}-{json_sha256(identity)[:12]}"
            if self.card(there) is None:
                self._loads[adapter.name] = (there, folder)
            return Target(f"{self.base}:{there}" if kind == "sglang" else there)
        given, source = self._settings.options.models.get(adapter.name), str(adapter.source)
        if adapter.folder and given is None and kind in ("transformers", "lorax"):
            raise EngineError(
                f"{kind} asks for an adapter by its hub id, which has no folder {adapter.folder}",
                fix="download the folder and give it as `path`, or name what the server calls it under "
                "`engine.options.models`",
            )
        if kind == "transformers":
            return Target(given or source)
        if kind == "lorax":
            local = isinstance(adapter.source, Path) and given is None
            where = "local" if local else "hub"
            return Target(self.base, {"adapter_id": given or source, "adapter_source": where})
        if kind == "tgi":
            return Target(self.base, {"adapter_id": name})
        names = [card.name for card in self.cards if card.parent or kind != "sglang"]
        if names and name not in names:
            raise self._absent(name, names)
        return Target(f"{self.base}:{name}" if kind == "sglang" else name)

    def load(self, server: Server) -> dict[str, str]:
        """Have the server load adapters; says which it did not, and why."""
        path, _ = self._kind.loads or ("", "")
        failed: dict[str, str] = {}
        for adapter, (there, folder) in self._loads.items():
            reply = server.post(path, {"lora_name": there, "lora_path": str(folder.absolute())}, tries=1)
            if not reply.ok:
                allowed = reply.status not in (404, 405)
                fix = "" if allowed else "; start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
                failed[adapter] = f"the server does not load it ({reply}){fix}"
        return failed

    def unload(self, server: Server, failed: Mapping[str, str]) -> None:
        """Have the server drop what it loaded; an adapter that stays harms no later run."""
        _, path = self._kind.loads or ("", "")
        for adapter in self._loads.keys() - failed:
            with suppress(EngineError):
                server.post(path, {"lora_name": self._loads[adapter][0]}, tries=1)

    def _name(self, subject: str) -> str:
        return self._settings.options.models.get(subject, subject)

    def _base_name(self, base: ModelRef) -> str:
        names, source = [card.name for card in self.cards], str(base.source)
        whole = self._settings.kind == "transformers"
        if (given := self._settings.options.models.get(base.name)) is not None:
            if names and given not in names and not whole:
                place = Place.of("engine", "options", "models")
                raise EngineError(f"{given!r} is not served", place=place, fix=f"it serves {_words(names)}")
            return given
        if whole:
            return source
        bases = [card for card in self.cards if not card.parent]
        for card in bases:
            if card.name in (base.name, source) or card.root == source:
                return card.name
        if len(bases) == 1:
            return bases[0].name
        if not names:
            return base.name
        raise EngineError(
            f"the server lists {_words(names)}, and none is called {base.name!r} or {source!r}",
            fix=f"write which it is under `engine.options.models: {{{base.name}: NAME}}`",
        )

    def _absent(self, name: str, names: Sequence[str]) -> EngineError:
        load = ", set `engine.options.load: true`" if self._kind.loads else ""
        return EngineError(
            f"the server does not serve {name!r} (it serves {_words(names)})",
            fix=f"start it with the adapter{load}, or write its name there under `engine.options.models`",
        )

    def _scaled(self, on: int | None) -> Target:
        """How a request to llama.cpp names its subject: by the scale of every adapter, also for the base.

        Without them it applies all that it was started with, to the base too.
        """
        scales = [{"id": number, "scale": 1.0 if number == on else 0.0} for number in self._held]
        return Target(self.base, {"lora": scales})

    def _held_id(self, adapter: str, folder: Path) -> int:
        """The id of an adapter at llama.cpp."""
        given = self._settings.options.models.get(adapter)
        fits = [number for number, path in self._held.items() if _is_at(path, adapter, folder, given)]
        if len(fits) == 1:
            return fits[0]
        names = _words([f"{number}: {path}" for number, path in self._held.items()])
        what = "several of its adapters fit" if fits else "it was not started with it"
        raise EngineError(
            f"{what} (it holds {names})",
            fix=f"start it with `--lora`, or write which it is under `engine.options.models: {{{adapter}: ID}}`",
        )


def read_cards(server: Server) -> tuple[Card, ...]:
    """What `/v1/models` names; nothing where there is no such page. Raises EngineError."""
    reply = server.get("/v1/models")
    if reply.status in (404, 405, 501):
        return ()
    models = reply.data.get("data") if reply.ok and isinstance(reply.data, dict) else None
    if not isinstance(models, list):
        fix = "is it the server's address? correct `engine.url`"
        raise EngineError(f"no list of models ({reply})", place=server.place("/v1/models"), fix=fix)
    return tuple(_card(model) for model in models if isinstance(model, dict) and model.get("id"))


def _card(model: Mapping[str, Any]) -> Card:
    meta = model.get("meta")
    length = model.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, dict) else None)
    return Card(
        str(model["id"]), str(model.get("root") or ""), str(model.get("parent") or ""), _length(length)
    )


def _length(value: Any) -> int | None:
    """A number of positions; None where it is no such thing."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _no_cards(server: Server) -> tuple[Card, ...]:
    """No names, from a server that answers. Raises EngineError where none does."""
    server.get("/health")
    return ()


def _report(server: Server, path: str) -> Mapping[str, Any]:
    try:
        reply = server.get(path, tries=2) if path else None
    except EngineError:
        return {}
    return reply.data if reply and reply.ok and isinstance(reply.data, dict) else {}


def _held_adapters(server: Server) -> dict[int, str]:
    """The adapters that llama.cpp was started with: the file of each, by its id."""
    reply = server.get("/lora-adapters")
    listed = reply.data if reply.ok and isinstance(reply.data, list) else None
    if listed is None or not all(
        isinstance(card, dict) and isinstance(card.get("id"), int) for card in listed
    ):
        raise EngineError(f"no list of adapters ({reply})", place=server.place("/lora-adapters"))
    return {adapter["id"]: str(adapter.get("path") or "") for adapter in listed}


def _is_at(path: str, name: str, folder: Path, given: str | None) -> bool:
    at = PurePath(path)
    if given is not None:
        return given in (path, at.name, at.stem)
    return at.parent == folder or at.stem in (name, folder.name)


def _words(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "nothing"
