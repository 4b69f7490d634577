"""Why the responses of two runs may differ: weights, engine or settings, by the identities that the runs keep.

It knows no score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.comparison.evidence import ADAPTER, REFERENCE, ClaimEvidence
from assay.records import digest

__all__ = ["Reasons", "reasons_of"]

Reasons = dict[str, tuple[str, str]]
"""By kind (`adapter`, `base`, `reference`, `engine`, `settings`): what the left and the right run have."""
ENGINE = ("engine", "server", "dtype", "quantization", "arguments")
"""Parts of an identity that the engine decides."""
NOT_WEIGHTS = (*ENGINE, "name", "base", "responses", "scale")
UNSENT = ("sent", "engine", "batch")
"""Parts of a protocol that are compared elsewhere: prompts as sent example by example."""


def reasons_of(left: ClaimEvidence, right: ClaimEvidence, side: int) -> Reasons:
    """Of one side of a claim; empty where both runs state the same identity and protocol."""
    of_base = side == REFERENCE and not left.entry.against
    kind = "adapter" if side == ADAPTER else "base" if of_base else "reference"
    ours, theirs = (run.identity(run.names[side]) for run in (left, right))
    reasons = _of_subject(kind, ours, theirs, left.task)
    subject = left.subject(side)
    if subject is not None and subject.parts and not (left.recorded(side) and right.recorded(side)):
        bases = left.identity(left.base_of(side)), right.identity(right.base_of(side))
        reasons |= _of_subject("base", *bases, left.task)
        digests = [str(identity.get("base", "")) for identity in (ours, theirs)]
        if digests[0] != digests[1] and not all(bases):
            reasons["base"] = digests[0][:12], digests[1][:12]
    return reasons | _of_protocol(left.protocol(side), right.protocol(side))


def _of_subject(kind: str, left: Mapping[str, Any], right: Mapping[str, Any], task: str) -> Reasons:
    reasons: Reasons = {}
    if not left or not right:
        return reasons  # one of the runs has no responses there
    if _part(left, ENGINE) != _part(right, ENGINE):
        reasons["engine"] = _words(_part(left, ENGINE)), _words(_part(right, ENGINE))
    weights = [_weights(identity, task) for identity in (left, right)]
    if weights[0] != weights[1]:
        reasons[kind] = _short(left, weights[0]), _short(right, weights[1])
    return reasons


def _weights(identity: Mapping[str, Any], task: str) -> dict[str, Any]:
    """What decides the responses apart from the engine; of recorded ones the file itself."""
    parts = {key: value for key, value in identity.items() if key not in NOT_WEIGHTS}
    recorded = identity.get("responses", {}).get(task)
    return parts | {"scale": identity.get("scale", 1.0)} | ({"responses": recorded} if recorded else {})


def _short(identity: Mapping[str, Any], weights: Mapping[str, Any]) -> str:
    scale = f" at scale {identity['scale']:g}" if "scale" in identity else ""
    return f"{digest(weights)[:12]}{scale}"


def _of_protocol(left: Mapping[str, Any], right: Mapping[str, Any]) -> Reasons:
    reasons: Reasons = {}
    if not left or not right:
        return reasons
    if (engines := [side.get("engine") for side in (left, right)])[0] != engines[1]:
        reasons["engine"] = str(engines[0]), str(engines[1])
    flat = [_flat(side) for side in (left, right)]
    keys = dict.fromkeys((*flat[0], *flat[1]))
    if differ := [key for key in keys if flat[0].get(key) != flat[1].get(key)]:
        ours, theirs = ({key: side.get(key) for key in differ} for side in flat)
        reasons["settings"] = _words(ours), _words(theirs)
    return reasons


def _flat(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a protocol, with those of its decoding and form beside them."""
    nested = {key: value for key, value in protocol.items() if isinstance(value, Mapping)}
    single = {key: value for key, value in protocol.items() if key not in (*nested, *UNSENT)}
    return single | {key: value for part in nested.values() for key, value in part.items()}


def _part(identity: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: identity[key] for key in keys if key in identity}


def _words(parts: Mapping[str, Any]) -> str:
    """`max_tokens 128, temperature 0`; long values by their first characters."""
    words = (f"{key} {_value(value)}" for key, value in parts.items())
    return ", ".join(words) or "-"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."
