"""The check `python`: a user's function, from a file beside the task's or an installed module.

    def judge(example, response):        # example: the row of the prompt file, a dict
        return len(response.split()) <= example["most_words"]

It returns True or False; with `out_of`, the points of the response, a whole number. Either may
come with a reason: `return False, "too long"`. It has to be deterministic.

The digest of the function's source file is part of the scores' identity. Changes in other files of its folder would
go undetected, so a file cannot import from its folder.
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
from assay.tasks.custom.check import Check, Values, verdict
from assay.tasks.custom.form import PythonOptions
from assay.tasks.data_file import Row, shown
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

    def validate(self, row: Row) -> None:
        """The row needs the number of points, where the task's file leaves that to it."""
        name = self.options.out_of
        if not isinstance(name, str):
            return
        value = row.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            raise row.wrong(name, "write how many points there are, a whole number above 0")

    def judge(self, row: Values, response: str) -> Score:
        """Call the function. Raises TaskError where it fails or returns something else."""
        self.require()
        try:
            with redirect_stdout(sys.stderr):  # what it prints is no result of ours
                result = self._loaded[0](deepcopy(dict(row)), response)  # changes to its row stay its own
        except (Exception, SystemExit) as bad:
            raise self._error(f"failed on {_named(row)} {self._raised(bad)}", "correct it") from bad
        reason = None
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], str | None):
            result, reason = result
        returned = f"returned {shown(result)} for {_named(row)}"
        if self.options.out_of is None:
            if not isinstance(result, bool):
                fix = "return True or False (`bool(...)`), or set `out_of` in the task's file to give points"
                raise self._error(returned, fix)
            return verdict(None if result else reason or "the check says no")
        most = self.options.out_of if isinstance(self.options.out_of, int) else row[self.options.out_of]
        if isinstance(result, bool) or not isinstance(result, int) or not 0 <= result <= most:
            raise self._error(returned, f"return a whole number, 0 to {most}")
        reason = reason or (None if result == most else f"{result} of {most} points")
        return Score((result,), (most,), {"passed": result == most, "reason": reason, "points": result})

    def _load(self) -> Callable[..., Any]:
        where, _, name = self.options.function.partition(":")
        try:
            with redirect_stdout(sys.stderr):
                module = (
                    _alone(self.path, self.text) if where.endswith(".py") else importlib.import_module(where)
                )
        except (Exception, SystemExit) as bad:
            missing = isinstance(bad, ImportError)
            fix = "install it; a file sees no other file beside it" if missing else "correct it"
            raise self._error(f"cannot be loaded, its file fails {self._raised(bad)}", fix) from bad
        function = getattr(module, name, None)
        if not callable(function):
            raise self._error(
                "is not a function of this file", f"define `def {name}(example, response)` there"
            )
        home = getattr(function, "__module__", module.__name__)
        if home != module.__name__:
            raise self._error(f"is defined in {home}", "name it there, so that a change to it is seen")
        return function  # type: ignore[no-any-return]

    def _raised(self, bad: BaseException) -> str:
        """What the user's code raised, and at which line of its file."""
        lines = [
            place.lineno
            for place in traceback.extract_tb(bad.__traceback__)
            if place.filename == str(self.path)
        ]
        where = f"on line {lines[-1]} " if lines else ""
        return f"{where}with {type(bad).__name__}: {shown(str(bad), 200)}"

    def _error(self, message: str, fix: str) -> TaskError:
        return TaskError(f"{self.options.function.partition(':')[2]} {message}", place=self.path, fix=fix)


def source_of(reference: str, folder: Path) -> Path:
    """The source file of `check.py:judge` or `package.module:judge`. Raises TaskError if there is none."""
    where = reference.partition(":")[0]
    if where.endswith(".py"):
        return folder / where
    try:
        spec = importlib.util.find_spec(where)  # imports the packages around a module
    except Exception as bad:
        raise TaskError(f"no module {where} ({shown(str(bad), 200)})", fix="install it") from None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise TaskError(
            f"no module {where} with a Python source", fix="install it, or name a file: `check.py:judge`"
        )
    return Path(spec.origin)


def _alone(path: Path, text: str) -> ModuleType:
    """The module of this very text, whose digest the scores carry."""
    name = f"assay_check_{_sha256(text)[:16]}"
    if name not in sys.modules:
        module = ModuleType(name)
        module.__file__ = str(path)
        sys.modules[name] = module  # dataclasses look their module up
        try:
            exec(compile(text, str(path), "exec"), module.__dict__)  # noqa: S102 - a check of the study's author
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _named(row: Values) -> str:
    return f"example {row['key']!r}" if "key" in row else f"the prompt {shown(row.get('prompt'))}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
