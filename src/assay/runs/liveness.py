"""Liveness of each adapter: looked up, probed and stored before the adapter gets prompts. It knows no task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assay.engines import Liveness, Session
from assay.engines.api import PROBED
from assay.records import Refusal, Store, digest
from assay.runs.workload import BaseGroup
from assay.stats import Verdict

__all__ = ["probe", "refuse", "refuse_inert", "unprobed_adapters"]


def refuse_inert(group: BaseGroup, store: Store) -> None:
    """Refuse the adapters that changed nothing at an earlier start, with the prompts that they would be probed with now."""
    for name, identity in group.adapters.items():
        known = store.manifest.liveness.get(digest(identity))
        if known is not None and known["reason"] and not _probed_again(group, name, known):
            refuse(store, {name: Refusal(Verdict(known["verdict"]), known["reason"])})


def unprobed_adapters(group: BaseGroup, store: Store) -> list[str]:
    """Names of the adapters of which nothing is known yet, or which changed nothing and are probed again."""
    known = store.manifest.liveness
    return [
        name
        for name, identity in group.adapters.items()
        if (found := known.get(digest(identity))) is None
        or (found["reason"] and _probed_again(group, name, found))
    ]


def _probed_again(group: BaseGroup, name: str, known: Mapping[str, Any]) -> bool:
    """Whether one that changed nothing gets another chance: its prompts differ now, as where a new template holds
    trained tokens, or its files do not decide what is applied."""
    return bool(known.get("again")) or known.get("asked") != _probed_with(group, name)


def probe(group: BaseGroup, session: Session, unprobed: Sequence[str], store: Store) -> None:
    """Store what each of these adapters changes, except those that failed."""
    names = [name for name in unprobed if name not in session.failed]
    for found in session.liveness(names, {name: _shortest_prompts(group, name) for name in names}):
        _keep(group, found, store)


def refuse(store: Store, refusals: Mapping[str, Refusal]) -> None:
    """Store why these adapters' claims end without evidence."""
    for adapter, refusal in refusals.items():
        if store.manifest.refused.get(adapter) != refusal:
            store.note("refused", adapter=adapter, verdict=refusal.verdict, reason=refusal.reason)


def _shortest_prompts(group: BaseGroup, name: str) -> list[str]:
    """The shortest prompt of each task, at most PROBED, as sent to an adapter."""
    workloads = [load for load in group.workloads if load.name == name and load.texts]
    return [min(load.texts.values(), key=len) for load in workloads[:PROBED]]


def _probed_with(group: BaseGroup, name: str) -> str:
    """Digest of an adapter's probe prompts."""
    return digest(_shortest_prompts(group, name))


def _keep(group: BaseGroup, found: Liveness, store: Store) -> None:
    entry = asdict(found) | {"reason": found.reason, "verdict": found.verdict}
    if found.reason:
        entry["asked"] = _probed_with(group, found.adapter)
    with store.transaction():
        identity = digest(group.adapters[found.adapter])
        store.note("liveness", identity=identity, found=_finite(entry))
        if found.verdict is not None:
            refuse(store, {found.adapter: Refusal(found.verdict, found.reason)})


def _finite(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers that JSON can hold; None for others."""
    return {
        key: None if isinstance(value, float) and value - value != 0 else value
        for key, value in entry.items()
    }
