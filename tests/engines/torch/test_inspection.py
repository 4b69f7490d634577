from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from assay.engines.adapter_files import PICKLE, WEIGHTS, read_adapter_files
from assay.engines.torch import inspect_adapter, read_adapter
from assay.engines.torch.adapter_load import read_config, unstackable
from assay.engines.torch.inspection import Inspection, inspect_base
from tests.engines.torch.toys import Toy, make_adapter, make_toy


@pytest.fixture
def folder(llama: Toy, tmp_path: Path) -> Path:
    return shutil.copytree(llama.folder / "r2", tmp_path / "r2")


def inspect(llama: Toy, folder: Path) -> Inspection:
    return inspect_adapter("mine", folder, llama.base)


def configure(folder: Path, **changes: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def reweigh(folder: Path, **changes: Any) -> None:
    """Replace the tensors whose name ends in a key, with __ for a dot."""
    weights = load_file(folder / WEIGHTS)
    for end, change in changes.items():
        for key in [key for key in weights if key.endswith(end.replace("__", "."))]:
            weights[key] = change(weights[key])
    save_file(weights, folder / WEIGHTS)


def test_a_sound_adapter_has_no_problem(llama: Toy, folder: Path) -> None:
    found = inspect(llama, folder)
    assert found.problems == ()
    assert found.adapter is not None
    assert len(found.adapter.deltas) == 12


def test_a_file_cut_short_is_an_error_that_says_so(llama: Toy, folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:-100])
    assert f"holds {len(whole) - 100} of {len(whole)} bytes, it was cut short" in inspect(llama, folder).error
    (folder / WEIGHTS).write_bytes(whole[:20])
    assert "no whole safetensors header" in inspect(llama, folder).error
    (folder / WEIGHTS).write_bytes(b"")
    assert "no whole safetensors header" in inspect(llama, folder).error


def test_a_git_lfs_pointer_is_told_from_a_damaged_file(llama: Toy, folder: Path) -> None:
    (folder / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    assert "git lfs pull" in inspect(llama, folder).error


def test_a_pickle_is_refused_unless_allowed(llama: Toy, folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / PICKLE)
    expected = read_adapter("mine", folder, llama.base)
    (folder / WEIGHTS).unlink()
    assert "is a pickle, which can run code" in inspect(llama, folder).error
    allowed = read_adapter("mine", folder, llama.base, allow_pickle=True)
    assert allowed.norm == expected.norm


def test_missing_files_are_named(llama: Toy, folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    assert f"no {WEIGHTS}" in inspect(llama, folder).error
    (folder / "adapter_config.json").unlink()
    assert "no adapter_config.json" in inspect(llama, folder).error


def test_an_adapter_of_another_shape_is_refused(tmp_path: Path, llama: Toy) -> None:
    other = make_toy("llama", tmp_path, {"wide": {"r": 2, "target_modules": ["q_proj"]}})
    reweigh(other.folder / "wide", lora_A__weight=lambda weight: torch.cat([weight, weight], 1))
    configure(other.folder / "wide", base_model_name_or_path="someone/wide-7b")
    found = inspect(llama, other.folder / "wide")
    assert "3 of its weights have another shape than the base's layers" in found.error
    assert "[2, 64] in the file, [2, 32] in the base" in found.error
    assert "give the base it was trained on, which it calls someone/wide-7b" in found.error


def test_an_adapter_that_fits_no_layer_is_refused(llama: Toy, folder: Path) -> None:
    configure(folder, target_modules=["z_proj", "c_attn"])
    assert "no layers that its target_modules (c_attn, z_proj) name" in inspect(llama, folder).error
    weights = {key.replace("self_attn", "attention"): w for key, w in load_file(folder / WEIGHTS).items()}
    save_file(weights, folder / WEIGHTS)
    configure(folder, target_modules=["q_proj"])
    assert "fits a layer of the base" in inspect(llama, folder).error
    assert "(targets: q_proj)" in inspect(llama, folder).error
    assert "may not belong together" not in inspect(llama, folder).error


def test_only_a_misfit_of_shapes_doubts_that_weights_and_configuration_belong_together(
    llama: Toy, folder: Path
) -> None:
    configure(folder, r=3)
    assert "[2, 32] in the file, [3, 32] in the base); it names this base, so" in inspect(llama, folder).error


def test_weights_that_are_not_finite_are_refused(llama: Toy, folder: Path) -> None:
    reweigh(folder, layers__0__self_attn__q_proj__lora_A__weight=lambda weight: weight * float("nan"))
    assert "not finite" in inspect(llama, folder).error


def test_layers_without_weights_are_warned_of(llama: Toy, folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    save_file({key: weight for key, weight in weights.items() if "layers.2" not in key}, folder / WEIGHTS)
    [problem] = inspect(llama, folder).problems
    assert problem.severity == "warning"
    assert "no weights for 4 layers" in problem.message


def test_more_than_half_of_the_layers_without_weights_is_an_error(llama: Toy, folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    half = {key: weight for key, weight in weights.items() if "k_proj" in key or "v_proj" in key}
    save_file(half, folder / WEIGHTS)
    assert inspect(llama, folder).error == ""
    save_file({key: w for key, w in half.items() if "layers.0.self_attn.k" not in key}, folder / WEIGHTS)
    found = inspect(llama, folder)
    assert found.adapter is None
    assert "7 of the 12 layers that its configuration targets lack weights in its file" in found.error


def test_layers_without_weights_under_another_base_are_an_error(llama: Toy, folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    save_file({key: weight for key, weight in weights.items() if "layers.2" not in key}, folder / WEIGHTS)
    configure(folder, base_model_name_or_path="someone/smaller")
    [problem] = inspect(llama, folder).problems
    assert "the base has 4 layers" in inspect(llama, folder).error
    assert "which it calls someone/smaller" in problem.message


def test_weights_without_layers_are_an_error(llama: Toy, folder: Path) -> None:
    configure(folder, target_modules=["q_proj", "v_proj", "k_proj"])
    found = inspect(llama, folder)
    assert found.adapter is None
    assert "6 of its weights fit no layer" in found.error
    deeper = {key.replace("layers.2", "layers.9"): w for key, w in load_file(folder / WEIGHTS).items()}
    save_file(deeper, folder / WEIGHTS)
    configure(folder, target_modules=["q_proj", "v_proj", "k_proj", "o_proj"])
    assert "8 of its weights fit no layer" in inspect(llama, folder).error


def test_another_base_in_the_configuration_is_warned_of(llama: Toy, folder: Path) -> None:
    configure(folder, base_model_name_or_path="someone/other-7b")
    [problem] = inspect(llama, folder).problems
    assert problem.severity == "warning"
    assert problem.message.startswith("it says that it was trained on someone/other-7b, the base given is")


@pytest.mark.parametrize("named", ["elsewhere/{}", "models--org--{}/snapshots/0123abcd"])
def test_the_same_base_in_another_place_is_no_problem(llama: Toy, folder: Path, named: str) -> None:
    configure(folder, base_model_name_or_path=named.format(llama.folder.name))
    assert inspect(llama, folder).problems == ()


def test_messages_do_not_name_their_subject(llama: Toy, folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    [problem] = inspect(llama, folder).problems
    assert problem.subject == "mine"
    assert "'mine'" not in problem.message


def test_weights_of_the_base_in_an_adapter_are_not_lost(llama: Toy, folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    place = "base_model.model.model.embed_tokens.weight"
    same = llama.base.model.get_parameter("model.embed_tokens.weight").detach().clone()
    save_file(weights | {place: same}, folder / WEIGHTS)
    assert (read_adapter("mine", folder, llama.base).replaces, inspect(llama, folder).problems) == ((), ())
    save_file(weights | {place: torch.ones(259, 32)}, folder / WEIGHTS)
    found = read_adapter("mine", folder, llama.base)
    assert found.replaces == ("model.embed_tokens.weight",)
    assert "brings weights of the base itself" in found.unstackable
    save_file(weights | {place: torch.ones(260, 32)}, folder / WEIGHTS)
    assert (
        "model.embed_tokens.weight: [260, 32] in the file, [259, 32] in the base"
        in inspect(llama, folder).error
    )


@pytest.mark.parametrize("changes", [{"use_dora": True}, {"modules_to_save": ["lm_head"]}])
def test_an_adapter_apart_without_its_weights_is_found_before(
    llama: Toy, folder: Path, changes: dict[str, Any]
) -> None:
    configure(folder, **changes)
    found = inspect(llama, folder)
    lacking = "12 of the 12 layers that its configuration targets lack weights"
    assert ("lm_head" in found.error) if "modules_to_save" in changes else (lacking in found.error)


def test_a_damaged_tokenizer_of_an_adapter_is_an_error(llama: Toy, folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": 3}')
    assert "tokenizer.json is no tokenizer" in inspect(llama, folder).error
    (folder / "tokenizer.json").write_text("{")
    assert "tokenizer.json is not JSON" in inspect(llama, folder).error


def test_an_own_template_of_no_use_is_the_concern_of_who_asks_under_it(llama: Toy, folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("hello")
    found = inspect(llama, folder)
    assert (found.template, found.error) == ("hello", "")


def test_a_sound_base_has_no_problem(llama: Toy) -> None:
    assert inspect_base(llama.base, llama.folder) == ()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"repetition_penalty": 1.05, "top_p": 0.8, "temperature": 0.7, "do_sample": True},
            "repetition_penalty: 1.05",
        ),
        ({"suppress_tokens": [3]}, "suppress_tokens: [3]"),
        ({"repetition_penalty": 1.0, "num_beams": 1, "suppress_tokens": None}, ""),
    ],
)
def test_what_a_generation_configuration_asks_for_and_does_not_get_is_told(
    llama: Toy, tmp_path: Path, asked: dict[str, Any], told: str
) -> None:
    (tmp_path / "generation_config.json").write_text(json.dumps(asked))
    messages = [problem.message for problem in inspect_base(llama.base, tmp_path)]
    assert [told in message for message in messages] == ([True] if told else [])


def test_a_tokenizer_with_more_tokens_than_weights_is_noted(llama: Toy) -> None:
    tokenizer = copy.deepcopy(llama.base.tokenizer)
    tokenizer.add_tokens(["<think>"])
    [problem] = inspect_base(replace(llama.base, tokenizer=tokenizer), llama.folder)
    assert "tokens up to 259, and it has weights for 259" in problem.message


def test_an_adapter_of_zeros_is_warned_of(llama: Toy, folder: Path) -> None:
    reweigh(folder, lora_B__weight=torch.zeros_like)
    [problem] = inspect(llama, folder).problems
    assert "every weight change is zero" in problem.message
    configure(folder, lora_alpha=0)
    assert "it cannot do anything; lora_alpha is 0" in inspect(llama, folder).problems[0].message


def test_its_own_template_and_tokens_are_noted(llama: Toy, folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    (folder / "added_tokens.json").write_text('{"<think>": 259}')
    found = inspect(llama, folder)
    assert found.template == "{{ messages }}"
    assert [problem.severity for problem in found.problems] == ["warning"]
    assert "'<think>'" in found.problems[0].message
    llama.base.tokenizer.save_pretrained(folder)
    (folder / "added_tokens.json").unlink()
    assert inspect(llama, folder).problems == ()


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
