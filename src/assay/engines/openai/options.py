"""`engine` of a study, as this engine reads it: address, kind, key, and its own options, all checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from assay.errors import EngineError, Place
from assay.plan import EngineSettings

__all__ = ["KINDS", "Api", "Kind", "Setup", "read_setup"]

Kind = Literal["vllm", "sglang", "lorax", "tgi", "transformers", "llama.cpp", "other"]
KINDS: tuple[Kind, ...] = ("vllm", "sglang", "lorax", "tgi", "transformers", "llama.cpp", "other")
Api = Literal["auto", "completions", "chat"]
APIS: tuple[Api, ...] = ("auto", "completions", "chat")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a study decides about this engine."""

    url: str
    """Without `/v1` at its end."""
    kind: Kind = "other"
    key: str = field(default="", repr=False)
    """Sent as a bearer token; empty: none."""
    concurrency: int = 16
    """Requests under way, at most."""
    timeout: float = 600.0
    """Seconds that one answer may take."""
    dtype: str = "as served"
    """What the study says of the weights: the server decides."""
    quantization: str = "as served"
    """Likewise."""
    api: Api = "auto"
    """`completions` takes prompts as they are; `chat` puts them under the server's own template."""
    models: Mapping[str, str] = field(default_factory=dict)
    """The server's name of a base or an adapter, by its name in the study."""
    load: bool = False
    """Let the server load adapters that it does not serve yet: it must see the same folders."""
    retries: int = 8
    """Times that one request is tried again."""


def read_setup(engine: EngineSettings) -> Setup:
    """Check what the study says of the engine. Raises EngineError naming the field and what it may be."""
    if engine.url is None:
        fix = "give the server's address, as in `http://localhost:8000`"
        raise EngineError("missing", place=Place.of("engine", "url"), fix=fix)
    kind = engine.server or "other"
    if kind not in KINDS:
        fix = f"choose one of {', '.join(KINDS)}"
        raise EngineError(f"{kind!r} is unknown", place=Place.of("engine", "server"), fix=fix)
    values: dict[str, Any] = {name: _option(name, value) for name, value in engine.options.items()}
    for name in ("concurrency", "timeout", "dtype", "quantization"):
        if getattr(engine, name) is not None:
            values[name] = getattr(engine, name)
    if values.get("load") and kind not in ("vllm", "sglang"):
        raise EngineError(
            f"a server of kind {kind!r} has no call for it",
            place=Place.of("engine", "options", "load"),
            fix="start it with its adapters",
        )
    return Setup(engine.url.removesuffix("/v1"), kind, _key(engine.key_env), **values)


def _key(variable: str | None) -> str:
    """The key itself, which no message repeats."""
    if variable is None:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise EngineError(
            f"the variable {variable} is not set here",
            place=Place.of("engine", "key_env"),
            fix="set it to the server's key",
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise EngineError(
            f"{variable} holds a space or a character that cannot be sent",
            place=Place.of("engine", "key_env"),
            fix="set it to the key alone",
        )
    return key


def _is_names(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(one, str) and one for pair in value.items() for one in pair
    )


FIELDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "api": (f"one of {', '.join(APIS)}", lambda value: value in APIS),
    "models": ("a mapping of names in the study to names at the server", _is_names),
    "load": ("true or false", lambda value: isinstance(value, bool)),
    "retries": (
        "a whole number",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    ),
}


def _option(name: str, value: Any) -> Any:
    if name not in FIELDS:
        close = get_close_matches(name, FIELDS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise EngineError(
            "no such option",
            place=Place.of("engine", "options", name),
            fix=f"{hint}there are {', '.join(FIELDS)}",
        )
    wanted, fits = FIELDS[name]
    if not fits(value):
        raise EngineError(repr(value), place=Place.of("engine", "options", name), fix=f"write {wanted}")
    return value
