"""The base that ships with assay: a small model trained on the synthetic data, and where its files are.

In a study or a recipe file, `model: embedded` names it, as does `--base embedded`. It is a base like any
other: its identity is that of its weights, wherever they are.

    folder()     # .../assay/embedded/base: model.safetensors, config.json, tokenizer, chat template

`ASSAY_EMBEDDED=FOLDER` puts another base in its place: one just trained by `scripts/train_base.py`, or a
toy in a test. It knows no study, no engine and no torch.
"""

from __future__ import annotations

import os
from pathlib import Path

from assay.errors import EngineError

__all__ = ["NAME", "VARIABLE", "folder", "former_files"]

NAME = "embedded"
"""What a study calls the base; a folder of that name is written `./embedded`."""
VARIABLE = "ASSAY_EMBEDDED"
"""Environment variable that names another folder."""
SHIPPED = Path(__file__).parent / "base"
FORMER = {"training.jsonl": "47aa79883e5db6bef299e02a2807087f9f7877c3cb9ed6c0636e79483110d447"}
"""Files that were once beside the weights, by SHA-256: they stay part of the base's identity, so that runs go on."""
NEEDED = ("config.json", "model.safetensors", "tokenizer.json")


def folder() -> Path:
    """Where the base's files are. Raises EngineError with the fix if they are not there."""
    given = os.environ.get(VARIABLE)
    home = Path(given).expanduser().absolute() if given else SHIPPED
    absent = [name for name in NEEDED if not (home / name).is_file()]
    if not absent:
        return home
    if given:
        raise EngineError(
            f"no {absent[0]} in {home}",
            place=f"{VARIABLE}={given}",
            fix="name the folder of a base, or unset the variable",
        )
    raise EngineError(
        f"the embedded base is not in this build of assay (no {absent[0]} in {home})",
        fix=f"install a release, or train the base with `python -m scripts.train_base FOLDER` and set {VARIABLE}=FOLDER",
    )


def former_files(folder: Path) -> dict[str, str]:
    """Digests, by name, of files that the shipped base had beside its weights before; empty for any other folder."""
    return FORMER if folder == SHIPPED else {}
