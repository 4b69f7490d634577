"""One word for one thing: what the glossary names is in the code, and its forbidden synonyms are not.

A pending word is listed with the rooms that still use it. The lists are exact: what is done is taken off.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import pending

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "assay"
FORBIDDEN = (
    *("Bench", "OwnTask", "Surveyor", "drafting", "misfit", "fitness"),
    *("survey", "surveyor", "soundness", "doubts", "conversed", "unjudged", "worn"),
    *("set_fact", "anew", "foretells", "foretold", "in vain", "for want of", "mend", "mends"),
    *("is told", "are told", "was told", "passed over", "stands"),
)
"""Names that others replaced, and words that are read twice."""
VARIABLES = ("asked", "found", "one", "said", "told", "wanted")
"""A variable or parameter is called what it holds."""
STORIES = "demo/synthetic/"
"""Texts of a made-up world, which may use any word."""


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def files() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*.py")):
        if not str(path.relative_to(SOURCE)).startswith(STORIES):
            yield path


@cache
def code() -> str:
    return "\n".join(path.read_text() for path in files())


def glossary() -> list[str]:
    rows = re.findall(
        r"^\| ([a-z ]+) \|", (ROOT / "docs" / "reference" / "glossary.md").read_text(), re.MULTILINE
    )
    return rows[1:]


@pytest.mark.parametrize("word", glossary())
def test_a_word_of_the_glossary_is_in_the_code(word: str) -> None:
    joined = "".join(part.capitalize() for part in word.split())
    assert re.search(rf"\b{word}s?\b|\b{joined}|{word.replace(' ', '_')}", code()), word


def rooms_that_say(word: str) -> set[str]:
    return {room(path) for path in files() if re.search(rf"\b{re.escape(word)}\b", path.read_text())}


def test_forbidden_words_are_used_nowhere() -> None:
    used = {word: rooms for word in FORBIDDEN if (rooms := rooms_that_say(word))}
    assert used == pending.WORDS


def names(tree: ast.Module) -> set[str]:
    """What a module calls its variables and parameters; fields may be written in files."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    fields = {id(line.target) for part in classes for line in part.body if isinstance(line, ast.AnnAssign)}
    called: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields:
            called.add(node.id)
        elif isinstance(node, ast.arg):
            called.add(node.arg)
    return called


def test_variables_are_called_what_they_hold() -> None:
    used: dict[str, set[str]] = {}
    for path in files():
        for name in names(ast.parse(path.read_text())).intersection(VARIABLES):
            used.setdefault(name, set()).add(room(path))
    assert used == pending.VARIABLES
