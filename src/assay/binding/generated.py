"""What answers a study that generates: each base with its adapters, looked at before anything is loaded.

An adapter that brings its own chat template is asked under that template, and so is its base, once
more: a gain compares equal prompts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.binding.bound import Cell, Found, Round
from assay.engines import Problem, Request, Survey, Surveyor, Weights
from assay.errors import EngineError, StudyError
from assay.jsonl import read_text
from assay.records import digest
from assay.study import Base, Study, TaskEntry
from assay.tasks import Example, Task
from assay.verdicts.noise import AGAIN

__all__ = ["generated"]

NOISE_PROMPTS = 128
"""Of each task, for the noise floor: without a difference they exclude noise of 2 points."""


def generated(
    study: Study, tasks: Mapping[str, Task], known: Mapping[str, Sequence[Example]], survey: Surveyor
) -> Found:
    """A round for each base. Raises AssayError if a base is unusable; a bad adapter is a problem only."""
    _check_weights(study)
    limits = {entry.name: entry.limit for entry in study.tasks}
    examples = {name: known[name][: limits[name]] for name in tasks}
    rounds: list[Round] = []
    problems: list[Problem] = []
    for base in study.bases:
        looked = survey(
            study.engine,
            Weights(base.name, study.source(base.model or ""), base.revision),
            [
                Weights(adapter.name, study.source(adapter.path or ""), adapter.revision)
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


def _check_weights(study: Study) -> None:
    """Raise StudyError where some responses are recorded and others are to be generated."""
    for index, base in enumerate(study.bases):
        if base.model is None:
            raise StudyError(
                f"{study.locate('bases', index)}: {base.name!r} has no `model`, and the engine "
                f"{study.engine.name!r} generates; give its folder or hub id, or record all responses"
            )
    if study.decoding.samples > 1 and not study.decoding.temperature:
        raise StudyError(
            f"{study.locate('decoding', 'samples')}: {study.decoding.samples} samples at temperature 0 are one text "
            f"that often; give a temperature, or remove the line"
        )
    for index, adapter in enumerate(study.adapters):
        if adapter.path is None:
            raise StudyError(
                f"{study.locate('adapters', index)}: {adapter.name!r} has no `path`, and the engine "
                f"{study.engine.name!r} generates; give its folder or hub id: a gain compares responses made in one way"
            )


@dataclass(frozen=True, slots=True)
class _Asking:
    """How one base and its adapters are asked."""

    study: Study
    tasks: Mapping[str, Task]
    examples: Mapping[str, Sequence[Example]]
    looked: Survey
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
            index = self.study.bases.index(self.base)
            place = ("bases", index, "model") if self._own else ("decoding", "template")
            raise StudyError(f"{self.study.locate(*place)}: {bad}") from bad

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
                f"{self.study.locate('decoding', 'template')}: the base {self.base.name!r} has no chat template; "
                f"write `none`, or name a template file"
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
        sent = {}
        for example in self.examples[entry.name]:
            text = task.ask(example, chat, shots)
            sent[example.key] = self.looked.chat(text, template) if template is not None else text
        ask = Request(
            subject="",
            task=entry.name,
            example="",
            prompt="",
            max_tokens=entry.max_tokens or decoding.max_tokens or task.form.max_tokens,
            stop=task.form.stop_with(chat),
            temperature=decoding.temperature or 0.0,
            seed=decoding.seed,
        )
        protocol: dict[str, Any] = {
            "engine": self.study.engine.name,
            "form": {"task": task.kind, "version": task.form.version, "shots": shots, "stop": ask.stop},
            "template": None if template is None else _sha256(template),
            "sent": digest(sent),
            "max_tokens": ask.max_tokens,
            "temperature": ask.temperature,
            "seed": ask.seed if ask.temperature > 0 else None,
            "samples": decoding.samples,
            "after": decoding.after,
        }
        return Cell(ask, {}, protocol, sent, decoding.samples, decoding.after)


def _cut_short(study: Study, cells: Sequence[Cell], looked: Survey, base: Base) -> list[Problem]:
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
