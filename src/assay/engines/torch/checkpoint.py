"""The files of a base: whether they exist, can be read, and belong together. It loads nothing.

Errors here name the file's fault and the fix, but not the base: callers add that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from assay.engines.api import ModelRef
from assay.engines.files import TEXTS, located, read_headers, read_object, shards
from assay.engines.gguf import gguf_file, read_gguf
from assay.errors import EngineError

__all__ = ["base_files", "damaged", "refuse_misshapen", "refuse_mute", "without_tokenizer"]

TOKENIZERS = ("tokenizer.*", "tekken.json", "*.model", "vocab.*", "*.tiktoken")
"""Files that hold a vocabulary; `tokenizer_config.json` holds none."""
OBJECTS = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("added_tokens.json", "generation_config.json"),
)
"""Files that are JSON objects, where they are there at all."""
SAMPLE = "The answer is 1."
"""Any tokenizer that can carry a prompt makes some token of it."""


def base_files(base: ModelRef, *, allow_pickle: bool, remote_code: bool) -> tuple[Path, tuple[Path, ...]]:
    """The folder of a base and its weights' files, checked to be whole; a GGUF file is both. Raises EngineError."""
    if (gguf := gguf_file(base)) is not None:
        read_gguf(gguf)
        return gguf, (gguf,)
    patterns = [*TEXTS, "*.safetensors"]
    patterns += ["*.bin"] if allow_pickle else []
    patterns += ["*.py"] if remote_code else []
    folder = located(base, patterns)
    path = folder / "config.json"
    if not path.is_file():
        adapter = (folder / "adapter_config.json").is_file()
        what = "it is an adapter; give the base" if adapter else "give another"
        if files := sorted(path.name for path in folder.glob("*.gguf")):
            what = f"to use a GGUF file in it, write `file: {files[0]}`; else give another"
        raise EngineError(f"no config.json in {folder}: {what}, a folder that transformers saved")
    config = read_object(path)
    if not config.get("model_type") and "auto_map" not in config:
        raise EngineError(
            f"{path} has no `model_type`, so it does not say which architecture this is; download it again"
        )
    if (folder / "adapter_config.json").is_file():
        raise EngineError(
            f"{folder} holds an adapter_config.json, so that transformers would load an adapter with the base; "
            f"move the adapter into a folder of its own"
        )
    weights = shards(folder, allow_pickle=allow_pickle)
    read_headers(weights)
    return folder, weights


def refuse_misshapen(folder: Path, weights: Sequence[Path], model: PreTrainedModel) -> None:
    """Raise EngineError if weights have another size than config.json gives them.

    Only tensors that are stored under the name that the model has for them are compared, and none of a
    quantized checkpoint: what transformers renames or unpacks, it checks itself when it loads.
    """
    if getattr(model.config, "quantization_config", None):
        return
    expected = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    stored = {name: entry.shape for name, entry in read_headers(weights).items()}
    differ = [
        name
        for name, shape in expected.items()
        # A transposed tensor is as large: some checkpoints are turned while they are loaded.
        if name in stored and math.prod(shape) != math.prod(stored[name])
    ]
    if differ:
        first = differ[0]
        raise EngineError(
            f"{len(differ)} of the weights in {folder} have another shape than its config.json gives them "
            f"({first}: {list(stored[first])} in the file, {list(expected[first])} by config.json); download "
            f"both again, from one place"
        )


def without_tokenizer(folder: Path) -> str:
    """Why a folder has no tokenizer; empty where some file may hold one."""
    if any(path.is_file() for pattern in TOKENIZERS for path in folder.glob(pattern)):
        return ""
    return f"no tokenizer in {folder} (tokenizer.json, tokenizer.model or vocab.json); download it again"


def refuse_mute(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Raise EngineError if a tokenizer makes no tokens of text: transformers makes one out of nothing, too."""
    special = set(tokenizer.all_special_ids)
    if all(token in special for token in tokenizer.encode(SAMPLE, add_special_tokens=False)):
        missing = without_tokenizer(folder)
        raise EngineError(
            missing or f"the tokenizer in {folder} makes no tokens of text: it is empty; download it again"
        )


def damaged(folder: Path) -> str:
    """Which of the JSON files of a folder cannot be read, and the fix; empty where all can."""
    for name in OBJECTS:
        try:
            read_object(folder / name)
        except EngineError as bad:
            return str(bad)
    return ""
