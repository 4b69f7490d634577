"""Changes one thing in a module at a time, and runs its tests: what no test notices is shown.

    python -m tests.campaign.mutants assay.stats.exact tests/stats/test_exact.py --sample 40

Each mutant runs in a process forked from one that has the slow libraries loaded. A survivor is equivalent to the original, or lacks a
test. `MUTANTS` names the modules that must be watched.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

__all__ = ["Mutant", "mutants"]

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
NAMES = {"min": "max", "max": "min", "all": "any", "any": "all"}
MOST_SECONDS = 120
"""Processor time of one mutant's tests; a mutant that takes longer is noticed."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change."""

    line: int
    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of one comparison, operator, number, condition or sign outside of docstrings, annotations and messages."""
    tree = ast.parse(source)
    for number, node in enumerate(_code(tree)):
        for what, change in _changes(node):
            copied = copy.deepcopy(tree)
            change(list(_code(copied))[number])
            yield Mutant(node.lineno, what, ast.unparse(ast.fix_missing_locations(copied)))  # type: ignore[attr-defined]


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that do something, in order; what is annotated, documented or said is left out."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(
                child, ast.JoinedStr | ast.Raise | ast.ImportFrom | ast.Import
            ):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if hasattr(child, "lineno"):
                yield child
            yield from _code(child)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], object]]]:
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                yield _swap(operator), partial(_compare_otherwise, place)
        case ast.BinOp() | ast.BoolOp() if type(node.op) in SWAPS:
            yield _swap(node.op), lambda new: setattr(new, "op", SWAPS[type(new.op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield "without not", lambda new: _become(new, new.operand)
        case ast.UnaryOp(op=ast.USub()):
            yield "without minus", lambda new: _become(new, new.operand)
        case ast.Constant(value=bool()):
            yield f"{not node.value}", lambda new: setattr(new, "value", not new.value)
        case ast.Constant(value=int() | float()):
            yield f"{node.value!r} + 1", lambda new: setattr(new, "value", new.value + 1)
        case ast.If() | ast.IfExp() | ast.While():
            yield "condition negated", lambda new: setattr(new, "test", ast.UnaryOp(ast.Not(), new.test))
        case ast.Name() if node.id in NAMES:
            yield f"{NAMES[node.id]} for {node.id}", lambda new: setattr(new, "id", NAMES[new.id])


def _swap(operator: ast.AST) -> str:
    return f"{SWAPS[type(operator)].__name__} for {type(operator).__name__}"


def _compare_otherwise(place: int, node: Any) -> None:
    node.ops[place] = SWAPS[type(node.ops[place])]()


def _become(node: ast.AST, other: ast.AST) -> None:
    node.__class__ = other.__class__
    node.__dict__ = other.__dict__


class _Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from another source."""

    def __init__(self, name: str, source: str, path: str) -> None:
        self.name, self.source, self.path = name, source, path

    def find_spec(self, name: str, *_: Any) -> Any:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, self.path, "exec"), module.__dict__)  # noqa: S102 - our own module, changed


def survives(name: str, path: Path, mutant: Mutant, tests: Sequence[str]) -> bool:
    """Whether the tests pass with the mutant in the place of the module."""
    process = os.fork()
    if process == 0:
        code = 99
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
            sys.meta_path.insert(0, _Loader(name, mutant.source, str(path)))
            import pytest

            options = [
                "-q",
                "-x",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:randomly",
                "-W",
                "ignore",
                "-o",
                "addopts=-m 'not slow'",
            ]
            code = int(pytest.main([*options, *tests]))
        finally:
            os._exit(code)
    return os.waitpid(process, 0)[1] == 0


def main() -> None:
    """Run the mutants of one module."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.mutants", description=__doc__)
    parser.add_argument("module")
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--sample", type=int, help="only so many of them, drawn")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    import hypothesis  # noqa: F401 - loaded once, before the forks
    import numpy  # noqa: F401
    import pydantic  # noqa: F401
    import pytest  # noqa: F401
    import scipy.optimize
    import scipy.special
    import scipy.stats  # noqa: F401

    path = Path("src", *given.module.split(".")).with_suffix(".py")
    every = list(mutants(path.read_text(encoding="utf-8")))
    chosen = (
        every if given.sample is None else Random(given.seed).sample(every, min(given.sample, len(every)))
    )
    original = Mutant(0, "original", path.read_text(encoding="utf-8"))
    if not survives(given.module, path, original, given.tests):
        sys.exit("its tests fail without a mutant")
    alive, began = 0, time.monotonic()
    for mutant in sorted(chosen, key=lambda mutant: mutant.line):
        if survives(given.module, path, mutant, given.tests):
            alive += 1
            print(f"survives: {path}:{mutant.line} {mutant.what}", flush=True)
    killed, seconds = len(chosen) - alive, time.monotonic() - began
    print(
        f"{given.module}: {killed} of {len(chosen)} killed, {killed / max(1, len(chosen)):.1%}; {len(every)} in all; {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
