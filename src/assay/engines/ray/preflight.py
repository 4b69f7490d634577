"""Look here, load over there: the preflight of the engine that actors hold, whose load starts them.

What answers is what answers without Ray: identities, templates and provenance are the inner engine's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assay.embedded import VARIABLE
from assay.engines.api import Converses, ModelRef, Preflight, Problem, find_preflight
from assay.engines.files import json_sha256
from assay.engines.ray.cluster import Cluster, Order
from assay.engines.ray.options import Setup, read_setup
from assay.engines.ray.session import Expected, Session
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["RayPreflight", "preflight"]

PASSED_ON = (VARIABLE, "HF_HUB_OFFLINE")
"""Variables that decide which files are read."""
Begin = Callable[[Setup, Order], AbstractContextManager[Cluster]]


def preflight(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> RayPreflight:
    """Look at a base and its adapters. Raises EngineError if the base or a setting is unusable, or Ray absent."""
    setup = read_setup(settings)
    if find_spec("ray") is None:
        raise EngineError(
            f"engine {settings.name!r} needs ray: install it with `pip install 'lora-assay[ray]'`"
        )
    from assay.engines.ray.actors import started

    return wrapped_preflight(
        setup, base, adapters, find_preflight(setup.inner.name)(setup.inner, base, adapters), started
    )


def wrapped_preflight(
    setup: Setup, base: ModelRef, adapters: Sequence[ModelRef], inner: Preflight, begin: Begin
) -> RayPreflight:
    """The preflight over the inner engine's; actors load what can be asked, and nothing else."""
    usable = tuple(_anywhere(one) for one in adapters if one.name in inner.identities)
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return RayPreflight(inner, setup, Order(setup.inner, _anywhere(base), usable, environment), begin)


@dataclass(frozen=True, slots=True)
class RayPreflight:
    """Satisfies `Preflight`."""

    inner: Preflight
    """Of the engine that each actor holds, looked at here."""
    setup: Setup
    order: Order
    begin: Begin
    """Starts, or connects to, what actors run on."""

    @property
    def identities(self) -> Mapping[str, Mapping[str, Any]]:
        """The inner engine's: records are the same with actors and without."""
        return self.inner.identities

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The inner engine's."""
        return self.inner.problems

    @property
    def templates(self) -> Mapping[str, str]:
        """The inner engine's."""
        return self.inner.templates

    @property
    def context(self) -> int | None:
        """The inner engine's."""
        return self.inner.context

    @property
    def provenance(self) -> Mapping[str, str]:
        """The inner engine's, here; Ray computes nothing. What actors run on replaces it once they are there."""
        return self.inner.provenance

    def chat(self, prompt: str, template: str) -> str:
        """The prompt as one user turn under a chat template, ready for an answer. Raises EngineError."""
        return self.inner.chat(prompt, template)

    def converse(self, turns: Sequence[Mapping[str, str]], template: str, begun: bool) -> str:
        """Turns under a chat template, ready for an answer; begun: the last is its beginning. Raises EngineError."""
        if not isinstance(self.inner, Converses):
            raise EngineError(
                f"the engine {self.setup.inner.name!r} puts one turn alone under a chat template"
            )
        return self.inner.converse(turns, template, begun)

    @contextmanager
    def load(self) -> Iterator[Session]:
        """Load the weights, once an actor. Raises EngineError if the base cannot be run."""
        expected = Expected(
            self.order.base.name,
            {name: json_sha256(identity) for name, identity in self.identities.items()},
            self.inner.provenance,
            self.setup.actors,
            self.setup.batch,
        )
        with self.begin(self.setup, self.order) as cluster:
            session = Session(cluster, expected)
            try:
                yield session
            finally:
                session.close()


def _anywhere(weights: ModelRef) -> ModelRef:
    """The same, wherever a process was started."""
    if not isinstance(weights.source, Path):
        return weights
    return replace(weights, source=weights.source.expanduser().absolute())
