"""Adapters are read by peft onto an empty base; what does not fit is refused with the fix."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from assay.engines.adapter_files import PICKLE, WEIGHTS, read_adapter_files
from assay.engines.torch import read_adapter
from assay.engines.torch.adapter_load import read_config, unstackable
from assay.errors import EngineError
from tests.engines.torch.test_inspection import inspect
from tests.engines.torch.toys import Toy, configure, make_adapter, make_toy, reweigh


def test_a_pickle_is_refused_unless_allowed(llama: Toy, folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / PICKLE)
    expected = read_adapter("mine", folder, llama.base)
    (folder / WEIGHTS).unlink()
    assert "is a pickle, which can run code" in inspect(llama, folder).error
    allowed = read_adapter("mine", folder, llama.base, allow_pickle=True)
    assert allowed.norm == expected.norm


def test_what_a_pickle_holds_besides_tensors_is_no_weight(llama: Toy, folder: Path) -> None:
    expected = read_adapter("mine", folder, llama.base)
    torch.save(load_file(folder / WEIGHTS) | {"step": 5, "loss": 0.5}, folder / PICKLE)
    (folder / WEIGHTS).unlink()
    allowed = read_adapter("mine", folder, llama.base, allow_pickle=True)
    assert (allowed.norm, allowed.surplus) == (expected.norm, ())


def test_a_pickle_that_holds_no_names_cannot_be_read(llama: Toy, folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    torch.save([torch.ones(1)], folder / PICKLE)
    with pytest.raises(EngineError, match="cannot be read"):
        read_adapter("mine", folder, llama.base, allow_pickle=True)


@pytest.mark.parametrize("allow_pickle", [False, True])
def test_a_file_of_no_tensors_holds_no_weight_that_fits(llama: Toy, folder: Path, allow_pickle: bool) -> None:
    save_file({}, folder / WEIGHTS)
    with pytest.raises(EngineError, match="holds no tensors at all"):
        read_adapter("mine", folder, llama.base, allow_pickle=allow_pickle)


def test_an_adapter_of_another_shape_is_refused(tmp_path: Path, llama: Toy) -> None:
    other = make_toy("llama", tmp_path, {"wide": {"r": 2, "target_modules": ["q_proj"]}})
    reweigh(other.folder / "wide", lora_A__weight=lambda weight: torch.cat([weight, weight], 1))
    configure(other.folder / "wide", base_model_name_or_path="someone/wide-7b")
    found = inspect(llama, other.folder / "wide")
    assert "all of its 3 layers have other sizes than the base's" in found.error
    assert "is [32, 64] in its file and [32, 32] in the base" in found.error
    assert "give the base that it was trained on, which it calls someone/wide-7b" in found.error


def test_an_adapter_that_fits_no_layer_is_refused(llama: Toy, folder: Path) -> None:
    configure(folder, target_modules=["z_proj", "c_attn"])
    assert "target_modules: ['z_proj', 'c_attn']), and peft would ignore them" in inspect(llama, folder).error
    weights = {key.replace("self_attn", "attention"): w for key, w in load_file(folder / WEIGHTS).items()}
    save_file(weights, folder / WEIGHTS)
    assert "layers of the same sizes under other names" in inspect(llama, folder).error


def test_a_rank_that_is_not_the_files_is_refused(llama: Toy, folder: Path) -> None:
    configure(folder, r=3)
    assert "2 in the file, 3 by r and rank_pattern" in inspect(llama, folder).error


def test_weights_that_are_not_finite_are_refused(llama: Toy, folder: Path) -> None:
    reweigh(folder, layers__0__self_attn__q_proj__lora_A__weight=lambda weight: weight * float("nan"))
    assert "not finite" in inspect(llama, folder).error


@pytest.mark.parametrize("named", ["elsewhere/{}", "models--org--{}/snapshots/0123abcd"])
def test_the_same_base_in_another_place_is_no_problem(llama: Toy, folder: Path, named: str) -> None:
    configure(folder, base_model_name_or_path=named.format(llama.folder.name))
    assert inspect(llama, folder).problems == ()


def test_weights_of_the_base_in_an_adapter_are_not_lost(llama: Toy, folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    place = "base_model.model.model.embed_tokens.weight"
    same = llama.base.model.get_parameter("model.embed_tokens.weight").detach().clone()
    save_file(weights | {place: same}, folder / WEIGHTS)
    assert (read_adapter("mine", folder, llama.base).replaces, inspect(llama, folder).problems) == ((), ())
    save_file(weights | {place: torch.ones(259, 32)}, folder / WEIGHTS)
    found = read_adapter("mine", folder, llama.base)
    assert found.replaces == ("model.embed_tokens.weight",)
    assert "has weights of the base itself" in found.unstackable
    save_file(weights | {place: torch.ones(260, 32)}, folder / WEIGHTS)
    message = inspect(llama, folder).error
    assert "trained with an added token: model.embed_tokens has 260 rows in its file" in message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"trainable_token_indices": [1, 2]}, "trainable_token_indices"),
        ({"bias": "all"}, "bias"),
        ({"peft_type": "IA3"}, "not LORA"),
    ],
)
def test_what_cannot_be_stacked_is_told(folder: Path, changes: dict[str, Any], reason: str) -> None:
    if changes.get("peft_type") == "IA3":
        written = {"peft_type": "IA3", "target_modules": ["q_proj"], "feedforward_modules": []}
        (folder / "adapter_config.json").write_text(json.dumps(written))
    else:
        configure(folder, **changes)
    assert reason in unstackable(read_config(read_adapter_files(folder)))


@pytest.mark.parametrize("kind", ["FOO", 7, ["LORA"]])
def test_a_type_that_peft_does_not_know_is_an_error(llama: Toy, folder: Path, kind: Any) -> None:
    configure(folder, peft_type="lora")
    assert "write `peft_type: LORA`" in inspect(llama, folder).error
    configure(folder, peft_type=kind)
    assert f"peft_type {kind!r} is unknown to peft {version('peft')} (" in inspect(llama, folder).error


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"init_lora_weights": "pissa"}, "changes the base's own weights"),
        ({"layer_replication": [[0, 2], [1, 3]]}, "layer_replication"),
    ],
)
def test_what_would_change_a_shared_base_is_refused(
    llama: Toy, folder: Path, changes: dict[str, Any], reason: str
) -> None:
    configure(folder, **changes)
    assert reason in inspect(llama, folder).error


def test_prompt_tuning_is_refused(llama: Toy, folder: Path) -> None:
    written = {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 4, "task_type": "CAUSAL_LM"}
    (folder / "adapter_config.json").write_text(json.dumps(written))
    assert "PROMPT_TUNING, is more than a change of layers" in inspect(llama, folder).error


def test_lora_on_embeddings_cannot_be_stacked(llama: Toy) -> None:
    path = make_adapter(llama.folder, "embeddings", {"r": 2, "target_modules": ["embed_tokens"]})
    assert "embed_tokens (Embedding)" in read_adapter("embeddings", path, llama.base).unstackable


def test_the_norm_of_a_change_is_that_of_the_product(llama: Toy) -> None:
    for adapter in llama.adapters:
        for delta in adapter.deltas.values():
            assert delta.norm == pytest.approx(float((delta.up @ delta.down).norm()), rel=1e-5)


def test_rank_and_scaling_follow_peft(llama: Toy) -> None:
    adapters = {adapter.name: adapter for adapter in llama.adapters}
    ranks = {layer: len(delta.down) for layer, delta in adapters["patterns"].deltas.items()}
    assert ranks == {
        f"model.layers.{i}.{name}": rank
        for i in range(3)
        for name, rank in (("self_attn.q_proj", 7), ("mlp.down_proj", 3 if i == 1 else 4))
    }
    raw = load_file(llama.folder / "rslora" / WEIGHTS)
    delta = adapters["rslora"].deltas["model.layers.0.mlp.up_proj"]
    stored = raw["base_model.model.model.layers.0.mlp.up_proj.lora_B.weight"]
    torch.testing.assert_close(delta.up, stored * (4 / 8**0.5))
