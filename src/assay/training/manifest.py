"""The folder of a trained adapter: what PEFT loads, a card, and a record of what it was made from.

    adapter_model.safetensors, adapter_config.json      by peft
    README.md                                           the card
    training.json                                       the record: what decides the weights, and their digest

A folder is there whole or not at all. It knows no torch and no data.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.engines.files import json_sha256
from assay.errors import OutputError, ResponsesError
from assay.files import file_sha256
from assay.training.card import card_text

__all__ = ["RECORD", "Record", "digest", "finish", "kept", "open_folder", "refresh"]

RECORD = "training.json"
WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "README.md"
FORM = 1
"""Of what is trained from the same settings: raise it when a change here changes weights."""


@dataclass(frozen=True, slots=True)
class Record:
    """What an adapter was made from, and what came out."""

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
    """`sources`, `hubs`, `pairs`, `sha256` of the pairs and of the `tokens`, and how many were `truncated`."""
    sha256: str
    """Of all that decides the weights."""
    loss: Mapping[str, float]
    """`first`, and `final`: the mean over the last steps."""
    weights: str
    """SHA-256 of the weights' file."""
    versions: Mapping[str, str]
    """Of the software that trained it, and the device; another one trains nothing again."""


def digest(settings: Mapping[str, Any], steps: int, seed: int, base: str, tokens: str) -> str:
    """Of all that decides the weights: settings, seed, base, and what is read and learnt, token by token."""
    return json_sha256([FORM, dict(settings), steps, seed, base, tokens])


def kept(folder: Path, wanted: str) -> Record | None:
    """The record of an adapter that is there, whole, and made from what `wanted` is the digest of."""
    try:
        record = Record(**json.loads((folder / RECORD).read_text(encoding="utf-8")))
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        whole = _as_trained(config, record) and file_sha256(folder / WEIGHTS) == record.weights
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ResponsesError):
        return None
    return record if whole and record.sha256 == wanted else None


def _as_trained(config: Mapping[str, Any], record: Record) -> bool:
    """Whether a configuration scales the weights as they were trained: no digest of it is kept."""
    said = {"rank": config.get("r"), "alpha": config.get("lora_alpha"), "rslora": config.get("use_rslora")}
    return all(record.settings[name] == value for name, value in said.items())


def open_folder(folder: Path) -> None:
    """Raise OutputError if this place holds something that `assay train` did not make."""
    if folder.exists() and not (folder / RECORD).is_file():
        raise OutputError(
            f"{folder}: is there already and was not made by `assay train`; move it away, or give another --out"
        )


def finish(made: Path, folder: Path, record: Record) -> Record:
    """Complete what peft saved in `made`, and put it in the place of `folder`. Returns the whole record."""
    _settle(made / CONFIG, record)
    record = Record(**asdict(record) | {"weights": file_sha256(made / WEIGHTS)})
    _write(made, record)
    if folder.exists():
        old = made.with_name(f"{made.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
        made.rename(folder)
        shutil.rmtree(old)
    else:
        made.rename(folder)
    return record


def refresh(folder: Path, record: Record) -> None:
    """Write card and record anew, where only names changed."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    if config.get("base_model_name_or_path") != record.base["model"]:
        _settle(folder / CONFIG, record)
    _write(folder, record)


def _settle(config: Path, record: Record) -> None:
    """The configuration with the base as the recipe names it, and nothing in an order that varies."""
    found = json.loads(config.read_text(encoding="utf-8"))
    found |= {"base_model_name_or_path": record.base["model"], "revision": record.base["revision"]}
    if isinstance(found.get("target_modules"), list):
        found["target_modules"] = sorted(found["target_modules"])
    _replace(config, json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def _write(folder: Path, record: Record) -> None:
    _replace(folder / CARD, card_text(record))
    _replace(folder / RECORD, json.dumps(asdict(record), indent=2, ensure_ascii=False) + "\n")


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
