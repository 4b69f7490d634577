"""Checks a base and its adapters and loads no weights: the base class of every engine's preflight.

An engine's module has a function `preflight`, which fills a `Preflight` of its own (files, configuration, shapes,
digests); its `load` gives a `Session`. A new engine is such a module, and a line in `ENGINE_MODULES`. It knows no task.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

from assay.engines.adapter_fit import BaseShapes, Fit
from assay.engines.adapter_fit.silent import base_warnings
from assay.engines.api import ModelRef, Problem, Session
from assay.engines.chat_template import Tokens, missing_header, render_chat, same_template, template_error
from assay.engines.end_tokens import end_warning
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = [
    "ENGINE_MODULES",
    "Preflight",
    "PreflightFunction",
    "find_preflight",
    "refuse_scaled",
    "versions",
]


NO_TEMPLATE = "it has no chat template: prompts are sent as they are; `decoding.template: FILE` gives one"
"""What a base without a template is noted with."""


class Preflight:
    """A base and its adapters, checked and not loaded. A subclass knows how to load them."""

    context: int | None = None
    """Positions of a prompt and its response together: longer responses are cut; None: not known."""
    provenance: Mapping[str, str]
    """Software and hardware that will generate: versions of packages, the device."""

    def __init__(self, base: str, tokens: Tokens) -> None:
        """`base` is its name in the study, `tokens` the special tokens of its tokenizer."""
        self.name = base
        self.tokens = tokens
        self.identities: dict[str, Mapping[str, Any]] = {}
        """Identities by content (JSON): the base first, then each usable adapter."""
        self.templates: dict[str, str] = {}
        """Chat template of the base, where it has one, and of each adapter that brings another.

        The base's may be unusable: `chat` refuses it in a study that uses it.
        """
        self.end_tokens: dict[str, tuple[int, ...]] = {}
        """Tokens that end the responses of an adapter, beside the base's, where its tokenizer has another end."""
        self._problems: list[Problem] = []
        self._template_errors: dict[str, str] = {}
        """By template: what is wrong with it, once it was tried."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """An adapter with an `error` has no identity and is not loaded."""
        return tuple(self._problems)

    def load(self) -> AbstractContextManager[Session]:
        """Load the weights, once. Raises EngineError if the base cannot be run."""
        raise NotImplementedError

    def chat(self, prompt: str, template: str) -> str:
        """The prompt as one user turn under a chat template, ready for an answer.

        Raises EngineError if the template cannot be applied to it, or leaves prompts out.
        """
        return self.converse([{"role": "user", "content": prompt}], template, begun=False)

    def converse(self, turns: Sequence[Mapping[str, str]], template: str, begun: bool) -> str:
        """Turns (`role`, `content`) under a template, ready for an answer; begun: the last turn is its beginning.

        Raises EngineError if the template cannot be applied to them.
        """
        if template not in self._template_errors:
            self._template_errors[template] = template_error(self.tokens, template)
        if reason := self._template_errors[template]:
            raise self._unusable(template, reason)
        try:
            return render_chat(self.tokens, turns, template, begun=begun)
        except EngineError as bad:
            raise self._unusable(template, bad.message) from bad

    def note(self, *problems: Problem) -> None:
        """Add findings."""
        self._problems += problems

    def add_base(self, identity: Mapping[str, Any], template: str | None) -> None:
        """Store the base's identity and its chat template."""
        self.identities[self.name] = identity
        if template:
            self.templates[self.name] = template
            self._check_template(self.name, template)
        else:
            self.note(Problem(self.name, "note", NO_TEMPLATE))

    def add_adapter(self, name: str, identity: Mapping[str, Any], template: str | None) -> None:
        """Store an adapter's identity, and its chat template where it differs from the base's; warn of a duplicate."""
        alike = (identity["weights"], identity.get("scale"))
        others = {
            (known["weights"], known.get("scale")): other
            for other, known in reversed(self.identities.items())
            if other != self.name
        }
        if same := others.get(alike):
            text = f"its weights are byte for byte those of adapter {same!r}; if this is not intended, correct one of the two paths"
            self.note(Problem(name, "warning", text))
        self.identities[name] = identity
        own = self.templates.get(self.name)
        if template is not None and (own is None or not same_template(self.tokens, template, own)):
            self.templates[name] = template
            self._check_template(name, template)

    def _check_template(self, name: str, template: str) -> None:
        """Warn of a template that never begins the assistant's turn."""
        if header := missing_header(self.tokens, template):
            text = (
                f"its chat template renders the same with and without add_generation_prompt, and so leaves out "
                f"{header!r} before a response: the model continues the user's turn; add `{{% if add_generation_prompt %}}` "
                f"with that to the template, or remove it"
                + (" to use the base's" if name != self.name else "")
            )
            self.note(Problem(name, "warning", text))

    def end_texts(self) -> Mapping[str, int]:
        """Tokens that end the base's own texts, and their numbers; empty where they are not known."""
        return {}

    def token(self, text: str) -> int | None:
        """Number of a token of the base's; None where it has none, or that is not known."""
        return self.end_texts().get(text)

    def add_end(
        self, name: str, end: str | None, ends: Collection[int], vocabulary: Mapping[str, int]
    ) -> None:
        """Store the end token of an adapter's own tokenizer, where it is none of the base's `ends`, and warn of it."""
        if end is None or not vocabulary or not (text := end_warning(end, ends, vocabulary)):
            return
        if end in vocabulary:
            self.end_tokens[name] = (vocabulary[end],)
            text += "; here too it ends the adapter's responses, and the responses of the base that they are compared with"
        self.note(Problem(name, "warning", text))

    def note_fit(self, name: str, fit: Fit, base: BaseShapes, precision: str = "") -> None:
        """Add what there is to know about how an adapter fits. precision: of the base, where it is quantized."""
        self.note(*(Problem(name, "note", text) for text in fit.notes))
        warnings = (*fit.warnings, *base_warnings(fit.config, base, precision, fit.form))
        self.note(*(Problem(name, "warning", text) for text in warnings))

    def _unusable(self, template: str, reason: str) -> EngineError:
        """Why prompts cannot be sent under a template, whose it is, and the fix."""
        if template == self.templates.get(self.name):
            return EngineError(
                f"its chat template {reason}",
                place=f"base {self.name!r}",
                fix="set `decoding.template: FILE` to one that can be used, or `decoding.template: none` to send "
                "prompts as they are",
            )
        if template in self.templates.values():
            return EngineError(f"its chat template {reason}", fix="fix it, or remove it to use the base's")
        named = f"the chat template that `decoding.template` names {reason}"
        return EngineError(named, fix="fix it, or name another")


PreflightFunction = Callable[[EngineSettings, ModelRef, Sequence[ModelRef]], Preflight]
"""Checks one base and its adapters. Raises EngineError if the base or a setting is unusable."""

ENGINE_MODULES = {
    "torch": "assay.engines.torch",
    "openai": "assay.engines.server.preflight",
    "vllm": "assay.engines.vllm",
    **dict.fromkeys(("ray:torch", "ray:vllm"), "assay.engines.ray"),
}
"""Module of each engine for weights; it has a function `preflight`."""


def find_preflight(name: str) -> PreflightFunction:
    """The preflight of an engine by the name that a study gives it. Raises EngineError with the fix."""
    if name not in ENGINE_MODULES:
        known = ", ".join(("recorded", *ENGINE_MODULES))
        raise EngineError(f"no engine {name!r}", fix=f"choose one of {known}")
    try:
        module = import_module(ENGINE_MODULES[name])
    except ImportError as bad:
        raise EngineError(
            f"engine {name!r} needs {bad.name or 'a package'}: install it with `pip install 'lora-assay[{name}]'`"
        ) from bad
    return cast("PreflightFunction", module.preflight)


def refuse_scaled(adapter: ModelRef) -> None:
    """Raise EngineError for an adapter at another scale than its own, which this engine cannot apply."""
    if adapter.scale != 1:
        raise EngineError(
            f"this engine applies adapters as they were trained, and not at scale {adapter.scale:g}",
            fix="use the engine `torch`, or remove its `scale`",
        )


def versions(*packages: str) -> dict[str, str]:
    """Versions of assay, Python, and those of these packages that are installed."""
    installed = {"assay": "unknown", "python": platform.python_version()}
    for name, package in {"assay": "lora-assay", **{package: package for package in packages}}.items():
        try:
            installed[name] = version(package)
        except PackageNotFoundError:
            continue
    return installed
