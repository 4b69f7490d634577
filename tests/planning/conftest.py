"""Studies whose power, cost and time are estimated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.study import Study
from tests.studies import examples, jsonl


@pytest.fixture
def ifeval(tmp_path: Path) -> Path:
    rows = (
        {
            "key": i,
            "prompt": f"Do as I say, {i}.",
            "instruction_id_list": ["punctuation:no_comma", "change_case:english_lowercase"],
            "kwargs": [{}, {}],
        }
        for i in range(200)
    )
    return jsonl(tmp_path / "prompts.jsonl", rows)


def study(folder: Path, prompts: Path | None = None, **fields: Any) -> Study:
    examples(folder, 40)
    return Study.from_dict(
        {
            "name": "planned",
            "bases": [{"name": "base", "model": "owner/base"}],
            "adapters": [
                {
                    "name": f"r-s{seed}",
                    "recipe": "r",
                    "seed": seed,
                    "label": "numeric",
                    "path": f"owner/a{seed}",
                }
                for seed in (1, 2)
            ],
            "tasks": [
                {"task": "numeric", "name": "math", "examples": "examples.jsonl", "limit": 30},
                *([{"task": "ifeval", "prompts": str(prompts)}] if prompts else []),
            ],
            "decoding": {"max_tokens": 100},
            **fields,
        },
        folder,
    )
