"""Identities by content: digests of whatever decides a response, and of nothing else. It needs no torch.

No name and no path is part of it. Chat templates belong to the protocol, software and hardware to the
provenance, batching to neither: it moves a result by rounding only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay import embedded
from assay.engines.adapter_files import CONFIG
from assay.engines.files import json_sha256, read_object, sha256s
from assay.files import file_sha256

__all__ = ["adapter_identity", "base_identity"]

RECORDS = ("_name_or_path", "_commit_hash", "transformers_version")
"""Of config.json and generation_config.json: where it came from, and which software wrote it."""
CONFIGURATIONS = {"config.json", "generation_config.json", "tokenizer_config.json"}
"""Digested without their records; every other small file counts as the tokenizer's."""
TOKENIZER_RECORDS = (
    *("chat_template", "name_or_path", "tokenizer_file", "special_tokens_map_file", "transformers_version"),
    *("processor_class", "is_local", "local_files_only"),
)
"""Of tokenizer_config.json. The template is the protocol's."""
ADAPTER_RECORDS = frozenset(
    (
        # Where it came from, and which software wrote it.
        *("base_model_name_or_path", "revision", "auto_mapping", "peft_version", "inference_mode"),
        # Of training only: dropout is off, and how weights began is overwritten by what they became.
        # Engines that load weights refuse before what begins by changing the base's own (pissa, olora, ...).
        *("lora_dropout", "init_lora_weights", "init_weights"),
        *("loftq_config", "eva_config", "corda_config", "lora_ga_config", "runtime_config"),
    )
)
SETS = ("target_modules", "modules_to_save", "exclude_modules")
"""Lists whose order means nothing: peft writes sets in any order."""
ORDERED = ("rank_pattern", "alpha_pattern")
"""Mappings whose order decides: peft takes the first pattern that a layer matches."""
CARDS = (".md", ".log", ".png", ".jpg", ".pdf", ".gitattributes", ".gitignore")
"""Endings of files that decide nothing."""
HEAVY = (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".onnx", ".h5", ".msgpack")
"""Endings of weights, in whatever format."""


def base_identity(
    settings: Mapping[str, Any], folder: Path, weights: Sequence[str], *, remote_code: bool = False
) -> dict[str, Any]:
    """Digests of a base's weights, configuration and tokenizer, with the settings of the engine.

    settings: the engine and what it does with weights, as in `{"engine": "vllm", "dtype": "bfloat16"}`.
    weights: digests of the weights' files, or the commit that holds them.
    remote_code: whether code in the folder is run.
    """
    # Tokenizers have files of many names: whatever is no weight, configuration or card counts as one.
    tokenizer = embedded.former_files(folder) | {
        path.name: file_sha256(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name not in CONFIGURATIONS and _decides(path)
    }
    tokenizer["tokenizer_config.json"] = _without(folder / "tokenizer_config.json", TOKENIZER_RECORDS)
    return {
        **settings,
        "weights": list(weights),
        "config": _without(folder / "config.json", RECORDS),
        "generation_config": _without(folder / "generation_config.json", RECORDS),
        "tokenizer": tokenizer,
        **({"code": sha256s(sorted(folder.glob("*.py")))} if remote_code else {}),
    }


def adapter_identity(
    folder: Path, weights: Sequence[Path], base: Mapping[str, Any], dtype: str, scale: float = 1.0
) -> dict[str, Any]:
    """Digests of an adapter's weights and configuration, and of the base that they change; its scale, if it is not 1.

    Its tokenizer is no part: prompts are encoded by the base's. `dtype` is that of its arithmetic.
    """
    config = {key: value for key, value in read_object(folder / CONFIG).items() if key not in ADAPTER_RECORDS}
    for key in SETS:
        if isinstance(config.get(key), list):
            config[key] = sorted(map(str, config[key]))
    for key in ORDERED:
        if isinstance(config.get(key), dict):
            config[key] = list(config[key].items())
    digests = sha256s(weights)
    return {
        "base": json_sha256(base),
        "weights": digests[0] if len(digests) == 1 else json_sha256(digests),
        "config": json_sha256(config),
        "dtype": dtype,
        **({} if scale == 1 else {"scale": scale}),
    }


def _decides(path: Path) -> bool:
    """Whether a file beside the weights can change a response; cards, templates, other weights and code do not count."""
    name = path.name.lower()
    if name.startswith((".", "license", "chat_template")) or name.endswith((*CARDS, ".py", ".index.json")):
        return False
    return not name.endswith(HEAVY)


def _without(path: Path, keys: Sequence[str]) -> str:
    """Digest of a JSON object without some keys; of an empty one where there is no such file."""
    return json_sha256({key: value for key, value in read_object(path).items() if key not in keys})
