"""The reference says what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from scripts.reference.commands import commands
from scripts.reference.pages import DOCS, FILES, NEEDS_TORCH, write
from scripts.reference.schema import fields, sections

from assay.cli import COMMANDS
from assay.stats import Verdict

TORCH = importlib.util.find_spec("torch") is not None


PAGES = [
    pytest.param(name, marks=pytest.mark.slow)
    if name in NEEDS_TORCH
    else name  # importing torch takes seconds
    for name in FILES
]


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    if name in NEEDS_TORCH and not TORCH:
        pytest.skip("torch is not installed")
    assert (DOCS / name).read_text(encoding="utf-8") == FILES[name](), (
        f"docs/{name} is not what the code says: run `make reference` and commit the result"
    )


def test_every_page_of_the_reference_is_generated_or_the_glossary() -> None:
    pages = {f"reference/{path.name}" for path in (DOCS / "reference").iterdir()}
    assert pages == {name for name in FILES if name.startswith("reference/")} | {"reference/glossary.md"}


def test_a_field_without_a_docstring_is_refused() -> None:
    schema = {"title": "Form", "properties": {"margin": {"type": "number"}}}
    with pytest.raises(ValueError, match=r"Form\.margin has no docstring"):
        fields(schema, {})


def test_every_command_is_on_its_page() -> None:
    page = commands()
    assert all(f"\n## {name}\n" in page for name in COMMANDS)


def test_every_verdict_is_on_its_page() -> None:
    page = FILES["reference/verdicts.md"]()
    assert all(f"| `{word}` |" in page for word in Verdict)


def test_a_kind_of_entry_has_one_section_and_links_to_it() -> None:
    entry: dict[str, Any] = {"title": "Entry", "description": "An entry.", "properties": {"x": NUMBER}}
    listed = {"type": "array", "items": {"$ref": "#/$defs/Entry"}, "description": "All."}
    document, *rest = sections({"properties": {"all": listed, "more": listed}, "$defs": {"Entry": entry}})
    assert "| `more` | list of [`all`](#all) | All. |" in str(document)
    assert [section.title for section in rest] == ["all"]


NUMBER = {"type": "number", "minimum": 0, "default": 0.5, "description": "A share."}


def test_a_field_has_its_value_default_and_meaning() -> None:
    assert "| `x` | number ≥ 0 | `0.5` | A share. |" in fields({"properties": {"x": NUMBER}}, {})


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    pages = {"a/one.md": lambda: "one", "two.md": lambda: "two"}
    assert write(tmp_path, pages) == [tmp_path / "a" / "one.md", tmp_path / "two.md"]
    (tmp_path / "two.md").write_text("old")
    assert write(tmp_path, pages) == [tmp_path / "two.md"]
