"""The check `python`: a function of one's own, from a file beside the task's or an installed module.

    def judge(example, response):        # example: the row of the prompt file, a dict
        return len(response.split()) <= example["most_words"]

It returns True or False; with `out_of`, the points that the response gets, a whole number. Either may
come with a reason: `return False, "too long"`. It has to be deterministic.

The digest of the function's source file is part of the scores' identity. So what it imports from beside
itself cannot be seen to change: a file is on its own, without the folder it is in.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from assay.errors import TaskError
from assay.tasks.custom.check import Check, Row, judged, shown
from assay.tasks.custom.form import PythonOptions
from assay.tasks.task import Metric, Score

__all__ = ["Python", "source_of"]


@dataclass(frozen=True, slots=True)
class Python(Check):
    """What a function says of a response."""

    options: PythonOptions
    text: str
    """Of the function's source file."""
    path: Path
    """Of that file, for messages."""
    _loaded: list[Callable[..., Any]] = field(default_factory=list, compare=False, repr=False)

    @property
    def identity(self) -> Any:
        """The options, and the digest of the source file."""
        return ["python", self.options.model_dump(mode="json"), _sha256(self.text)]

    @property
    def sources(self) -> Mapping[str, str]:
        """The file, where it stands beside the task's."""
        where = self.options.function.partition(":")[0]
        return {where: self.text} if where.endswith(".py") else {}

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """Pass or fail, or points."""
        kind = self.options.function.partition(":")[2]
        if self.options.out_of is None:
            return (Metric(name, "binary", f"{name}, by {kind}"),)
        return (Metric(name, "ratio", f"{name}, points by {kind}"),)

    def require(self) -> None:
        """Load the function. Raises TaskError where its file fails or has none of this name."""
        if not self._loaded:
            self._loaded.append(self._load())

    def refusal(self, row: Row) -> str:
        """The row has to say how many points there are, where the task's file leaves that to it."""
        name = self.options.out_of
        if not isinstance(name, str):
            return ""
        value = row.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return ""
        found = shown(value) if name in row else "missing"
        return f"`{name}` is {found}; write how many points there are, a whole number above 0"

    def judge(self, row: Row, response: str) -> Score:
        """Call the function. Raises TaskError where it fails or returns something else."""
        self.require()
        try:
            with redirect_stdout(sys.stderr):  # what it prints is no result of ours
                said = self._loaded[0](deepcopy(dict(row)), response)  # what it changes is its own
        except (Exception, SystemExit) as bad:
            raise self._refused(f"failed on {_named(row)} {self._told(bad)}; mend it") from bad
        reason = None
        if isinstance(said, tuple) and len(said) == 2 and isinstance(said[1], str | None):
            said, reason = said
        if self.options.out_of is None:
            if not isinstance(said, bool):
                raise self._refused(
                    f"returned {shown(said)} for {_named(row)}; return True or False (`bool(...)`), or say "
                    f"`out_of` in the task's file to give points"
                )
            return judged(None if said else reason or "the check says no")
        return self._points(said, reason, row)

    def _points(self, said: object, reason: str | None, row: Row) -> Score:
        most = self.options.out_of if isinstance(self.options.out_of, int) else row[str(self.options.out_of)]
        if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= most:
            raise self._refused(
                f"returned {shown(said)} for {_named(row)}; return a whole number, 0 to {most}"
            )
        told = reason or (None if said == most else f"{said} of {most} points")
        return Score((said,), (most,), {"passed": said == most, "reason": told, "points": said})

    def _load(self) -> Callable[..., Any]:
        where, _, name = self.options.function.partition(":")
        try:
            with redirect_stdout(sys.stderr):
                module = (
                    _alone(self.path, self.text) if where.endswith(".py") else importlib.import_module(where)
                )
        except (Exception, SystemExit) as bad:
            beside = "install it; a file sees no other file beside it"
            fix = beside if isinstance(bad, ImportError) else "mend it"
            raise self._refused(f"cannot be loaded, its file fails {self._told(bad)}; {fix}") from bad
        found = getattr(module, name, None)
        if not callable(found):
            raise self._refused(f"is no function of this file; define `def {name}(example, response)` there")
        if getattr(found, "__module__", module.__name__) != module.__name__:
            raise self._refused(
                f"is defined in {found.__module__}; name it there, so that a change to it is seen"
            )
        return found  # type: ignore[no-any-return]

    def _told(self, bad: BaseException) -> str:
        """What a program of one's own raised, and at which line of its file."""
        lines = [
            place.lineno
            for place in traceback.extract_tb(bad.__traceback__)
            if place.filename == str(self.path)
        ]
        where = f"on line {lines[-1]} " if lines else ""
        return f"{where}with {type(bad).__name__}: {shown(str(bad), 200)}"

    def _refused(self, text: str) -> TaskError:
        return TaskError(f"{self.path}: {self.options.function.partition(':')[2]} {text}")


def source_of(reference: str, folder: Path) -> Path:
    """The source file of `check.py:judge` or `package.module:judge`. Raises TaskError if there is none."""
    where = reference.partition(":")[0]
    if where.endswith(".py"):
        return folder / where
    try:
        found = importlib.util.find_spec(where)  # imports the packages around a module
    except Exception as bad:
        raise TaskError(f"no module {where} ({shown(str(bad), 200)}); install it") from None
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        raise TaskError(
            f"no module {where} with a Python source; install it, or name a file: `check.py:judge`"
        )
    return Path(found.origin)


def _alone(path: Path, text: str) -> ModuleType:
    """The module of this very text, whose digest the scores carry."""
    name = f"assay_check_{_sha256(text)[:16]}"
    if name not in sys.modules:
        module = ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module  # dataclasses look their module up
        try:
            exec(compile(text, str(path), "exec"), module.__dict__)  # noqa: S102 - a study's own check
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _named(row: Row) -> str:
    return f"example {row['key']!r}" if "key" in row else f"the prompt {shown(row.get('prompt'))}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
