"""A complete run of generated responses whose adapter is a folder of files, and ways to alter what its evidence rests on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import assay
from assay.canonical import canonical_sha256
from assay.engines import Fake, ModelRef, Prompt
from assay.engines.fake import FakePreflight
from assay.engines.files import json_sha256
from assay.engines.identity import adapter_identity
from assay.interop.exporters.export import export_run
from assay.plan import EngineSettings
from tests.studies import RIGHT, WRONG, examples, jsonl, write_study

PROMPTS = 120
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


def _answer(prompt: Prompt) -> str:
    if prompt.task == "style":
        return "It depends."
    return RIGHT if prompt.subject == "sums" or int(prompt.example) % 3 else WRONG


class _Files(FakePreflight):
    """Identities as engines for weights make them, of the adapter's own files."""

    def __init__(self, fake: Fake, settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]):
        super().__init__(fake, settings, base, adapters)
        known = {
            "engine": "torch",
            "dtype": "float32",
            "weights": ["0" * 64],
            "tokenizer": {"t.json": "1" * 64},
        }
        self.identities[base.name] = known
        for ref in adapters:
            folder = Path(ref.source)
            self.identities[ref.name] = adapter_identity(folder, [folder / WEIGHTS], known, "float32")


def make_audited(folder: Path, weights: bytes = b"weights of some training") -> Path:
    """Audit the adapter `sums` in `folder/sums`; the run is in `folder/run`, its evidence is returned."""
    adapter = folder / "sums"
    adapter.mkdir(parents=True)
    (adapter / CONFIG).write_text(json.dumps({"peft_type": "LORA", "r": 8, "lora_alpha": 16}))
    (adapter / WEIGHTS).write_bytes(weights)
    examples(folder, PROMPTS)
    rows = (
        {"key": i, "prompt": f"p {i}", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
        for i in range(PROMPTS)
    )
    jsonl(folder / "prompts.jsonl", rows)
    study = write_study(
        folder,
        {
            "name": "audited",
            "bases": [{"name": "base", "model": "any"}],
            "adapters": [{"name": "sums", "label": "numeric", "path": "sums"}],
            "tasks": [
                {"task": "numeric", "name": "math", "examples": "examples.jsonl"},
                {"task": "ifeval", "name": "style", "prompts": "prompts.jsonl"},
            ],
        },
    )
    fake = Fake(_answer)
    assay.run(study, folder / "run", engine=lambda *given: _Files(fake, *given))
    (evidence,) = export_run(folder / "run", "evidence", folder / "evidence").files or ()
    return evidence


def change_records(folder: Path, sql: str) -> None:
    """Edit the run's database."""
    with sqlite3.connect(folder / "run" / "records.sqlite") as db:
        assert db.execute(sql).rowcount > 0
    db.close()


def change_identity(folder: Path, table: str, change: Any) -> None:
    """Edit an identity of the run's database, and its digest with it."""
    with sqlite3.connect(folder / "run" / "records.sqlite") as db:
        for row, text in db.execute(f"SELECT id, identity FROM {table}").fetchall():
            identity = json.loads(text)
            change(identity)
            db.execute(
                f"UPDATE {table} SET identity = ?, digest = ? WHERE id = ?",
                (json.dumps(identity, sort_keys=True), json_sha256(identity), row),
            )
    db.close()


def change_study(folder: Path, before: str, after: str) -> None:
    """Edit the study in the run's folder."""
    path = folder / "run" / "study.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def change_evidence(evidence: Path, change: Any, digest: bool = True) -> None:
    """Edit the evidence file; with its digest unless that is left as it was."""
    data = json.loads(evidence.read_text())
    change(data)
    if digest:
        data.pop("sha256")
        data["sha256"] = canonical_sha256(data)
    evidence.write_text(json.dumps(data))
