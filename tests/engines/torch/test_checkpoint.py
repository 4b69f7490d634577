from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from assay.engines.api import ModelRef
from assay.engines.torch import Source, load_skeleton
from assay.engines.torch.checkpoint import (
    base_files,
    damaged,
    refuse_misshapen,
    refuse_mute,
    without_tokenizer,
)
from assay.errors import EngineError
from tests.engines.torch.toys import Toy, make_tokenizer


@pytest.fixture
def folder(llama: Toy, tmp_path: Path) -> Path:
    names = [adapter.name for adapter in llama.adapters]
    return shutil.copytree(llama.folder, tmp_path / "base", ignore=shutil.ignore_patterns(*names))


def files(folder: Path) -> tuple[Path, tuple[Path, ...]]:
    return base_files(ModelRef("base", folder), allow_pickle=False, remote_code=False)


def skeleton(toy: Toy) -> PreTrainedModel:
    """The base's layers, which no other test's engine wraps."""
    return load_skeleton(Source(str(toy.folder))).model


def test_a_whole_base_is_its_folder_and_its_weights(llama: Toy, folder: Path) -> None:
    assert files(folder) == (folder, (folder / "model.safetensors",))
    assert (damaged(folder), without_tokenizer(folder)) == ("", "")
    refuse_misshapen(*files(folder), skeleton(llama))
    refuse_mute(make_tokenizer(), folder)


def test_code_of_a_base_stands_in_for_a_model_type(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    with pytest.raises(EngineError, match="has no `model_type`"):
        files(folder)
    (folder / "config.json").write_text(json.dumps({"auto_map": {"AutoConfig": "own.Config"}}))
    files(folder)


def test_a_turned_tensor_and_one_of_another_name_are_no_misfit(llama: Toy, folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    place = "model.layers.0.mlp.up_proj.weight"
    save_file(weights | {place: weights[place].T.contiguous(), "extra": torch.ones(3)}, path)
    refuse_misshapen(*files(folder), skeleton(llama))
    save_file(weights | {place: torch.ones(2, 2)}, path)
    with pytest.raises(
        EngineError, match=r"1 of the weights in .*up_proj\.weight: \[2, 2\] in the file, \[48, 32\]"
    ):
        refuse_misshapen(*files(folder), skeleton(llama))


def test_packed_weights_of_a_quantized_checkpoint_are_no_misfit(
    llama: Toy, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "model.safetensors"
    save_file(load_file(path) | {"model.layers.0.mlp.up_proj.weight": torch.ones(768, 1)}, path)
    model = skeleton(llama)
    monkeypatch.setattr(model.config, "quantization_config", {"quant_method": "x"}, raising=False)
    refuse_misshapen(*files(folder), model)


def test_a_tokenizer_that_knows_special_tokens_only_is_refused(folder: Path) -> None:
    class Mute:
        all_special_ids = (0,)

        def __init__(self, tokens: list[int]) -> None:
            self.encode = lambda *_, **__: tokens

    for tokens in ([], [0, 0]):
        with pytest.raises(EngineError, match="makes no tokens of text: it is empty"):
            refuse_mute(Mute(tokens), folder)  # type: ignore[arg-type]
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EngineError, match="no tokenizer in"):
        refuse_mute(Mute([]), folder)  # type: ignore[arg-type]


def test_the_damaged_file_of_a_folder_is_named(folder: Path) -> None:
    (folder / "added_tokens.json").write_text("[]")
    assert "added_tokens.json is not a JSON object" in damaged(folder)
