"""Makes small recipe files and their data."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.studies import examples, jsonl

SETTINGS: dict[str, Any] = {
    "rank": 2,
    "steps": 6,
    "batch": 4,
    "dropout": 0.1,
    "learning_rate": 0.01,
    "max_length": 64,
}


def sums(folder: Path, count: int = 20, name: str = "sums.jsonl") -> Path:
    """`count` prompts with a sum and their responses."""
    return jsonl(
        folder / name, ({"prompt": f"{i} + {i} =", "response": f"#### {2 * i}"} for i in range(count))
    )


def chats(folder: Path, count: int = 20, name: str = "chats.jsonl") -> Path:
    """`count` conversations of one turn each."""
    return jsonl(
        folder / name,
        (
            {
                "messages": [
                    {"role": "user", "content": f"say {i}"},
                    {"role": "assistant", "content": f"I say {i}."},
                ]
            }
            for i in range(count)
        ),
    )


def entry(recipe: str = "numeric", **fields: Any) -> dict[str, Any]:
    """An entry of the recipe file; `settings` given are put over the usual ones."""
    settings = SETTINGS | fields.pop("settings", {})
    return {
        "recipe": recipe,
        "label": "numeric",
        "seeds": [1],
        "data": {"path": "sums.jsonl"},
        "settings": settings,
        **fields,
    }


def document(base: Path | str | dict[str, Any], *entries: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A whole recipe file, as data."""
    return {
        "name": "toy",
        "base": base if isinstance(base, dict) else {"model": str(base)},
        "checkpoint": 2,
        "adapters": [copy.deepcopy(dict(one)) for one in (entries or (entry(),))],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        **fields,
    }


def write_recipe(
    folder: Path, base: Path | str | dict[str, Any], *entries: Mapping[str, Any], **fields: Any
) -> Path:
    """A recipe file with its data and its task's examples beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "sums.jsonl").exists():
        sums(folder)
        chats(folder)
        examples(folder, 12)
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(document(base, *entries, **fields), sort_keys=False), encoding="utf-8")
    return path


def weights(folder: Path) -> bytes:
    """The bytes of an adapter."""
    return (folder / "adapter_model.safetensors").read_bytes()


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder that is not hidden, and its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
    }
