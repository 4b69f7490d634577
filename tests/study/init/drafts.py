"""Folders of adapters, and studies drafted from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay import load_study
from assay.study import Study
from assay.study.init import draft, write_draft
from assay.tasks import default_suite

SUITE = default_suite()
BASE = "Qwen/Qwen3-4B"
CARD = "---\ntags:\n- lora\n- base_model:x\ndatasets: [tatsu-lab/alpaca]\n---\n# A model of chat\n"


def adapter(folder: Path, name: str, card: str = "", **config: Any) -> Path:
    path = folder / name
    path.mkdir(parents=True)
    filled = {
        "peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["v_proj", "q_proj"],
        "use_dora": False, "base_model_name_or_path": BASE, **config,
    }  # fmt: skip
    (path / "adapter_config.json").write_text(json.dumps(filled))
    if card:
        (path / "README.md").write_text(card)
    return path


def drafted(folder: Path, **more: Any) -> Study:
    """The study as a file holds it, loaded."""
    found = draft(folder, BASE, SUITE, **more)
    write_draft(found, folder / "study.yaml")
    loaded = load_study(folder / "study.yaml")
    assert loaded.model_dump() == found.study.model_dump()
    assert loaded.text == found.text
    return loaded


def names(study: Study) -> list[str]:
    return [one.name for one in study.adapters]
