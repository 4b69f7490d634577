"""Which of the server's names is which subject: what it lists, what it can load, and what it cannot be asked for."""

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
from assay.engines.server.kinds import KINDS, Kind
from assay.engines.server.options import ServerSettings
from assay.errors import EngineError, Place

__all__ = [
    "Card",
    "base_name",
    "held_adapters",
    "held_id",
    "listed",
    "load_adapter",
    "loadable",
    "loaded_name",
    "reported",
    "scaled",
    "target_of",
    "unlike",
    "unload_adapter",
]


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


def listed(server: Server) -> tuple[Card, ...]:
    """What `/v1/models` names; nothing where there is no such page. Raises EngineError."""
    reply = server.get("/v1/models")
    if reply.status in (404, 405, 501):
        return ()
    models = reply.data.get("data") if reply.ok and isinstance(reply.data, dict) else None
    if not isinstance(models, list):
        raise EngineError(
            f"no list of models ({reply})",
            place=server.place("/v1/models"),
            fix="is it the server's address? correct `engine.url`",
        )
    return tuple(_card(model) for model in models if isinstance(model, dict) and model.get("id"))


def reported(server: Server, kind: Kind) -> Mapping[str, Any]:
    """An object in which a server reports of itself, its version included; empty where it does not."""
    if not (path := KINDS[kind].version):
        return {}
    try:
        reply = server.get(path, tries=2)
    except EngineError:
        return {}
    return reply.data if reply.ok and isinstance(reply.data, dict) else {}


def _card(model: Mapping[str, Any]) -> Card:
    length = model.get("max_model_len") or (model.get("meta") or {}).get("n_ctx")
    context = length if isinstance(length, int) and not isinstance(length, bool) and length > 0 else None
    return Card(str(model["id"]), str(model.get("root") or ""), str(model.get("parent") or ""), context)


def base_name(settings: ServerSettings, cards: Sequence[Card], base: ModelRef) -> str:
    """The server's name of a base. Raises EngineError where that cannot be told."""
    names = [card.name for card in cards]
    if (given := settings.options.models.get(base.name)) is not None:
        if settings.kind != "transformers" and cards and given not in names:
            raise EngineError(
                f"{given!r} is not served",
                place=Place.of("engine", "options", "models"),
                fix=f"it serves {_words(names)}",
            )
        return given
    source = str(base.source)
    if settings.kind == "transformers":
        return source
    bases = [card for card in cards if not card.parent]
    for card in bases:
        if card.name in (base.name, source) or card.root == source:
            return card.name
    if len(bases) == 1:
        return bases[0].name
    if not cards:
        return base.name
    raise EngineError(
        f"the server lists {_words(names)}, and none is called {base.name!r} or {source!r}",
        fix=f"write which it is under `engine.options.models: {{{base.name}: NAME}}`",
    )


def unlike(card: Card, source: Path | str) -> str:
    """Where the server says that a name was loaded from, if that is called otherwise than the study's source; else empty."""
    loaded = card.root or card.name
    last = PurePath(str(source)).name
    return "" if PurePath(loaded).name.casefold() == last.casefold() else loaded


def target_of(settings: ServerSettings, cards: Sequence[Card], base: str, adapter: ModelRef) -> Target:
    """How an adapter is asked for. Raises EngineError, naming no adapter, where it is not served."""
    name = settings.options.models.get(adapter.name, adapter.name)
    if settings.kind == "transformers":
        return Target(settings.options.models.get(adapter.name, str(adapter.source)))
    if settings.kind == "lorax":
        known = settings.options.models.get(adapter.name, str(adapter.source))
        local = isinstance(adapter.source, Path) and adapter.name not in settings.options.models
        return Target(base, {"adapter_id": known, "adapter_source": "local" if local else "hub"})
    if settings.kind == "tgi":
        return Target(base, {"adapter_id": name})
    if settings.kind == "sglang":
        adapters = [card.name for card in cards if card.parent]
        if adapters and name not in adapters:
            raise _absent(name, adapters, settings)
        return Target(f"{base}:{name}")
    if cards and name not in [card.name for card in cards]:
        raise _absent(name, [card.name for card in cards], settings)
    return Target(name)


def loadable(settings: ServerSettings, cards: Sequence[Card], adapter: ModelRef) -> bool:
    """Whether the server is to load an adapter: it may, and does not serve it yet under its own name."""
    return settings.options.load and settings.options.models.get(adapter.name, adapter.name) not in [
        card.name for card in cards
    ]


def loaded_name(adapter: str, identity: Mapping[str, Any]) -> str:
    """A name that no other content can have: servers keep what they computed for a name."""
    return f"{adapter}-{json_sha256(identity)[:12]}"


def load_adapter(server: Server, kind: Kind, name: str, folder: Path) -> str:
    """Have the server load an adapter. Why it did not; empty where it did."""
    path, _ = KINDS[kind].loads or ("", "")
    reply = server.post(path, {"lora_name": name, "lora_path": str(folder.absolute())}, tries=1)
    if reply.ok:
        return ""
    fix = "; start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True" if reply.status in (404, 405) else ""
    return f"the server does not load it ({reply}){fix}"


def unload_adapter(server: Server, kind: Kind, name: str) -> None:
    """Have the server drop an adapter; one that stays loaded harms no later run."""
    _, path = KINDS[kind].loads or ("", "")
    with suppress(EngineError):
        server.post(path, {"lora_name": name}, tries=1)


def held_adapters(server: Server) -> dict[int, str]:
    """The adapters that llama.cpp was started with: the file of each, by its id. Raises EngineError."""
    reply = server.get("/lora-adapters")
    if not reply.ok or not isinstance(reply.data, list):
        raise EngineError(f"no list of adapters ({reply})", place=server.place("/lora-adapters"))
    return {int(adapter["id"]): str(adapter.get("path") or "") for adapter in reply.data}


def scaled(base: str, held: Mapping[int, str], on: int | None) -> Target:
    """How llama.cpp is told who answers: the scale of every adapter in each request, also for the base.

    Without them it applies all that it was started with, to the base too.
    """
    return Target(base, {"lora": [{"id": each, "scale": 1.0 if each == on else 0.0} for each in held]})


def held_id(settings: ServerSettings, held: Mapping[int, str], adapter: str, folder: Path) -> int:
    """The id of an adapter at llama.cpp. Raises EngineError, naming no adapter, where it does not hold it."""
    given = settings.options.models.get(adapter)
    fits = [number for number, path in held.items() if _is_at(path, adapter, folder, given)]
    if len(fits) == 1:
        return fits[0]
    names = _words([f"{number}: {path}" for number, path in held.items()])
    what = "several of its adapters fit" if fits else "it was not started with it"
    raise EngineError(
        f"{what} (it holds {names})",
        fix=f"start it with `--lora`, or write which it is under `engine.options.models: {{{adapter}: ID}}`",
    )


def _is_at(path: str, name: str, folder: Path, given: str | None) -> bool:
    at = PurePath(path)
    if given is not None:
        return given in (path, at.name, at.stem)
    return at.parent == folder or at.stem in (name, folder.name)


def _absent(name: str, names: Sequence[str], settings: ServerSettings) -> EngineError:
    fix = "start it with the adapter"
    if KINDS[settings.kind].loads:
        fix += ", set `engine.options.load: true`"
    return EngineError(
        f"the server does not serve {name!r} (it serves {_words(names)})",
        fix=f"{fix}, or write its name there under `engine.options.models`",
    )


def _words(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "nothing"
