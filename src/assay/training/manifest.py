"""The folder of a trained adapter: PEFT's files, a card, and a manifest of its sources.

    adapter_model.safetensors, adapter_config.json      by peft
    README.md                                           the card, with the front matter that the hub and `assay init` read
    training.json                                       the manifest: what decides the weights, and their digest

A folder is complete or absent. It knows no torch and no data.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assay.engines.files import json_sha256
from assay.errors import OutputError, ResponsesError
from assay.files import file_sha256, write_text
from assay.report.markdown import render
from assay.study.strict import dump
from assay.text import plain

__all__ = [
    "CONFIG",
    "MANIFEST",
    "Manifest",
    "digest",
    "finish",
    "read_kept",
    "refuse_foreign",
    "settle_config",
    "update_names",
]

MANIFEST = "training.json"
WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "README.md"
FORM = 2
"""Of what is trained from the same settings: raise it when a change here changes weights."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an adapter was made from, and the result."""

    name: str
    label: str
    """Decides no weight, like name and recipe."""
    recipe: str
    seed: int
    settings: Mapping[str, str | int | float | bool]
    steps: int
    base: Mapping[str, str | None]
    """`name`, `model`, `revision`, `dtype`, and `sha256` of weights, configuration and tokenizer."""
    data: Mapping[str, Any]
    """`sources`, `hubs`, `pairs`, `sha256` of the pairs and of the `tokens`, how many were `truncated`, and `overlaps`
    with the prompts of each task that they were compared with."""
    sha256: str
    """Of all that decides the weights."""
    loss: Mapping[str, float]
    """`first`, and `final`: the mean over the last steps."""
    weights: str
    """SHA-256 of the weights' file."""
    versions: Mapping[str, str]
    """Of the software that trained it, and the device; another version does not cause a new training."""


def digest(settings: Mapping[str, Any], steps: int, seed: int, base: str, tokens: str) -> str:
    """Of all that decides the weights: settings, seed, base, and what is read and learnt, token by token."""
    return json_sha256([FORM, dict(settings), steps, seed, base, tokens])


def read_kept(folder: Path, sha256: str) -> Manifest | None:
    """The manifest of a complete adapter whose weights are decided by what `sha256` is the digest of; else None."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        intact = _as_trained(config, manifest) and file_sha256(folder / WEIGHTS) == manifest.weights
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ResponsesError):
        return None
    return manifest if intact and manifest.sha256 == sha256 else None


def _as_trained(config: Mapping[str, Any], manifest: Manifest) -> bool:
    """Whether a configuration scales the weights as they were trained: no digest of it is kept."""
    scaling = {"rank": "r", "alpha": "lora_alpha", "rslora": "use_rslora"}
    return all(manifest.settings[name] == config.get(field) for name, field in scaling.items())


def refuse_foreign(folder: Path) -> None:
    """Raise OutputError if this place holds something that `assay train` did not make."""
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise OutputError(
            "exists already and was not made by `assay train`",
            place=folder,
            fix="move it away, or give another --out",
        )


def finish(made: Path, folder: Path, manifest: Manifest) -> Manifest:
    """Complete what peft saved in `made`, and put it in the place of `folder`. Returns the whole manifest."""
    settle_config(made / CONFIG, manifest.base["model"], manifest.base["revision"])
    manifest = replace(manifest, weights=file_sha256(made / WEIGHTS))
    _write(made, manifest)
    old = made.with_name(f"{made.name}.old")
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    made.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return manifest


def update_names(folder: Path, manifest: Manifest) -> None:
    """Write card and manifest again, where only names changed."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    if config.get("base_model_name_or_path") != manifest.base["model"]:
        settle_config(folder / CONFIG, manifest.base["model"], manifest.base["revision"])
    _write(folder, manifest)


def settle_config(config: Path, model: str | None, revision: str | None) -> None:
    """Name the base as the recipe does in an adapter's configuration, and give its lists and keys a fixed order."""
    fields = json.loads(config.read_text(encoding="utf-8"))
    fields |= {"base_model_name_or_path": model, "revision": revision}
    if isinstance(fields.get("target_modules"), list):
        fields["target_modules"] = sorted(fields["target_modules"])
    write_text(config, json.dumps(fields, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def _write(folder: Path, manifest: Manifest) -> None:
    write_text(folder / CARD, _card(manifest))
    write_text(folder / MANIFEST, json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n")


def _card(manifest: Manifest) -> str:
    """Markdown: what the adapter was made from, and that its label is a claim still to be tested."""
    data, model, revision = manifest.data, manifest.base["model"] or "", manifest.base["revision"]
    front = {
        "base_model": manifest.base["model"],
        "library_name": "peft",
        "tags": ["lora", "assay", manifest.label],
        **({"datasets": list(data["hubs"])} if data["hubs"] else {}),
    }
    facts = {
        "label": manifest.label,
        "recipe": manifest.recipe,
        "seed": manifest.seed,
        "data": f"{', '.join(data['sources'])}: {data['pairs']:,} pairs",
        "data, SHA-256": data["sha256"],
        "base, SHA-256": manifest.base["sha256"],
        "held in": manifest.base["dtype"],
        "steps": manifest.steps,
        "responses cut at max_length": data["truncated"],
        "prompts in the data": _overlaps(data["overlaps"]),
        "loss, first step": f"{manifest.loss['first']:.4f}",
        "loss, last steps": f"{manifest.loss['final']:.4f}",
    }
    return render(
        Path(__file__).with_name("card.md"),
        front=dump(front),
        name=plain(manifest.name),
        base=plain(model) + (f" at {plain(revision)}" if revision else ""),
        facts={key: _table_cell(value) for key, value in facts.items()},
        settings={key: _table_cell(value) for key, value in manifest.settings.items()},
        versions=", ".join(f"{name} {version}" for name, version in manifest.versions.items()),
    )


def _overlaps(overlaps: Mapping[str, Mapping[str, Any]]) -> str:
    """`math 0 of 1,319`, for each task."""
    counts = (
        f"{task} {overlap['repeated']:,} of {overlap['prompts']:,}" for task, overlap in overlaps.items()
    )
    return ", ".join(counts) or "not compared"


def _table_cell(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return plain(text).replace("|", "\\|")
