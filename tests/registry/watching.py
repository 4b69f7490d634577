"""A folder of adapters, a template, and a watcher whose engine is a function; also one that ends at a chosen instant."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from assay.adapter_folders import CONFIG
from assay.engines import Fake, ModelRef, Prompt
from assay.engines.fake import FakePreflight
from assay.plan import EngineSettings
from assay.registry.index import Registry
from assay.registry.template import Template
from assay.registry.watch import Outcome, Watch, WatchSettings
from tests.inspecting.adapters import write_adapter
from tests.studies import RIGHT, WRONG, examples

__all__ = ["PROMPTS", "adapters", "asked", "killed", "look", "template", "watcher"]

PROMPTS = 20
KILLED = 9


def template(folder: Path) -> Path:
    """A study without adapters."""
    examples(folder, PROMPTS)
    document = {
        "name": "team",
        "bases": [{"name": "base", "model": "any"}],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        "noise_prompts": 0,
    }
    (folder / "template.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return folder / "template.yaml"


def adapters(folder: Path, *names: str) -> Path:
    """Adapters of these names, each of other content."""
    for number, name in enumerate(names, 1):
        write_adapter(folder / "adapters" / name, lora_alpha=number)
    return folder / "adapters"


def watcher(
    folder: Path, registry: Registry, answered: Callable[[], object] = lambda: None, label: str | None = None
) -> Watch:
    """A watcher of `folder/adapters`. Each generated response is a line of `folder/asked.txt`; `answered` is called after it."""

    def answer(prompt: Prompt) -> str:
        with (folder / "asked.txt").open("a") as file:
            file.write(f"{prompt.subject} {prompt.example}\n")
        answered()
        return RIGHT if prompt.subject != "base" or int(prompt.example) % 2 else WRONG

    def preflight(settings: EngineSettings, base: ModelRef, refs: Sequence[ModelRef]) -> FakePreflight:
        contents = {ref.name: (Path(ref.source) / CONFIG).read_text() for ref in refs}
        return Fake(answer, contents=contents).preflight(settings, base, refs)

    settings = WatchSettings(folder / "runs", label, preflight)
    return Watch(registry, folder / "adapters", Template.read(folder / "template.yaml"), settings)


def look(folder: Path, place: str) -> list[Outcome]:
    """Look once, by a new watcher."""
    with Registry.open(place, write=True) as registry:
        return list(watcher(folder, registry).once())


def asked(folder: Path) -> list[str]:
    """The generated responses of adapters: subject and example."""
    lines = (folder / "asked.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("base ")]


def killed(place: str, act: Callable[[Registry, Callable[[], None]], None]) -> None:
    """Run `act` in another process, which ends at once, as if killed, where it calls the given function."""
    child = os.fork()
    if child == 0:
        try:
            with Registry.open(place, write=True) as registry:
                act(registry, lambda: os._exit(KILLED))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == KILLED
