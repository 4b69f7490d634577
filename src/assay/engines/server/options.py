"""Options of the server engine: address, kind and key of the server, and the engine's own. It connects to nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Annotated, Literal, cast

from pydantic import Field

from assay.engines.options import Options, read_options
from assay.engines.server.kinds import KINDS, Kind
from assay.errors import EngineError, Place
from assay.plan import EngineSettings, JudgeSettings

__all__ = ["Connection", "ServerOptions", "ServerSettings", "read_connection", "read_settings"]

Name = Annotated[str, Field(min_length=1)]


class ServerOptions(Options):
    """`engine.options`."""

    api: Literal["auto", "completions", "chat"] = Field("auto", title="one of auto, completions, chat")
    """`completions` sends prompts as they are; with `chat` the server applies its own chat template."""
    models: dict[Name, Name] = Field({}, title="a mapping of names in the study to names at the server")
    """For a base or an adapter, by its name in the study: its name on the server."""
    load: bool = Field(False, title="true or false")
    """Let the server load adapters that it does not serve yet; it must see the same folders."""
    retries: int = Field(8, ge=0, title="a whole number")
    """How many times a failed request is sent again."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a server is reached."""

    url: str
    """Without `/v1` at its end."""
    key: str = field(default="", repr=False)
    """Sent as a bearer token; empty: none."""
    concurrency: int = 16
    """Requests under way, at most."""
    timeout: float = 600.0
    """Seconds that one answer may take."""
    retries: int = 8
    """How many times a failed request is sent again."""
    section: Literal["engine", "judge"] = "engine"
    """Of the study that says so; messages name its fields."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a study decides about this engine."""

    connection: Connection
    kind: Kind = "other"
    dtype: str = "as served"
    """Of the weights, as the study says it; the server decides."""
    quantization: str = "as served"
    """Of the base, as the study says it; the server decides."""
    options: ServerOptions = field(default_factory=ServerOptions)


def read_settings(engine: EngineSettings) -> ServerSettings:
    """Check what the study says of the engine. Raises EngineError naming the field and what it may be."""
    kind = engine.server or "other"
    if kind not in KINDS:
        fix = f"choose one of {', '.join(KINDS)}"
        raise EngineError(f"{kind!r} is unknown", place=Place.of("engine", "server"), fix=fix)
    kind = cast("Kind", kind)
    options = read_options(ServerOptions, engine.options)
    if options.load and not KINDS[kind].loads:
        raise EngineError(
            f"a server of kind {kind!r} has no call for it",
            place=Place.of("engine", "options", "load"),
            fix="start it with its adapters",
        )
    connection = read_connection(engine, options.retries)
    served = "as served"
    return ServerSettings(connection, kind, engine.dtype or served, engine.quantization or served, options)


def read_connection(settings: EngineSettings | JudgeSettings, retries: int = 8) -> Connection:
    """How to reach an engine's or a judge's server. Raises EngineError: no address, or a key that cannot be used."""
    section: Literal["engine", "judge"] = "judge" if isinstance(settings, JudgeSettings) else "engine"
    if settings.url is None:
        raise EngineError(
            "missing",
            place=Place.of(section, "url"),
            fix="give the server's address, as in `http://localhost:8000`",
        )
    default = Connection("")
    return Connection(
        settings.url.removesuffix("/v1"),
        _key(settings.key_env, Place.of(section, "key_env")),
        settings.concurrency or default.concurrency,
        settings.timeout or default.timeout,
        retries,
        section,
    )


def _key(variable: str | None, place: Place) -> str:
    """The key itself, which no message repeats."""
    if variable is None:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise EngineError(
            f"the variable {variable} is not set here", place=place, fix="set it to the server's key"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise EngineError(
            f"{variable} holds a space or a character that cannot be sent",
            place=place,
            fix="set it to the key alone",
        )
    return key
