"""What answers a study that generates: each base with its adapters, looked at before anything is loaded.

An adapter that brings its own chat template is asked under that template, and so is its base, once
more: a gain compares equal prompts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from assay.binding.bound import Cell, Found, Round
from assay.engines import ModelRef, Preflight, PreflightFunction, Problem, Prompt
from assay.errors import EngineError, StudyError
from assay.files import read_text
from assay.records import digest
from assay.study import Base, Study, TaskEntry
from assay.tasks import Example, Task
from assay.tasks.task import Ask, Chat
from assay.verdicts.noise import AGAIN

__all__ = ["generated"]

NOISE_PROMPTS = 128
"""Of each task, for the noise floor: without a difference they exclude noise of 2 points."""


def generated(
    study: Study,
    tasks: Mapping[str, Task],
    examples: Mapping[str, Sequence[Example]],
    preflight: PreflightFunction,
) -> Found:
    """A round for each base. Raises AssayError if a base is unusable; a bad adapter is a problem only."""
    _check_generating(study)
    rounds: list[Round] = []
    problems: list[Problem] = []
    for base in study.bases:
        looked = preflight(
            study.engine,
            ModelRef(base.name, study.source(base.model or ""), base.revision),
            [
                ModelRef(adapter.name, study.source(adapter.path or ""), adapter.revision)
                for adapter in study.adapters
                if adapter.base == base.name
            ],
        )
        cells, failed = _Asking(study, tasks, examples, looked, base).cells()
        problems += [*looked.problems, *failed, *_cut_short(study, cells, looked, base)]
        rounds.append(
            Round(cells, looked.load, base.name, tuple(_again(cells, base.name)), looked.provenance)
        )
    return Found(tuple(rounds), tuple(problems))


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
            f"{study.decoding.samples} samples at temperature 0 are one text that often",
            place=study.locate("decoding", "samples"),
            fix="give a temperature, or remove the line",
        )
    for index, adapter in enumerate(study.adapters):
        if adapter.path is None:
            raise StudyError(
                f"{adapter.name!r} has no `path`, and the engine {study.engine.name!r} generates",
                place=study.locate("adapters", index),
                fix="give its folder or hub id: a gain compares responses made in one way",
            )


@dataclass(frozen=True, slots=True)
class _Asking:
    """How one base and its adapters are asked."""

    study: Study
    tasks: Mapping[str, Task]
    examples: Mapping[str, Sequence[Example]]
    looked: Preflight
    base: Base

    def cells(self) -> tuple[tuple[Cell, ...], list[Problem]]:
        """Every cell, the base's first, and adapters whose own template cannot be used."""
        usual = self._usual_template()
        cells = self._usual_cells(usual)
        problems: list[Problem] = []
        for template, adapters in self._by_template(usual).items():
            subjects = [(name, "") for name in adapters]
            if template != usual:
                subjects.insert(0, (self.base.name, f"template:{_sha256(template or '')[:8]}"))
                text = (
                    "it brings its own chat template; its gains are taken against the base under that same template; "
                    "remove it to use the base's"
                )
                problems += [Problem(name, "note", text) for name in adapters]
            try:
                cells += self._under(template, subjects)
            except EngineError as bad:
                if template == usual:
                    raise
                problems += [Problem(name, "error", str(bad)) for name in adapters]
        return tuple(cells), problems

    def _usual_cells(self, usual: str | None) -> list[Cell]:
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

    def _usual_template(self) -> str | None:
        """The chat template that the study asks for; None: none."""
        wanted, own = self.study.decoding.template, self.looked.templates.get(self.base.name)
        if wanted == "none":
            return None
        if wanted == "chat" and own is None:
            raise StudyError(
                f"the base {self.base.name!r} has no chat template",
                place=self.study.locate("decoding", "template"),
                fix="write `none`, or name a template file",
            )
        if self._own:
            return own
        return read_text(self.study.resolve(str(wanted)), StudyError)

    def _by_template(self, usual: str | None) -> dict[str | None, list[str]]:
        """Adapters by the template that they are asked under."""
        own = self.looked.templates if self._own else {}
        found: dict[str | None, list[str]] = {}
        for name in self.looked.identities:
            if name != self.base.name:
                found.setdefault(own.get(name, usual), []).append(name)
        return found

    def _under(self, template: str | None, subjects: Sequence[tuple[str, str]]) -> list[Cell]:
        """Each (subject, variant) on each task, under one template."""
        asked = [self._asked(entry, template) for entry in self.study.tasks]
        return [
            replace(
                cell,
                ask=replace(cell.ask, subject=subject, variant=variant),
                identity=self.looked.identities[subject],
            )
            for subject, variant in subjects
            for cell in asked
        ]

    def _asked(self, entry: TaskEntry, template: str | None) -> Cell:
        """A task under one template, whoever is asked."""
        task, decoding, chat = self.tasks[entry.name], self.study.decoding, template is not None
        shots = entry.shots if entry.shots is not None else task.form.shots_with(chat)
        examples = self.examples[entry.name]
        found = task.asks(examples, None if template is None else self._chat(template), shots)
        asks = {example.key: asked for example, asked in zip(examples, found, strict=True)}
        ask = Prompt(
            subject="",
            task=entry.name,
            example="",
            text="",
            max_tokens=entry.max_tokens or decoding.max_tokens or task.form.max_tokens,
            stop=task.form.stop_with(chat),
            temperature=decoding.temperature or 0.0,
            seed=decoding.seed,
        )
        sent = {key: asked[0].prompt or asked[0].continuation for key, asked in asks.items()}
        cell = Cell(ask, {}, {}, sent, decoding.samples, decoding.after)
        if any(asked != (Ask(asked[0].prompt),) for asked in asks.values()):
            cell = _several(cell, {key: self._decided(asked, entry, ask) for key, asked in asks.items()})
        ask = cell.ask
        protocol: dict[str, Any] = {
            "engine": self.study.engine.name.rpartition(":")[2],  # with actors or without, the same answers
            "form": {"task": task.kind, "version": task.form.version, "shots": shots, "stop": ask.stop},
            "template": None if template is None else _sha256(template),
            "sent": digest(
                {key: [astuple(one) for one in asked] for key, asked in cell.asks.items()} or sent
            ),
            "max_tokens": ask.max_tokens,
            "temperature": ask.temperature,
            "seed": ask.seed if ask.temperature > 0 else None,
            "samples": cell.samples,
            "after": decoding.after,
        }
        return replace(cell, protocol=protocol)

    def _chat(self, template: str) -> Chat:
        """Applies the template to turns. Raises EngineError for what the engine cannot put under a template."""

        def chat(turns: Sequence[Mapping[str, str]], begun: bool) -> str:
            if len(turns) == 1 and turns[0]["role"] == "user" and not begun:
                return self.looked.chat(turns[0]["content"], template)
            return self.looked.converse(turns, template, begun)

        return chat

    def _decided(self, asked: Sequence[Ask], entry: TaskEntry, usual: Prompt) -> tuple[Ask, ...]:
        """What a task leaves open filled in; the study's word goes before the task's."""
        decoding = self.study.decoding
        limit, heat = entry.max_tokens or decoding.max_tokens, decoding.temperature
        return tuple(
            replace(
                one,
                max_tokens=limit or one.max_tokens or usual.max_tokens,
                stop=usual.stop if one.stop is None else one.stop,
                temperature=(one.temperature or 0.0) if heat is None else heat,
            )
            if one.kind == "generate"
            else one
            for one in asked
        )


def _several(cell: Cell, asks: Mapping[str, tuple[Ask, ...]]) -> Cell:
    """The cell with all that is asked about each example."""
    texts = [one for asked in asks.values() for one in asked if one.kind == "generate"]
    ask = replace(
        cell.ask,
        max_tokens=max((one.max_tokens or 1 for one in texts), default=1),
        stop=(),
        temperature=max((one.temperature or 0.0 for one in texts), default=0.0),
    )
    return replace(cell, ask=ask, asks=asks, samples=cell.samples if texts else 1)


def _cut_short(study: Study, cells: Sequence[Cell], looked: Preflight, base: Base) -> list[Problem]:
    """A warning where the context is shorter than the longest response that is asked for."""
    longest = max((cell.ask.max_tokens for cell in cells), default=0)
    if looked.context is None or longest < looked.context:
        return []
    text = (
        f"its context holds {looked.context:,} tokens, prompt and response together, and responses of {longest:,} are "
        f"asked for: the room that a prompt leaves ends them; lower `max_tokens` ({study.locate('decoding')})"
    )
    return [Problem(base.name, "warning", text)]


def _again(cells: Sequence[Cell], base: str) -> list[Cell]:
    """The base's own cells once more, on a sample of prompts spread evenly over each task."""
    again = []
    for cell in cells:
        if cell.name == base:
            keys = list(cell.sent)
            count = min(NOISE_PROMPTS, len(keys))
            chosen = [keys[place * len(keys) // count] for place in range(count)]
            again.append(
                replace(
                    cell,
                    ask=replace(cell.ask, variant=AGAIN),
                    protocol={**cell.protocol, "samples": 1, "batch": "the base alone, some prompts"},
                    sent={key: cell.sent[key] for key in chosen},
                    samples=1,
                )
            )
    return again


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
