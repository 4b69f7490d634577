"""The differences between kinds of server, in one table. How a request names its subject is in `served`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["KINDS", "Kind", "ServerKind"]

Kind = Literal["vllm", "sglang", "lorax", "tgi", "transformers", "llama.cpp", "other"]
PLAIN: Mapping[str, Any] = {"top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
SAMPLER: Mapping[str, Any] = {**PLAIN, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}


@dataclass(frozen=True, slots=True)
class ServerKind:
    """What one kind of server can do, and what it calls things."""

    neutral: Mapping[str, Any]
    """What leaves greedy choice and sampling by temperature alone, as it calls it."""
    version: str = ""
    """Page that reports its version."""
    lists: bool = True
    """Whether its list of models is what it serves; transformers lists a cache."""
    loads: tuple[str, str] | None = None
    """Where adapters are loaded and unloaded, if it can."""
    counts: bool = False
    """Whether it counts the tokens of a prompt."""
    scores: Literal["", "ranks", "echo"] = ""
    """How it reports the log-probabilities of a prompt's own tokens, if it does."""
    native: bool = False
    """Whether it is asked in TGI's own form, in which adapters have ids."""


KINDS: Mapping[Kind, ServerKind] = {
    "vllm": ServerKind(
        SAMPLER,
        "/version",
        loads=("/v1/load_lora_adapter", "/v1/unload_lora_adapter"),
        counts=True,
        scores="ranks",
    ),
    "sglang": ServerKind(
        SAMPLER,
        "/server_info",
        loads=("/load_lora_adapter", "/unload_lora_adapter"),
        counts=True,
        scores="echo",
    ),
    "lorax": ServerKind({}, "/info", lists=False, native=True),
    "tgi": ServerKind({}, "/info", lists=False, native=True),
    "transformers": ServerKind({"top_p": 1.0, "frequency_penalty": 0.0}, lists=False),
    "llama.cpp": ServerKind(
        {
            **PLAIN,
            "top_k": 0,
            "min_p": 0.0,
            "typical_p": 1.0,
            "repeat_penalty": 1.0,
            "cache_prompt": False,  # what is cached was computed in other batches
        },
        "/props",
    ),
    "other": ServerKind(PLAIN, scores="echo"),
}
