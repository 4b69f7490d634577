"""Runs a page: each fence in turn, in one folder."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema

from assay.cli import main
from assay.plan import Policy
from assay.schemas import json_schema
from assay.study.form import Form
from assay.study.strict import parse
from assay.tasks.custom.form import CustomForm
from assay.training.form import RecipeForm
from tests.docs.fences import NOT_RUN, ROOT, SHOWN, Fence, fences

CHECKED = ("pip", "make", "python", "pre-commit", "WANDB_MODE=offline")
"""First words of commands that are looked at, not run."""


class Page:
    """One page under way: what its Python defined, and what its commands printed."""

    def __init__(self, page: Path, folder: Path, slow: bool) -> None:
        self.page, self.folder, self.slow = page, folder, slow
        self.names: dict[str, Any] = {"__name__": "page"}
        self.printed: dict[int, str] = {}
        """By the line of a console fence: what it shows if it is right."""

    def run(self) -> None:
        """Run all fences; with `slow`, those that are left to the slow tests too."""
        for fence in fences(self.page):
            if fence.title:
                (self.folder / fence.title).write_text(fence.code, encoding="utf-8")
            if fence.not_run:
                assert fence.not_run in NOT_RUN, f"{fence.place}: no reason is given for {fence.not_run!r}"
            if not fence.not_run or (self.slow and fence.not_run == "slow"):
                self._one(fence)

    def _one(self, fence: Fence) -> None:
        match fence.language:
            case "sh":
                for command in commands(fence.code):
                    self._command(command, fence)
            case "console":
                self.printed[fence.line] = self._console(fence)
            case "python":
                if not fence.title:
                    self._python(fence)
            case "yaml":
                if not fence.title:
                    check_fragment(fence)
            case language:
                assert language in SHOWN, (
                    f"{fence.place}: a fence states its language: sh, console, text, ..."
                )

    def _command(self, command: list[str], fence: Fence) -> str:
        if command[0] == "cat":
            return (self.folder / command[1]).read_text(encoding="utf-8")
        if command[0] != "assay":
            check_command(command, fence)
            return ""
        code, out, err = assay(command[1:])
        last = code == fence.exit or (fence.exit and code == 0)
        assert last, f"{fence.place}: {' '.join(command)} exits with {code}\n{out}\n{err}"
        return out

    def _console(self, fence: Fence) -> str:
        lines = []
        for line in fence.code.splitlines():
            if line.startswith("$ "):
                shown = self._command(shlex.split(line[2:], comments=True), fence).strip("\n").splitlines()
                lines += [line, *map(str.rstrip, shown)]
        return "\n".join(lines).rstrip() + "\n"

    def _python(self, fence: Fence) -> None:
        before = set(self.names)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(fence.code, fence.place, "exec"), self.names)  # noqa: S102 - our own pages
            for name in [name for name in self.names if name.startswith("test_") and name not in before]:
                test = self.names[name]
                test(**{key: self.folder / key for key in inspect.signature(test).parameters})
        self.names["printed"] = out.getvalue()


def assay(arguments: list[str]) -> tuple[int, str, str]:
    """Run `assay` in this process: its exit code and what it prints."""
    before, sys.argv = sys.argv, ["assay", *arguments]
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as left:
        return int(left.code or 0), out.getvalue(), err.getvalue()
    finally:
        sys.argv = before


def commands(code: str) -> Iterator[list[str]]:
    """The commands of a fence, without comments."""
    for line in code.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words


def check_command(command: list[str], fence: Fence) -> None:
    """A command that is not ours: what it names must be there."""
    assert command[0] in CHECKED, f"{fence.place}: {command[0]} is not run; add a reason or another command"
    project = (ROOT / "pyproject.toml").read_text()
    for extra in re.findall(r"\[(\w+)\]", " ".join(command)):
        assert f"\n{extra} = [" in project, f"{fence.place}: there is no extra {extra!r}"
    if command[0] == "make":
        for target in command[1:]:
            assert f"\n{target}:" in (ROOT / "Makefile").read_text(), f"{fence.place}: no target {target!r}"


def check_fragment(fence: Fence) -> None:
    """Fields in a part of a YAML file are those of a study, a recipe, a task or a policy."""
    data = parse(fence.code, None).data
    for form in (Form, RecipeForm, CustomForm, Policy):
        if _validates(data, _optional(json_schema(form, "part"))):
            return
    raise AssertionError(f"{fence.place}: no part of a study, a recipe, a task file or a policy")


def _validates(data: Any, schema: Mapping[str, Any]) -> bool:
    try:
        jsonschema.validate(data, schema)
    except jsonschema.ValidationError:
        return False
    return True


def _optional(schema: Any) -> Any:
    """The schema with no field required."""
    if isinstance(schema, list):
        return [_optional(part) for part in schema]
    if isinstance(schema, dict):
        return {key: _optional(part) for key, part in schema.items() if key != "required"}
    return schema
