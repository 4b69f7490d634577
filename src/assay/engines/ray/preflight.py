"""Probe here, load over there: the preflight of the engine that actors hold, whose load starts them.

What answers is what answers without Ray: identities, templates and provenance are the inner engine's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from assay.embedded import VARIABLE
from assay.engines.api import ModelRef
from assay.engines.files import json_sha256
from assay.engines.preflight import Preflight, find_preflight
from assay.engines.ray.cluster import Cluster, Order
from assay.engines.ray.options import RayOptions, read_settings
from assay.engines.ray.session import Expected, RaySession
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["RayPreflight", "preflight"]

PASSED_ON = (VARIABLE, "HF_HUB_OFFLINE")
"""Variables that decide which files are read."""
Begin = Callable[[RayOptions, Order], AbstractContextManager[Cluster]]


def preflight(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> RayPreflight:
    """Probe at a base and its adapters. Raises EngineError if the base or a setting is unusable, or Ray absent."""
    options, inner = read_settings(settings)
    if find_spec("ray") is None:
        raise EngineError(
            f"engine {settings.name!r} needs ray: install it with `pip install 'lora-assay[ray]'`"
        )
    from assay.engines.ray.actors import started

    looked = find_preflight(inner.name)(inner, base, adapters)
    return RayPreflight(looked, options, order_for(inner, base, adapters, looked), started)


def order_for(
    inner: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef], looked: Preflight
) -> Order:
    """What actors load: the base, and the adapters that can be asked."""
    usable = tuple(_absolute(ref) for ref in adapters if ref.name in looked.identities)
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return Order(inner, _absolute(base), usable, environment)


class RayPreflight(Preflight):
    """What the inner engine's preflight found; only loading is different."""

    def __init__(self, inner: Preflight, options: RayOptions, order: Order, begin: Begin) -> None:
        """`begin` starts, or connects to, what actors run on."""
        super().__init__(inner.name, inner.tokens)
        self.inner, self.options, self.order, self.begin = inner, options, order, begin
        self.identities, self.templates = inner.identities, inner.templates
        self.end_tokens = inner.end_tokens
        # Of software, that of this machine: what actors run on replaces it once they are there.
        self.context, self.provenance = inner.context, inner.provenance
        self.note(*inner.problems)

    def chat(self, prompt: str, template: str) -> str:
        """As the inner engine does it."""
        return self.inner.chat(prompt, template)

    def converse(self, turns: Sequence[Mapping[str, str]], template: str, begun: bool) -> str:
        """As the inner engine does it."""
        return self.inner.converse(turns, template, begun)

    def end_texts(self) -> Mapping[str, int]:
        """As the inner engine knows them."""
        return self.inner.end_texts()

    def token(self, text: str) -> int | None:
        """As the inner engine knows it."""
        return self.inner.token(text)

    @contextmanager
    def load(self) -> Iterator[RaySession]:
        """Load the weights, once an actor. Raises EngineError if the base cannot be run."""
        digests = {name: json_sha256(identity) for name, identity in self.identities.items()}
        expected = Expected(self.name, digests, self.provenance, self.options.actors, self.options.batch)
        with (
            self.begin(self.options, self.order) as cluster,
            closing(RaySession(cluster, expected)) as session,
        ):
            yield session


def _absolute(ref: ModelRef) -> ModelRef:
    """The same, wherever a process was started."""
    if not isinstance(ref.source, Path):
        return ref
    return replace(ref, source=ref.source.expanduser().absolute())
