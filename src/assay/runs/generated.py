"""The workloads of a study that generates: each base with its adapters, after preflight and before any is loaded.

An adapter with a chat template of its own gets prompts under that template, and so does its base, in a second
workload: a gain compares equal prompts. It loads no weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from typing import Any

from assay.engines import ModelRef, Preflight, PreflightFunction, Prompt
from assay.errors import AssayError, EngineError, Place, StudyError
from assay.files import read_text
from assay.plan import Problem
from assay.records import digest
from assay.runs.full_models import full_models
from assay.runs.second_passes import repeat_count, second_passes
from assay.runs.workload import BaseGroup, Responses, Workload
from assay.study import Adapter, Base, Study, TaskEntry
from assay.tasks import Example, Task
from assay.tasks.task import Chat, Request, transcript

__all__ = ["generated"]

CONVERSATION = (("user", "Name a color."), ("assistant", "Blue is one."), ("user", "Name another."))
"""What a template must be able to write, where a task has turns."""
_Protocol = tuple[str | None, tuple[int, ...]]
"""The chat template of prompts, None for none, and tokens that end responses beside the base's."""
_Protocols = Mapping[str, Sequence[_Protocol]]


def generated(
    study: Study,
    tasks: Mapping[str, Task],
    examples: Mapping[str, Sequence[Example]],
    preflight: PreflightFunction,
    compared: Sequence[tuple[str, str]] = (),
) -> Responses:
    """A group for each base. compared: subjects and what they are compared with beside their base. Raises AssayError if a base is unusable; an unusable adapter is only a problem."""
    _check_generating(study)
    groups: list[BaseGroup] = []
    problems: list[Problem] = []
    makers: list[_Workloads] = []
    for base in study.bases:
        with _by_line(study):
            checked = preflight(
                study.engine,
                ModelRef(base.name, study.source(base.model or ""), base.revision, file=base.file),
                [
                    replace(_adapter_ref(study, adapter), name=name, scale=scale)
                    for adapter in study.adapters
                    if adapter.base == base.name and not adapter.model
                    for name, scale in adapter.scales.items()
                ],
            )
        models, failed = full_models(study, base, checked, preflight)
        problems += failed
        makers.append(_Workloads(study, tasks, examples, checked, base, models))
    others = _other_protocols(study, compared, makers)
    named = {reference for _, reference in compared}
    for maker in makers:
        base, checked = maker.base, maker.checked
        everything, failed = maker.all(others)
        workloads = tuple(load for load in everything if load.prompt.subject not in maker.models)
        problems += [*checked.problems, *failed, *_cut_short(study, workloads, checked)]
        groups.append(
            BaseGroup(
                workloads,
                checked.load,
                base.name,
                again=second_passes(workloads, base.name),
                repeats=repeat_count(
                    sum(len(load.texts) * load.samples for load in workloads),
                    sum(map(len, examples.values())),
                    study.noise_prompts,
                ),
                provenance=checked.provenance,
                context=checked.context,
                needed=bool(maker.models) or base.name in named,
            )
        )
        for name, model in maker.models.items():
            workloads = tuple(load for load in everything if load.prompt.subject == name)
            problems += _cut_short(study, workloads, model)
            group = BaseGroup(
                workloads, model.load, name, provenance=model.provenance, context=model.context, needed=True
            )
            groups += [group] if workloads else []
    return Responses(tuple(groups), tuple(problems))


def _adapter_ref(study: Study, adapter: Adapter) -> ModelRef:
    source, folder = study.adapter_source(adapter)
    return ModelRef(adapter.name, source, adapter.revision, folder)


@contextmanager
def _by_line(study: Study) -> Iterator[None]:
    """Errors about a field of the study name its line in the file, or the option that gave it."""
    try:
        yield
    except AssayError as bad:
        if study.path is None or not isinstance(bad.place, Place) or not bad.place.field:
            raise
        raise bad.at(study.named(*bad.place.field)) from bad


def _check_generating(study: Study) -> None:
    """Raise StudyError where some responses are recorded and others not, or samples could not differ."""
    for index, base in enumerate(study.bases):
        if base.model is None:
            raise StudyError(
                f"{base.name!r} has no `model`, and the engine {study.engine.name!r} generates",
                place=study.locate("bases", index),
                fix="give its folder or hub id, or record all responses",
            )
    if study.decoding.samples > 1 and not study.decoding.temperature:
        raise StudyError(
            f"{study.decoding.samples} samples at temperature 0 would all be the same text",
            place=study.locate("decoding", "samples"),
            fix="give a temperature, or remove the line",
        )
    for index, adapter in enumerate(study.adapters):
        if adapter.path is None and adapter.model is None:
            raise StudyError(
                f"{adapter.name!r} has no `path`, and the engine {study.engine.name!r} generates",
                place=study.locate("adapters", index),
                fix="give its folder or hub id: a gain compares responses made in one way",
            )


@dataclass(frozen=True, slots=True)
class _Workloads:
    """Makes the workloads of one base and its adapters."""

    study: Study
    tasks: Mapping[str, Task]
    examples: Mapping[str, Sequence[Example]]
    checked: Preflight
    base: Base
    models: Mapping[str, Preflight]
    """Full models that are compared with the base, by name; their prompts are rendered as the base's are."""

    def all(self, others: _Protocols) -> tuple[tuple[Workload, ...], list[Problem]]:
        """Every workload, the base's first, and adapters whose own template cannot be used.

        others: the protocols that a subject is asked under besides its own, by its name.
        """
        own = self.protocols()
        usual, _ = own[self.base.name]
        workloads = self._of_base(usual)
        problems: list[Problem] = []
        by_protocol: dict[_Protocol, list[str]] = {}
        for name in (name for name in own if name != self.base.name):
            by_protocol.setdefault(own[name], []).append(name)
        for protocol in (protocol for name in own for protocol in others.get(name, ())):
            by_protocol.setdefault(protocol, [])
        for (template, ends), adapters in by_protocol.items():
            variant = _variant(template, usual, ends) or "usual"
            subjects = [(name, variant) for name in own if (template, ends) in others.get(name, ())]
            subjects += [(name, "") for name in adapters]
            if template != usual:
                text = (
                    "it brings its own chat template; its gains are taken against the base under that same template; "
                    "remove it to use the base's"
                )
                problems += [Problem(name, "note", text) for name in adapters]
            try:
                workloads += self._under(template, subjects, ends)
            except EngineError as bad:
                if template == usual:
                    raise
                problems += [Problem(name, "error", str(bad)) for name in adapters]
        return tuple(workloads), problems

    def _of_base(self, usual: str | None) -> list[Workload]:
        """The base's. Raises StudyError where the template cannot be used."""
        try:
            return self._under(usual, [(self.base.name, "")])
        except EngineError as bad:
            place = self.study.locate("decoding", "template")  # the field that can help
            if self._own:
                place = replace(
                    place, text=str(self.study.locate("bases", self.study.bases.index(self.base), "model"))
                )
            raise StudyError(bad.message, place=place, fix=bad.fix) from bad

    @property
    def _own(self) -> bool:
        """Whether templates are those that bases and adapters bring."""
        return self.study.decoding.template in (None, "chat")

    def protocols(self) -> dict[str, _Protocol]:
        """Each subject's own, the base's first."""
        usual, ends = self._usual_template(), self.checked.end_tokens
        brought = self.checked.templates if self._own else {}
        adapters = (name for name in self._identities if name != self.base.name)
        own = {name: (brought.get(name, usual), ends.get(name, ())) for name in adapters}
        return {self.base.name: (usual, ()), **own}

    @property
    def _identities(self) -> dict[str, Mapping[str, Any]]:
        """Of the base, its adapters and full models."""
        models = {name: looked.identities[name] for name, looked in self.models.items()}
        return {**self.checked.identities, **models}

    def _usual_template(self) -> str | None:
        """The chat template that the study asks for; None: none."""
        template, own = self.study.decoding.template, self.checked.templates.get(self.base.name)
        if template == "none":
            return None
        if template == "chat" and own is None:
            raise StudyError(
                f"the base {self.base.name!r} has no chat template",
                place=self.study.locate("decoding", "template"),
                fix="write `none`, or name a template file",
            )
        if self._own:
            return own
        return read_text(self.study.resolve(str(template)), StudyError)

    def _under(
        self, template: str | None, subjects: Sequence[tuple[str, str]], ends: tuple[int, ...] = ()
    ) -> list[Workload]:
        """Each (subject, variant) on each task, under one template and with these further end tokens."""
        of_tasks = [self._of_task(entry, template) for entry in self.study.tasks]
        return [
            replace(
                workload,
                prompt=replace(workload.prompt, subject=subject, variant=variant, ends=ends),
                protocol={**workload.protocol, **({"ends": list(ends)} if ends else {})},
                identity=self._identities[subject],
            )
            for subject, variant in subjects
            for workload in of_tasks
        ]

    def _of_task(self, entry: TaskEntry, template: str | None) -> Workload:
        """A task under one template, for any subject."""
        task, decoding, chat = self.tasks[entry.name], self.study.decoding, template is not None
        shots = entry.shots if entry.shots is not None else task.form.shots_with(chat)
        examples = self.examples[entry.name]
        requests = task.requests(examples, None if template is None else self._chat(template), shots)
        asks = {example.key: several for example, several in zip(examples, requests, strict=True)}
        prompt = Prompt(
            subject="",
            task=entry.name,
            example="",
            text="",
            max_tokens=entry.max_tokens or decoding.max_tokens or task.form.max_tokens,
            stop=task.form.stop_with(chat),
            temperature=decoding.temperature or 0.0,
            seed=decoding.seed,
        )
        texts = {key: several[0].prompt or several[0].continuation for key, several in asks.items()}
        workload = Workload(prompt, {}, {}, texts, decoding.samples, decoding.after)
        if any(several != (Request(several[0].prompt),) for several in asks.values()):
            filled = {key: self._filled(several, entry, prompt) for key, several in asks.items()}
            workload = _several(workload, filled)
            workload = replace(workload, converse=self._converse(template, filled))
        prompt = workload.prompt
        protocol: dict[str, Any] = {
            "engine": self.study.engine.name.rpartition(":")[2],  # the same answers with actors and without
            "form": {"task": task.kind, "version": task.form.version, "shots": shots, "stop": prompt.stop},
            "template": None if template is None else _sha256(template),
            "sent": digest(
                {key: [_sent(ask) for ask in several] for key, several in workload.asks.items()} or texts
            ),
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
            "seed": prompt.seed if prompt.temperature > 0 else None,
            "samples": workload.samples,
            "after": decoding.after,
        }
        return replace(workload, protocol=protocol)

    def _chat(self, template: str) -> Chat:
        """Applies the template to turns. Raises EngineError for what the engine cannot put under a template."""

        def chat(turns: Sequence[Mapping[str, str]], begun: bool) -> str:
            if len(turns) == 1 and turns[0]["role"] == "user" and not begun:
                return self.checked.chat(turns[0]["content"], template)
            return self.checked.converse(turns, template, begun)

        return chat

    def _converse(self, template: str | None, asks: Mapping[str, Sequence[Request]]) -> Chat:
        """Writes conversations. Raises EngineError for a template that refuses answers between turns, or leaves them out."""
        if template is None:
            return transcript
        chat = self._chat(template)
        if any(ask.say for several in asks.values() for ask in several):
            text = chat([{"role": role, "content": content} for role, content in CONVERSATION], False)
            if missing := [content for _, content in CONVERSATION if content not in text]:
                raise EngineError(
                    f"its chat template leaves out part of a conversation ({missing[0]!r})",
                    fix="name a template file, or write `decoding.template: none`",
                )
        return chat

    def _filled(self, several: Sequence[Request], entry: TaskEntry, usual: Prompt) -> tuple[Request, ...]:
        """Requests with the settings that the task leaves open; the study's settings override the task's."""
        decoding = self.study.decoding
        limit, heat = entry.max_tokens or decoding.max_tokens, decoding.temperature
        return tuple(
            replace(
                ask,
                max_tokens=limit or ask.max_tokens or usual.max_tokens,
                stop=usual.stop if ask.stop is None else ask.stop,
                temperature=(ask.temperature or 0.0) if heat is None else heat,
            )
            if ask.kind == "generate"
            else ask
            for ask in several
        )


def _other_protocols(
    study: Study, beside: Sequence[tuple[str, str]], makers: Sequence[_Workloads]
) -> _Protocols:
    """By subject: protocols of others that are compared with it, where these are not its own."""
    own = {name: protocol for maker in makers for name, protocol in maker.protocols().items()}
    compared = [(name, adapter.base) for adapter in study.adapters for name in adapter.scales]
    compared += beside
    found: dict[str, list[_Protocol]] = {}
    for name, reference in compared:
        if name in own and reference in own and own[name] != own[reference]:
            listed = found.setdefault(reference, [])
            listed += [own[name]] if own[name] not in listed else []
    return found


def _several(workload: Workload, asks: Mapping[str, tuple[Request, ...]]) -> Workload:
    """The workload with all requests about each example."""
    texts = [ask for several in asks.values() for ask in several if ask.kind == "generate"]
    prompt = replace(
        workload.prompt,
        max_tokens=max((ask.max_tokens or 1 for ask in texts), default=1),
        stop=(),
        temperature=max((ask.temperature or 0.0 for ask in texts), default=0.0),
    )
    return replace(workload, prompt=prompt, asks=asks, samples=workload.samples if texts else 1)


def _cut_short(study: Study, workloads: Sequence[Workload], checked: Preflight) -> list[Problem]:
    """A warning where the context is shorter than the longest response that is asked for."""
    longest = max((workload.prompt.max_tokens * workload.turns for workload in workloads), default=0)
    if checked.context is None or longest < checked.context:
        return []
    what, then = "responses", "the room that a prompt leaves ends them"
    if any(workload.turns > 1 for workload in workloads):
        what, then = "conversations with responses", f"{then}, and a turn without room has an empty response"
    text = (
        f"its context holds {checked.context:,} tokens, prompt and response together, and {what} of {longest:,} are "
        f"asked for: {then}; lower `max_tokens` ({study.locate('decoding')})"
    )
    return [Problem(checked.name, "warning", text)]


def _sent(ask: Request) -> tuple[object, ...]:
    """What the protocol knows of a request."""
    *fields, say = astuple(ask)
    return (*fields, say) if say else tuple(fields)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _variant(template: str | None, usual: str | None, ends: tuple[int, ...]) -> str:
    """What a base is called under the protocol of adapters that bring another; empty: it is the base's own."""
    parts = [f"template:{_sha256(template or '')[:8]}"] if template != usual else []
    parts += [f"end:{'-'.join(map(str, ends))}"] if ends else []
    return "+".join(parts)
