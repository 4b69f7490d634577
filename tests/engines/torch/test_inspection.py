from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from assay.engines.adapter_files import WEIGHTS
from assay.engines.torch import inspect_adapter
from assay.engines.torch.inspection import Inspection, inspect_base
from tests.engines.torch.toys import Toy, configure, reweigh


def inspect(llama: Toy, folder: Path) -> Inspection:
    return inspect_adapter("mine", folder, llama.base)


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
    assert "no complete safetensors header" in inspect(llama, folder).error
    (folder / WEIGHTS).write_bytes(b"")
    assert "no complete safetensors header" in inspect(llama, folder).error


def test_a_git_lfs_pointer_is_told_from_a_damaged_file(llama: Toy, folder: Path) -> None:
    (folder / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    assert "git lfs pull" in inspect(llama, folder).error


def test_missing_files_are_named(llama: Toy, folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    assert f"no {WEIGHTS}" in inspect(llama, folder).error
    (folder / "adapter_config.json").unlink()
    assert "no adapter_config.json" in inspect(llama, folder).error


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


def test_layers_without_weights_are_no_error_for_what_the_base_is_called(llama: Toy, folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    save_file({key: weight for key, weight in weights.items() if "layers.2" not in key}, folder / WEIGHTS)
    configure(folder, base_model_name_or_path="someone/smaller")
    missing, named = inspect(llama, folder).problems
    assert "no weights for 4 layers" in missing.message
    assert named.message.startswith("base_model_name_or_path: someone/smaller, ")


def test_weights_without_layers_are_an_error(llama: Toy, folder: Path) -> None:
    configure(folder, target_modules=["q_proj", "v_proj", "k_proj"])
    found = inspect(llama, folder)
    assert found.adapter is None
    assert "weights for 3 layers that its configuration leaves out" in found.error
    deeper = {key.replace("layers.2", "layers.9"): w for key, w in load_file(folder / WEIGHTS).items()}
    save_file(deeper, folder / WEIGHTS)
    configure(folder, target_modules=["q_proj", "v_proj", "k_proj", "o_proj"])
    assert "4 of its layers are not in the base" in inspect(llama, folder).error


def test_another_base_in_the_configuration_is_warned_of(llama: Toy, folder: Path) -> None:
    configure(folder, base_model_name_or_path="someone/other-7b")
    [problem] = inspect(llama, folder).problems
    assert problem.severity == "warning"
    assert problem.message.startswith("base_model_name_or_path: someone/other-7b, the base given is")


def test_messages_do_not_name_their_subject(llama: Toy, folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    [problem] = inspect(llama, folder).problems
    assert problem.subject == "mine"
    assert "'mine'" not in problem.message


@pytest.mark.parametrize("changes", [{"use_dora": True}, {"modules_to_save": ["lm_head"]}])
def test_an_adapter_apart_without_its_weights_is_found_before(
    llama: Toy, folder: Path, changes: dict[str, Any]
) -> None:
    configure(folder, **changes)
    found = inspect(llama, folder)
    lacking = "none of DoRA's vectors for 12 of its 12 layers"
    assert ("lm_head" in found.error) if "modules_to_save" in changes else (lacking in found.error)


def test_a_damaged_tokenizer_of_an_adapter_is_an_error(llama: Toy, folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": 3}')
    assert "tokenizer.json is not a tokenizer" in inspect(llama, folder).error
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
