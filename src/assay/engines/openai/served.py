"""Which of the server's names is which subject: what it lists, what it can load, and what it cannot be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from assay.engines.api import ModelRef
from assay.engines.files import json_sha256
from assay.engines.openai.dialect import Target
from assay.engines.openai.http import Server
from assay.engines.openai.options import Setup
from assay.errors import EngineError

__all__ = ["LOADS", "Card", "base_name", "listed", "loadable", "loaded_name", "scales", "target_of", "unlike"]

LOADS: Mapping[str, tuple[str, str]] = {
    "vllm": ("/v1/load_lora_adapter", "/v1/unload_lora_adapter"),
    "sglang": ("/load_lora_adapter", "/unload_lora_adapter"),
}
"""Where adapters are loaded and let go, by kind of server."""


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
    found = reply.data.get("data") if reply.ok and isinstance(reply.data, dict) else None
    if not isinstance(found, list):
        raise EngineError(
            f"{server.url}/v1/models: no list of models ({reply.status}: {reply.said}); is it the server's address?"
        )
    return tuple(_card(one) for one in found if isinstance(one, dict) and one.get("id"))


def _card(found: Mapping[str, Any]) -> Card:
    length = found.get("max_model_len") or (found.get("meta") or {}).get("n_ctx")
    context = length if isinstance(length, int) and not isinstance(length, bool) and length > 0 else None
    return Card(str(found["id"]), str(found.get("root") or ""), str(found.get("parent") or ""), context)


def base_name(setup: Setup, cards: Sequence[Card], base: ModelRef) -> str:
    """The server's name of a base. Raises EngineError where that cannot be told."""
    names = [card.name for card in cards]
    if (given := setup.models.get(base.name)) is not None:
        if setup.kind != "transformers" and cards and given not in names:
            raise EngineError(f"engine.options.models: {given!r} is not served; it serves {_words(names)}")
        return given
    source = str(base.source)
    if setup.kind == "transformers":
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
        f"the server lists {_words(names)}, and none is called {base.name!r} or {source!r}; write which it is under "
        f"`engine.options.models: {{{base.name}: NAME}}`"
    )


def unlike(card: Card, source: Path | str) -> str:
    """Where the server says that a name was loaded from, if that is called otherwise than the study's source; else empty."""
    said = card.root or card.name
    last = PurePath(str(source)).name
    return "" if PurePath(said).name.casefold() == last.casefold() else said


def target_of(setup: Setup, cards: Sequence[Card], base: str, adapter: ModelRef) -> Target:
    """How an adapter is asked for. Raises EngineError, naming no adapter, where it is not served."""
    name = setup.models.get(adapter.name, adapter.name)
    if setup.kind == "transformers":
        return Target(setup.models.get(adapter.name, str(adapter.source)))
    if setup.kind == "lorax":
        known = setup.models.get(adapter.name, str(adapter.source))
        local = isinstance(adapter.source, Path) and adapter.name not in setup.models
        return Target(base, {"adapter_id": known, "adapter_source": "local" if local else "hub"})
    if setup.kind == "tgi":
        return Target(base, {"adapter_id": name})
    if setup.kind == "sglang":
        adapters = [card.name for card in cards if card.parent]
        if adapters and name not in adapters:
            raise EngineError(_absent(name, adapters, setup))
        return Target(f"{base}:{name}")
    if cards and name not in [card.name for card in cards]:
        raise EngineError(_absent(name, [card.name for card in cards], setup))
    return Target(name)


def loadable(setup: Setup, cards: Sequence[Card], adapter: ModelRef) -> bool:
    """Whether the server is to load an adapter: it may, and does not serve it yet under its own name."""
    return setup.load and setup.models.get(adapter.name, adapter.name) not in [card.name for card in cards]


def loaded_name(adapter: str, identity: Mapping[str, Any]) -> str:
    """A name that no other content can have: servers keep what they computed for a name."""
    return f"{adapter}-{json_sha256(identity)[:12]}"


def scales(server: Server, setup: Setup, base: str, folders: Mapping[str, Path]) -> dict[str, Target | str]:
    """How llama.cpp is told who answers: the scale of every adapter in each request, also for the base.

    Without them it applies all that it was started with, to the base too. `folders`: of each adapter by name.
    An adapter that it does not hold has a text instead, the reason.
    """
    reply = server.get("/lora-adapters")
    if not reply.ok or not isinstance(reply.data, list):
        raise EngineError(f"{server.url}/lora-adapters: no list of adapters ({reply.status}: {reply.said})")
    held = {int(one["id"]): str(one.get("path") or "") for one in reply.data}
    found: dict[str, Target | str] = {"": _scaled(base, held, None)}
    for name, folder in folders.items():
        fits = [number for number, path in held.items() if _is_at(path, name, folder, setup.models.get(name))]
        if len(fits) == 1:
            found[name] = _scaled(base, held, fits[0])
        else:
            names = _words([f"{number}: {path}" for number, path in held.items()])
            what = "several of its adapters fit" if fits else "it was not started with it"
            found[name] = (
                f"{what} (it holds {names}); start it with `--lora`, or write which it is under "
                f"`engine.options.models: {{{name}: ID}}`"
            )
    return found


def _scaled(base: str, held: Mapping[int, str], on: int | None) -> Target:
    return Target(base, {"lora": [{"id": one, "scale": 1.0 if one == on else 0.0} for one in held]})


def _is_at(path: str, name: str, folder: Path, given: str | None) -> bool:
    at = PurePath(path)
    if given is not None:
        return given in (path, at.name, at.stem)
    return at.parent == folder or at.stem in (name, folder.name)


def _absent(name: str, names: Sequence[str], setup: Setup) -> str:
    fix = "start it with the adapter"
    if setup.kind in LOADS:
        fix += ", set `engine.options.load: true`"
    return (
        f"the server does not serve {name!r} (it serves {_words(names)}); {fix}, or write its name there under "
        f"`engine.options.models`"
    )


def _words(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "nothing"
