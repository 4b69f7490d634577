"""The study: one YAML file of bases, adapters, tasks, claims, margins. It knows no task and no engine.

It checks the form of the file, and whether the files that it names exist; `runs.resolve` finds tasks and engines.

    study = load_study("studies/qwen3-4b-ifeval.yaml")
    study.adapters[0].label                                  # "instruction"
    str(study.locate("adapters", 0, "label"))                # "studies/qwen3-4b-ifeval.yaml:10"
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import PrivateAttr, ValidationError

from assay.errors import Place, StudyError
from assay.files import read_text
from assay.plan import EngineSettings, Policy
from assay.study import rules
from assay.study.document import Document, Problem
from assay.study.explain import explain
from assay.study.form import (
    Adapter,
    Base,
    ClaimEntry,
    Form,
    ResponseFile,
    TaskEntry,
)
from assay.study.strict import dump, parse

__all__ = [
    "Adapter",
    "Base",
    "ClaimEntry",
    "ResponseFile",
    "Study",
    "TaskEntry",
    "load_policy",
    "load_study",
]


class Study(Form):
    """A study, checked. Make one by `load_study` or `Study.from_dict`."""

    _document: Document = PrivateAttr()

    @property
    def text(self) -> str:
        """The source, verbatim."""
        return self._document.text

    @property
    def path(self) -> Path | None:
        """The study file; None if the study was made by `from_dict`."""
        return self._document.path

    def locate(self, *place: str | int) -> Place:
        """`study.yaml:12`: the line of a field, `locate("adapters", 3, "recipe")`, or of its nearest parent."""
        return self._document.locate(*place)

    def named(self, *place: str | int) -> Place:
        """`study.yaml:12: engine.dtype`: the line of a field and its name; where an option gave it, the option."""
        return self._document.named(*place)

    def stopping(self, when: str) -> Self:
        """The same study with another `stop.when`; comments of its file are lost."""
        stop = self.stop.model_copy(update={"when": when}).model_dump(exclude_defaults=True)
        return self._with("stop", stop | {"when": when})

    def limited(self, limits: Mapping[str, int]) -> Self:
        """The same study with only the first so many examples of some tasks, by name; comments of its file are lost."""
        entries = zip(self.tasks, self._document.data["tasks"], strict=True)
        return self._with(
            "tasks",
            [
                entry | ({"limit": limits[task.name]} if task.name in limits else {})
                for task, entry in entries
            ],
        )

    def with_engine(self, name: str | None, options: Mapping[str, Any]) -> Self:
        """The same study on the engine `name`, None for its own; comments of its file are lost.

        options: fields of `engine`, or else its `options`; added to the study's own unless the engine is another.
        """
        if name is None and not options:
            return self
        other = name not in (None, self.engine.name)
        engine = {} if other else dict(self._document.data.get("engine", {}))
        fields = {key: value for key, value in options.items() if key in EngineSettings.model_fields}
        rest = {**engine.get("options", {}), **{k: v for k, v in options.items() if k not in fields}}
        engine |= {**({"name": name} if name else {}), **fields, **({"options": rest} if rest else {})}
        given: dict[tuple[str | int, ...], str] = {("engine", "name"): "--engine"} if name else {}
        given |= {("engine",): "--engine"} if other else {}
        given |= {
            ("engine", key) if key in fields else ("engine", "options", key): f"--option {key}"
            for key in options
        }
        return self._with("engine", engine, given)

    def _with(self, field: str, value: Any, given: Mapping[tuple[str | int, ...], str] | None = None) -> Self:
        data = {**self._document.data, field: value}
        document = self._document.changed(parse(dump(data), self.path), field, given or {})
        return self._build(document, self.folder, check_files=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], folder: str | Path = ".", check_files: bool = True) -> Self:
        """A study from plain data, the same as in a file; `folder` is what paths are relative to."""
        try:
            text = dump(data)
        except ValueError as bad:
            raise StudyError(
                f"a study takes plain data only ({bad})", place="study", fix="convert it first"
            ) from None
        return cls._build(parse(text, None), Path(folder).absolute(), check_files)

    @classmethod
    def _build(cls, document: Document, folder: Path, check_files: bool) -> Self:
        if not isinstance(document.data, dict):
            text = f"a study is a mapping, `name: ...`, `bases: ...`; found {document.found(())}"
            document.refuse([Problem((), text)])
        try:
            study = cls.model_validate(document.data)
        except ValidationError as error:
            document.refuse(explain(error, document))
        study = study._filled()
        study._document, study._folder = document, folder
        problems = list(rules.form(study))
        if check_files:
            problems += rules.files(study, document)
        if problems:
            document.refuse(problems)
        return study

    def _filled(self) -> Self:
        """With the defaults that one entry takes from another."""
        only = self.bases[0].name if len(self.bases) == 1 else ""
        adapters = tuple(a if a.base else a.model_copy(update={"base": only}) for a in self.adapters)
        weights = any(base.model for base in self.bases) or any(
            adapter.path or adapter.model for adapter in self.adapters
        )
        name = self.engine.name or ("torch" if weights else "recorded")
        return self.model_copy(
            update={"adapters": adapters, "engine": self.engine.model_copy(update={"name": name})}
        )


def load_study(path: str | Path, check_files: bool = True) -> Study:
    """Read a study file. Raises StudyError with a line for each problem: file, line, field and fix.

    `check_files=False` does not check whether the files it names exist, as for the copy in a run folder.
    """
    path = Path(path)
    return Study._build(parse(read_text(path, StudyError), path), path.absolute().parent, check_files)


def load_policy(path: str | Path) -> Policy:
    """Read a gate policy from a file of its own: the fields of a study's `gate`. Raises StudyError."""
    path = Path(path)
    document = parse(read_text(path, StudyError), path)
    try:
        return Policy.model_validate(document.data)
    except ValidationError as error:
        document.refuse(explain(error, document, Policy))
