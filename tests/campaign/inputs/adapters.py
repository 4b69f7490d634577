"""Folders of adapters and bases: configuration, headers of weights, tokenizers, shards, GGUF."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from assay.engines.adapter_files import read_adapter_files
from assay.engines.adapter_fit import fit_adapter
from assay.engines.adapter_values import changed_weights
from assay.engines.api import ModelRef
from assay.engines.base_shapes import layer_shapes
from assay.engines.chat_template import own_template, read_tokens
from assay.engines.end_tokens import other_tokens, own_end, read_vocabulary
from assay.engines.files import Stamp, read_headers, shards
from assay.engines.gguf import gguf_file, read_gguf
from assay.engines.identity import adapter_identity
from assay.errors import EngineError
from assay.inspecting import inspect_adapters, read_base
from tests.campaign.kinds import Files, Kind, write
from tests.inspecting.adapters import write_adapter, write_base, write_tokenizer

__all__ = ["KINDS"]

TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"


def _folder(make: Callable[[Path], object]) -> Files:
    """The files that a function writes into a folder."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        paths = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def _tokenizer(folder: Path) -> None:
    write_tokenizer(folder, ["<s>", "</s>", "a", "b"], TEMPLATE)
    tokens = {
        "bos_token": "<s>",
        "eos_token": {"content": "</s>"},
        "chat_template": TEMPLATE,
        "add_bos_token": True,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
    (folder / "special_tokens_map.json").write_text(json.dumps({"unk_token": "<unk>"}))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [1, 2]}))


def _adapters() -> Sequence[Files]:
    config: dict[str, Any] = {
        "rank_pattern": {"layers.0.*": 2},
        "alpha_pattern": {"q_proj": 4},
        "layers_to_transform": [0, 1],
    }

    def beside(folder: Path) -> None:
        write_adapter(folder, base_model_name_or_path="org/base", modules_to_save=["lm_head"], **config)
        _tokenizer(folder)

    def mlx(folder: Path) -> None:
        write_adapter(folder)
        (folder / "adapter_model.safetensors").rename(folder / "adapters.safetensors")
        parameters = {"rank": 2, "scale": 20.0, "dropout": 0.0, "keys": ["self_attn.q_proj"]}
        text = json.dumps({"fine_tune_type": "lora", "num_layers": 2, "lora_parameters": parameters})
        (folder / "adapter_config.json").write_text(text)

    expression = r".*\.(q|v)_proj"
    return [
        _folder(write_adapter),
        _folder(beside),
        _folder(mlx),
        _folder(lambda folder: write_adapter(folder, target_modules=expression, exclude_modules="k_.*")),
        _folder(
            lambda folder: write_adapter(
                folder, target_modules="all-linear", use_rslora=True, init_lora_weights="eva"
            )
        ),
    ]


def _bases() -> Sequence[Files]:
    def whole(folder: Path) -> None:
        write_base(folder)
        _tokenizer(folder)
        parts = _folder(write_adapter)["adapter_model.safetensors"]
        names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
        for name in names:
            (folder / name).write_bytes(parts)
        index = {"weight_map": {"a.weight": names[0], "b.weight": names[1]}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    gpt2 = {"model_type": "gpt2", "n_embd": 8, "n_layer": 2, "vocab_size": 9, "n_positions": 4}
    return [_folder(whole), _folder(lambda folder: write_base(folder, **gpt2)), _folder(write_base)]


def _read(files: Files, folder: Path) -> None:
    """All that preflight and `inspect` do with an adapter's folder before weights are loaded."""
    here = folder / "adapter"
    here.mkdir()
    write(files, here)
    Stamp.of(here)
    base = read_base(str(write_base(folder / "base")))
    (found,) = inspect_adapters([str(here)], str(folder / "base"), digest=True)
    json.dumps(found.to_dict(), ensure_ascii=False)
    read = read_adapter_files(here)
    fit = fit_adapter(read, base.shapes)
    if fit.error is None:
        changed_weights(read, fit, ())
    adapter_identity(here, read.weights, {"engine": "x"}, "float32")


def _read_base(files: Files, folder: Path) -> None:
    here = folder / "base"
    here.mkdir()
    write(files, here)
    base = read_base(str(here))
    fit_adapter(read_adapter_files(write_adapter(folder / "adapter")), base.shapes)
    for path in (weights := shards(here)):
        assert path.parent == here, path
    read_headers(weights)


def _tokens(files: Files, folder: Path) -> None:
    write(files, folder)
    Stamp.of(folder)
    read_tokens(folder)
    own_template(folder)
    own_end(folder)
    other_tokens(read_vocabulary(folder), {"a": 0})


def _gguf_whole() -> Sequence[Files]:
    from tests.engines.ggufs import write_gguf

    return [
        _folder(lambda folder: write_gguf(folder / "b.gguf")),
        _folder(lambda f: write_gguf(f / "b.gguf", kind="Q8_0")),
    ]


def _gguf(files: Files, folder: Path) -> None:
    write(files, folder)
    path = gguf_file(ModelRef("base", folder / "b.gguf"))
    if path is None:
        raise EngineError("none")
    header = read_gguf(path)
    assert isinstance(header.places, dict)
    json.dumps([header.tokens, dict(header.special), header.template])


def _configs(files: Files, _: Path) -> None:
    """A base's configuration alone."""
    try:
        config = json.loads(files["config.json"])
    except (ValueError, RecursionError):
        return
    if isinstance(config, dict):
        layer_shapes(config)


KINDS = (
    Kind("adapter folders", _adapters, _read, weight=4),
    Kind("base folders", _bases, _read_base, weight=2),
    Kind(
        "base configurations", lambda: [{"config.json": files["config.json"]} for files in _bases()], _configs
    ),
    Kind("tokenizer files", lambda: [_folder(_tokenizer)], _tokens, weight=2),
    Kind("gguf files", _gguf_whole, _gguf, weight=0.5),
)
