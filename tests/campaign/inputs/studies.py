"""Studies, recipes, policies and tasks: what their strict readers make of a file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from assay.study import load_policy, load_study
from assay.tasks.custom import read_task
from assay.training.recipe import load_recipe
from tests.campaign.kinds import KEPT, Files, Kind, write
from tests.study.studies import VALID
from tests.training.recipes import entry, write_recipe

__all__ = ["KINDS"]

POLICY = """\
passing: [confirmed, gain, kept]
failing: [harmed, no gain]
tolerated_harm: 0.02
drift_budget: 0.1
champion: a
regression_budget: 0.05
required: [ifeval]
current_bases: {b: 0123456789abcdef}
max_age_days: 30
"""
TASK = """\
capability: support
prompts: tone.jsonl
check:
  contains: {all: [a], ignore: [case], words: true}
metric: right
max_tokens: 64
stop: ["\\n"]
plain: "Q: {prompt}\\nA:"
shots:
  - {prompt: hello, response: good day}
"""
FULL = (
    VALID
    + """\
alpha: 0.05
family: study
decoding: {max_tokens: 1280, temperature: 0, samples: 1, seed: 0, template: chat, after: "</think>\\n\\n"}
engine: {name: openai, url: "http://localhost:8000/v1", key_env: KEY, options: {models: {small: s}}}
stop: full
gate: {passing: [gain], failing: [harmed]}
"""
)


def _study(files: Files, folder: Path) -> None:
    write(files, folder)
    study = load_study(folder / "study.yaml", check_files=False)
    study.text.encode()


def _recipe(files: Files, folder: Path) -> None:
    write(files, folder)
    for adapter in load_recipe(folder / "recipe.yaml").adapters:
        adapter.name.encode()


def _policy(files: Files, folder: Path) -> None:
    write(files, folder)
    load_policy(folder / "policy.yaml").model_dump_json().encode()


def _task(files: Files, folder: Path) -> None:
    write(files, folder)
    task = read_task(folder / "tone.yaml")()
    for example in task.read(folder / "tone.jsonl"):
        task.require([example])
        task.score(example, "A good day")


def _of(name: str, *texts: str, **others: str) -> Sequence[Files]:
    return [
        {name: text.encode(), **{other: content.encode() for other, content in others.items()}}
        for text in texts
    ]


def _recipes() -> Sequence[Files]:
    with tempfile.TemporaryDirectory() as made:
        path = write_recipe(
            Path(made), "embedded", entry(), entry("other", seeds=[1, 2], settings={"rank": [4, 8]})
        )
        return [
            {f"{KEPT}sums.jsonl": b"{}", f"{KEPT}examples.jsonl": b"{}", "recipe.yaml": path.read_bytes()}
        ]


KINDS = (
    Kind("studies", lambda: _of("study.yaml", VALID, FULL), _study, weight=2),
    Kind("recipes", _recipes, _recipe),
    Kind("policies", lambda: _of("policy.yaml", POLICY, "passing: [gain]\n"), _policy),
    Kind(
        "custom tasks",
        lambda: _of("tone.yaml", TASK, **{"tone.jsonl": '{"prompt": "p", "all": ["b"]}\n'}),
        _task,
    ),
)
