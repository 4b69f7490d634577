"""What the code is held to: no rings of imports, a study seen by few, small functions, a test beside each module.

What does not comply yet is listed in `tests/pending.py`. The lists are exact: what complies is taken off.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from tests import pending

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "assay"

SEES_STUDY = ("runs", "study", "cli", "audit")
"""Where functions may take a study and its tasks."""
WITHOUT_STUDY = ("verdicts", "report", "engines", "scoring", "records", "planning")
LONGEST_FUNCTION, MOST_PARAMETERS, LONGEST_FILE, NEEDS_A_TEST = 60, 8, 450, 60


@cache
def trees() -> Mapping[str, ast.Module]:
    """Every module by its name: `stats.exact`, and `stats` for a package."""
    return {name_of(path): ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def path_of(module: str) -> Path:
    path = SOURCE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported(tree: ast.Module) -> Iterator[str]:
    """Modules of assay that a module imports, anywhere in it, for types alone too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            home = name.removeprefix("assay").removeprefix(".")
            if name.partition(".")[0] != "assay":
                continue
            while home and home not in trees():
                home = home.rpartition(".")[0]
            if home:
                yield home


def rings(graph: Mapping[str, Iterable[str]]) -> set[tuple[str, ...]]:
    """Sets of nodes that reach each other."""
    reached = {node: reachable(graph, node) for node in graph}
    return {
        ring
        for node in graph
        if len(ring := tuple(sorted(n for n in reached[node] if node in reached[n]))) > 1
    }


def reachable(graph: Mapping[str, Iterable[str]], node: str) -> set[str]:
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        for following in graph.get(waiting.pop(), ()):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return seen


def room(module: str) -> str:
    return module.partition(".")[0]


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function, and where it is."""
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield f"{module}.{node.name}", node


def parameters(function: ast.FunctionDef) -> list[ast.arg]:
    given = function.args
    return [*given.posonlyargs, *given.args, *given.kwonlyargs]


def test_no_modules_import_each_other() -> None:
    graph = {module: set(imported(tree)) - {module} for module, tree in trees().items()}
    assert rings(graph) == pending.RINGS


def test_no_rooms_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for module, tree in trees().items():
        if module and module != "__main__":
            graph.setdefault(room(module), set()).update(map(room, imported(tree)))
    assert rings({name: others - {name} for name, others in graph.items()}) == pending.ROOM_RINGS


def test_few_functions_take_a_study_and_its_tasks() -> None:
    found = set()
    for name, function in functions():
        types = {
            arg.arg: ast.unparse(arg.annotation) if arg.annotation else "" for arg in parameters(function)
        }
        if room(name) not in SEES_STUDY and "Study" in types.values() and "tasks" in types:
            found.add(name)
    assert found == pending.STUDY_WITH_TASKS


def test_what_judges_and_shows_sees_no_study() -> None:
    found = {
        module
        for module, tree in trees().items()
        if room(module) in WITHOUT_STUDY and any(room(name) == "study" for name in imported(tree))
    }
    assert found == pending.STUDY_READERS


def test_no_state_is_kept_under_strings() -> None:
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("fact", "set_fact"), f"{module}:{node.lineno}"


def test_the_main_path_fits_ten_lines() -> None:
    by_name = dict(functions())
    for name in ("audit.run", "audit._audit", "audit._report"):
        body = [node for node in by_name[name].body if not isinstance(node, ast.Expr)]
        body = by_name[name].body[1:] if ast.get_docstring(by_name[name]) else by_name[name].body
        assert (body[-1].end_lineno or 0) - body[0].lineno < 10, name


def test_functions_fit_a_screen() -> None:
    long = {
        name
        for name, function in functions()
        if (function.end_lineno or 0) - function.lineno >= LONGEST_FUNCTION
    }
    assert long == pending.LONG_FUNCTIONS


def test_functions_take_few_parameters() -> None:
    many = {
        name
        for name, function in functions()
        if len([arg for arg in parameters(function) if arg.arg not in ("self", "cls")]) > MOST_PARAMETERS
    }
    assert many == pending.PARAMETERS


def test_files_are_short() -> None:
    assert not {path for path in SOURCE.rglob("*.py") if len(path.read_text().splitlines()) > LONGEST_FILE}


def test_a_module_has_a_test_of_its_name() -> None:
    missing = {
        str(path.relative_to(SOURCE))
        for path in map(path_of, trees())
        if len(path.read_text().splitlines()) > NEEDS_A_TEST and not any(map(Path.is_file, mirrors(path)))
    }
    assert missing == pending.MIRRORS


def mirrors(path: Path) -> Iterator[Path]:
    """`a/b.py` is tested in `a/test_b.py`; a package `a` in `test_a.py`, beside its folder of tests or in it."""
    parts = path.relative_to(SOURCE).parts
    if parts[-1] == "__init__.py":
        *above, name = parts[:-1] or ("surface",)
        yield TESTS.joinpath(*above, f"test_{name}.py")
        yield TESTS.joinpath(*above, name, f"test_{name}.py")
    else:
        yield TESTS.joinpath(*parts[:-1], f"test_{parts[-1]}")
