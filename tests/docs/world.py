"""The files that the pages speak of: recorded responses of a base and two adapters to two tasks, and a finished run."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

import assay
from tests.docs.fences import ROOT, fences
from tests.studies import examples, jsonl, responses, table, write_study

PROMPTS = 200
COMMA, NO_COMMA = "Well, it depends.", "It depends."


def make_files(folder: Path) -> None:
    """Prompts, responses, and the files of the pages about gates and tasks."""
    examples(folder, PROMPTS, "test.jsonl")
    rows = (
        {"key": i, "prompt": f"p {i}", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
        for i in range(PROMPTS)
    )
    jsonl(folder / "input_data.jsonl", rows)
    base, helper = table(4, 40, PROMPTS, 120)
    _instructions(folder / "base-ifeval.jsonl", base)
    _instructions(folder / "helper-ifeval.jsonl", helper)
    _instructions(folder / "sums-ifeval.jsonl", [*base[:-1], not base[-1]])
    base, sums = table(50, 6, PROMPTS, 60)
    for name, passes in {"base": base, "helper": [*base[:-1], not base[-1]], "sums": sums}.items():
        responses(folder / f"{name}-gsm8k.jsonl", passes)
    for page in ("tutorial/gate.md", "how-to/own-task.md", "how-to/release.md"):
        for fence in fences(ROOT / "docs" / page):
            if fence.title:
                (folder / fence.title).write_text(fence.code, encoding="utf-8")


def _instructions(path: Path, passes: list[bool]) -> None:
    texts = (NO_COMMA if right else COMMA for right in passes)
    jsonl(path, ({"key": str(i), "response": text} for i, text in enumerate(texts)))


def make_world(folder: Path) -> Path:
    """All of it, with the run in `runs/mine`."""
    make_files(folder)
    assay.run(folder / "study.yaml", folder / "runs" / "mine")
    return folder


def copy_world(world: Path, folder: Path, page: str) -> None:
    """A world of a page's own."""
    shutil.copytree(world, folder, dirs_exist_ok=True)
    if page == "how-to/testing.md":  # an engine that is a function: adapters may be any names
        document = yaml.safe_load((folder / "study.yaml").read_text())
        document |= {"bases": [{"name": "base", "model": "any"}], "tasks": document["tasks"][1:]}
        document["adapters"] = [{"name": "helper", "label": "numeric", "path": "any/helper"}]
        write_study(folder, document)
        rows = ({"key": str(i), "question": f"2 + 2? ({i})", "answer": "4"} for i in range(PROMPTS))
        jsonl(folder / "test.jsonl", rows)
