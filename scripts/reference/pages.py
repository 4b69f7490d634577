"""What is on which page of docs/reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import assay
import assay.stats
import assay.testing
from assay.cli.errors import EXIT_CODES
from assay.comparison.document import schema as comparison_schema
from assay.report.verdict_file import schema as verdicts_schema
from assay.schemas import json_schema
from assay.stats import Verdict
from assay.study.form import Form
from assay.tasks.custom.form import BARE, OPTIONS, CustomForm
from assay.training.form import RecipeForm
from scripts.reference.api import members, section
from scripts.reference.commands import commands
from scripts.reference.schema import Section, fields, sections, table

__all__ = ["DOCS", "FILES", "NEEDS_TORCH", "write"]

DOCS = Path(__file__).parents[2] / "docs"
NOTE = "<!-- Written by `make reference` from the code. Change the docstrings and help texts there. -->\n\n"


def study() -> str:
    """The study file."""
    intro = (
        "# The study file\n\nA study is one YAML file. Paths in it are relative to the file. `assay schema study` prints a JSON Schema of it. "
        "If you save that as `study.schema.json` and write `# yaml-language-server: $schema=study.schema.json` as the first line of a "
        "study, an editor completes and checks the study.\n\n"
    )
    return intro + _sections(
        sections(json_schema(Form, "study"), {"Verdict": "[verdict](verdicts.md#the-words)"})
    )


def recipe() -> str:
    """The recipe file."""
    ours = sections(json_schema(Form, "study"))[0].links
    elsewhere = {name: link.replace("(#", "(study.md#") for name, link in ours.items()}
    elsewhere["Verdict"] = "[verdict](verdicts.md#the-words)"
    intro = (
        "# The recipe file\n\n`assay train` reads a recipe file: one base, and adapters over labels, seeds and settings. If a setting is a "
        "list, each value makes a recipe. `assay schema recipe` prints a JSON Schema of the file.\n\n"
    )
    return intro + _sections(sections(json_schema(RecipeForm, "recipe"), elsewhere))


def task_file() -> str:
    """The file of a custom task."""
    intro = "# The task file\n\nA task file defines a task of your own: [A task of your own](../how-to/own-task.md).\n\n"
    parts = [_sections(sections(json_schema(CustomForm, "task")))]
    for kind, options in OPTIONS.items():
        short = f" A bare text is its `{BARE[kind]}`." if kind in BARE else ""
        schema = json_schema(options, kind)
        parts.append(f"## `check: {kind}`\n\n{schema['description']}{short}\n\n{fields(schema, {})}")
    return intro + "\n".join(parts)


def engines() -> str:
    """Options of the engines."""
    from assay.engines.ray.options import RayOptions
    from assay.engines.server.options import ServerOptions
    from assay.engines.torch.options import TorchOptions
    from assay.engines.vllm.options import VllmOptions

    parts = [
        "# Options of the engines\n\nWrite these under `engine.options` in a study, or as `--option KEY=VALUE`. [The study file](study.md#engine) has the "
        "fields of `engine` itself.\n"
    ]
    kinds = {
        "torch": TorchOptions,
        "openai": ServerOptions,
        "vllm": VllmOptions,
        "ray:torch, ray:vllm": RayOptions,
    }
    for name, options in kinds.items():
        more = "\nAll other options are those of the engine that each actor holds.\n" if "ray" in name else ""
        parts.append(f"## {name}\n\n{fields(json_schema(options, name), {})}{more}")
    return "\n".join(parts)


def verdicts() -> str:
    """The words, and the file that holds them."""
    tones = {"good": "passes", "bad": "fails", "open": "undecided"}
    rows = [(word.glyph, f"`{word}`", word.sentence, tones[word.tone]) for word in Verdict]
    intro = (
        "# Verdicts and verdicts.json\n\n## The words\n\n"
        + table(("", "verdict", "says", "default gate"), rows)
        + "\n[What a verdict promises](../explanation/promises.md) says how often each verdict may be wrong.\n\n"
        "## verdicts.json\n\n"
        "Gains, scores and margins are fractions between -1 and 1: 0.05 is five points. An interval is [low, high], or null if "
        "there is none. The [JSON Schema](../verdicts.schema.json) of the file is also printed by `assay schema verdicts`.\n\n"
    )
    return intro + _sections(sections(verdicts_schema(), {"Verdict": "[verdict](#the-words)"}, written=True))


def comparison() -> str:
    """What `assay compare --json` prints."""
    intro = (
        "# Comparison of two runs\n\n`assay compare --json` prints this; `assay schema comparison` prints its JSON Schema. "
        "[Compare two runs](../how-to/compare.md) says how each cause is computed. Gains and margins are fractions between -1 and 1.\n\n"
    )
    return intro + _sections(sections(comparison_schema(), written=True))


def python() -> str:
    """The package, and what it offers to tests."""
    intro = "# Python\n\n[From Python](../how-to/python.md) shows how to use these.\n\n"
    ours = [section("assay.", *member) for member in members(assay)]
    testing = [section("", *member) for member in members(assay.testing)]
    return intro + "\n".join(ours) + "\n# assay.testing\n\n" + "\n".join(testing)


def statistics() -> str:
    """`assay.stats`."""
    intro = f"# assay.stats\n\n{(assay.stats.__doc__ or '').strip()}\n\n"
    return intro + "\n".join(section("", *member) for member in members(assay.stats))


def exit_codes() -> str:
    """What a command's exit code means."""
    rows = [(f"`{code}`", text) for code, text in EXIT_CODES.items()]
    return "# Exit codes\n\n" + table(("code", "meaning"), rows)


def _sections(parts: list[Section]) -> str:
    return "\n".join(map(str, parts))


def _schema_file() -> str:
    return json.dumps(verdicts_schema(), indent=2) + "\n"


def _page(write: Callable[[], str]) -> Callable[[], str]:
    return lambda: NOTE + write().rstrip() + "\n"


FILES: Mapping[str, Callable[[], str]] = {
    "reference/study.md": _page(study),
    "reference/recipe.md": _page(recipe),
    "reference/task-file.md": _page(task_file),
    "reference/engines.md": _page(engines),
    "reference/commands.md": _page(commands),
    "reference/exit-codes.md": _page(exit_codes),
    "reference/verdicts.md": _page(verdicts),
    "reference/comparison.md": _page(comparison),
    "reference/python.md": _page(python),
    "reference/stats.md": _page(statistics),
    "verdicts.schema.json": _schema_file,
}
"""Each generated file of docs, and what writes it."""
NEEDS_TORCH = ("reference/engines.md",)
"""Pages that cannot be written without torch."""


def write(folder: Path = DOCS, files: Mapping[str, Callable[[], str]] = FILES) -> list[Path]:
    """Write those that differ. Returns their paths."""
    changed = []
    for name, text in files.items():
        path, now = folder / name, text()
        if not path.is_file() or path.read_text(encoding="utf-8") != now:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(now, encoding="utf-8")
            changed.append(path)
    return changed
