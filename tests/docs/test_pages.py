"""What the pages show is run, in the order of the page."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from assay.cli import RENAMED, app
from assay.schemas import json_schema
from assay.study.form import Form
from tests.docs.fences import ROOT, fences, pages
from tests.docs.running import Page, assay, commands
from tests.docs.world import copy_world, make_world

DOCS = ROOT / "docs"
COMMANDS: Any = typer.main.get_command(app)
RUN = [page for page in pages() if any(fences(page))]
SLOW = [page for page in RUN if any(fence.not_run == "slow" for fence in fences(page))]


def name(page: Path) -> str:
    return str(page.relative_to(DOCS if DOCS in page.parents else ROOT))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("page", RUN, ids=name)
def test_a_page_does_what_it_shows(
    page: Path, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(page, world, tmp_path, monkeypatch, slow=False)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("page", SLOW, ids=name)
def test_a_page_that_trains_does_what_it_shows(
    page: Path, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(page, world, tmp_path, monkeypatch, slow=True)


def show(page: Path, world: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, slow: bool) -> None:
    copy_world(world, folder, name(page))
    monkeypatch.chdir(folder)
    under_way = Page(page, folder, slow)
    under_way.run()
    for fence in fences(page):
        if fence.line in under_way.printed:
            assert fence.code == under_way.printed[fence.line], (
                f"{fence.place}: another output; run `make outputs` and look at what changed"
            )


def shown_commands() -> list[tuple[str, list[str]]]:
    """Every `assay ...` in a fence, run or not, and in the text."""
    found: list[tuple[str, list[str]]] = []
    for page in pages():
        for fence in fences(page):
            if fence.language in ("sh", "console"):
                lines = fence.code.splitlines()
                if fence.language == "console":
                    lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
                found += [(fence.place, words) for words in commands("\n".join(lines))]
        for text in re.findall(r"`(assay [a-z]+(?: [^`]*)?)`", page.read_text()):
            found.append((name(page), text.split()))
    return [(place, words[words.index("assay") + 1 :]) for place, words in found if "assay" in words]


def test_every_command_and_option_that_a_page_names_exists() -> None:
    assert len(shown_commands()) > 40
    for place, (command, *rest) in ((place, words) for place, words in shown_commands() if words):
        if command.startswith("-") or command == "COMMAND":
            continue
        assert command in COMMANDS.commands, f"{place}: there is no `assay {command}`"
        options = {option for parameter in COMMANDS.commands[command].params for option in parameter.opts}
        options |= {"--help", *RENAMED.get(command, {})}
        for word in rest:
            if word.startswith("--"):
                assert word.partition("=")[0].rstrip(",") in options, (
                    f"{place}: `assay {command}` has no {word}"
                )


ENDINGS = ("csv", "gguf", "html", "json", "jsonl", "md", "py", "safetensors", "sqlite", "yaml")
"""Of files, whose names look like a field of a field."""


def named(pattern: str) -> set[tuple[str, str]]:
    """What the pages name in code within a sentence, and where."""
    return {(text, name(page)) for page in pages() for text in re.findall(f"`({pattern})`", page.read_text())}


def test_every_field_of_a_study_that_a_page_names_exists() -> None:
    schema = json_schema(Form, "study")
    fields = {key for part in (schema, *schema["$defs"].values()) for key in part.get("properties", ())}
    paths = [(text.split("."), page) for text, page in named(r"[a-z_]+\.[a-z_.]+")]
    paths = [
        (parts, page)
        for parts, page in paths
        if parts[0] in schema["properties"] and parts[-1] not in ENDINGS
    ]
    assert paths
    for parts, page in paths:
        assert fields.issuperset(parts[:2]), f"{page}: `{'.'.join(parts)}` is no field of a study"


def test_every_function_and_module_that_a_page_names_exists() -> None:
    found = named(r"assay(?:\.\w+)+")
    assert len(found) > 20
    for text, page in found:
        assert is_there(text), f"{page}: there is no `{text}`"


def is_there(path: str) -> bool:
    home, _, last = path.rpartition(".")
    try:
        return hasattr(importlib.import_module(home), last) or bool(importlib.util.find_spec(path))
    except ModuleNotFoundError:
        return False


def test_every_page_is_in_the_navigation() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    listed = {
        path
        for entry in nav
        for part in entry.values()
        for path in ([part] if isinstance(part, str) else values(part))
    }
    assert listed == {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}


def values(part: list[dict[str, str]]) -> list[str]:
    return [path for entry in part for path in entry.values()]


@pytest.mark.parametrize("page", [*pages(), *sorted((DOCS / "reference").glob("*.md"))], ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), f"{name(page)}: {target}"


def test_a_command_that_fails_is_noticed() -> None:
    assert assay(["gate", "nowhere"])[0] == 64
