"""The seam for engines that run weights: look at a base and its adapters, load them once, ask them all.

A surveyor looks (files, configuration, shapes, digests) and loads nothing; what it returns can load.
It knows no task, claim or store. A new engine for weights is one surveyor and a line in `SURVEYORS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from assay.engines.engine import Engine
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["SURVEYORS", "Liveness", "Loaded", "Problem", "Survey", "Surveyor", "Weights", "surveyor"]


NO_PROMPTS: Mapping[str, Sequence[str]] = {}
PROBED = 4
"""Tasks of which a prompt joins the probe prompts: what an adapter changes may show under its template only."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A base or an adapter as a study names it."""

    name: str
    source: Path | str
    """A folder, or a hub id."""
    revision: str | None = None
    """Of the hub id."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about one base or adapter, before a token is spent."""

    subject: str
    severity: Literal["error", "warning", "note"]
    """`error`: it cannot be measured. `warning`: the figures may not mean what they seem to. `note`: good to know."""
    message: str


@dataclass(frozen=True, slots=True)
class Liveness:
    """What one adapter changes, on probe prompts."""

    adapter: str
    modules: int | None
    """Layers of the base that it changes; None where the engine does not see them."""
    norm: float | None
    """Frobenius norm of the weight change over all layers; None likewise."""
    largest: float
    """Largest absolute difference of a logit from the base's, over all positions of the probe prompts."""
    divergence: float
    """Mean over those positions of KL(adapter || base), in nats."""
    differ: float
    """Share of the probe prompts with another response than the base's."""
    sound: bool = field(default=True, kw_only=True)
    """Whether the base's own logits are finite; `largest` is not where they are not."""

    @property
    def alive(self) -> bool:
        """Whether it changed some logit or response at all, and all logits are finite, the base's too."""
        return math.isfinite(self.largest) and (self.largest > 0 or self.differ > 0)

    @property
    def verdict(self) -> str:
        """What its claims end as without a response: `not applied`, or `not measured`; empty where it is alive."""
        if self.alive:
            return ""
        return "not applied" if math.isfinite(self.largest) else "not measured"

    @property
    def reason(self) -> str:
        """Why they do; empty where it is alive."""
        if self.alive:
            return ""
        if not self.sound:
            return (
                "without it, the logits of the probe prompts are not finite: the base's weights are broken, or too "
                "large for its `dtype`"
            )
        if not math.isfinite(self.largest):
            return "with it, the logits of the probe prompts are not finite: its weights are broken, or too large"
        seen = (
            ""
            if self.modules is None
            else f" ({self.modules} layers matched, norm of the weight change {self.norm:.3g})"
        )
        return f"it leaves every logit of the probe prompts as it was{seen}"


class Loaded(Engine, Protocol):
    """A base and its adapters, in memory."""

    @property
    def failed(self) -> Mapping[str, str]:
        """Adapters that could not be loaded or asked after all, and why; it may grow. They yield no completion."""
        ...

    @property
    def provenance(self) -> Mapping[str, str]:
        """What of the software and hardware is known only once weights are loaded; it joins the survey's."""
        ...

    def liveness(
        self, adapters: Sequence[str], sent: Mapping[str, Sequence[str]] = NO_PROMPTS
    ) -> list[Liveness]:
        """What each of these changes on probe prompts, and on prompts as they will be sent to it, by its name."""
        ...


class Survey(Protocol):
    """A base and its adapters, looked at and not loaded."""

    @property
    def identities(self) -> Mapping[str, Mapping[str, Any]]:
        """What answers, by content (JSON): the base first, then each adapter that can be asked."""
        ...

    @property
    def problems(self) -> tuple[Problem, ...]:
        """An adapter with an `error` has no identity and is not loaded."""
        ...

    @property
    def templates(self) -> Mapping[str, str]:
        """Chat template of the base, where it has one, and of each adapter that brings another."""
        ...

    @property
    def context(self) -> int | None:
        """Positions of a prompt and its response together: longer responses are cut; None: not known."""
        ...

    @property
    def provenance(self) -> Mapping[str, str]:
        """Software and hardware that will answer: versions of packages, the device."""
        ...

    def chat(self, prompt: str, template: str) -> str:
        """The prompt as one user turn under a chat template, ready for an answer."""
        ...

    def load(self) -> AbstractContextManager[Loaded]:
        """Load the weights, once. Raises EngineError if the base cannot be run."""
        ...


Surveyor = Callable[[EngineSettings, Weights, Sequence[Weights]], Survey]
"""Looks at one base and its adapters. Raises EngineError if the base or a setting is unusable."""

SURVEYORS = {
    "torch": "assay.engines.torch",
    "openai": "assay.engines.openai.survey",
    "vllm": "assay.engines.vllm",
    **dict.fromkeys(("ray:torch", "ray:vllm"), "assay.engines.ray"),
}
"""Module of each engine for weights; it has a function `survey`."""


def surveyor(name: str) -> Surveyor:
    """The surveyor of an engine by the name that a study gives it. Raises EngineError with the fix."""
    if name not in SURVEYORS:
        known = ", ".join(("recorded", *SURVEYORS))
        raise EngineError(f"no engine {name!r}; choose one of {known}")
    try:
        module = import_module(SURVEYORS[name])
    except ImportError as bad:
        raise EngineError(
            f"engine {name!r} needs {bad.name or 'a package'}: install it with `pip install 'lora-assay[{name}]'`"
        ) from bad
    return cast("Surveyor", module.survey)
