"""An adapter in another form changes exactly what the sound one changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from assay.engines.adapter_files import CONFIG, WEIGHTS
from assay.engines.torch import Adapter, TorchEngine, inspect_adapter, read_adapter
from tests.engines.torch.toys import PROMPTS, Toy, ask, make_adapter

PREFIX = "base_model.model."
FORMS: dict[str, Callable[[str], str]] = {
    "compiled": lambda key: key.replace("model.model", "model._orig_mod.model"),
    "fsdp": lambda key: "_fsdp_wrapped_module." + key,
    "twice": lambda key: PREFIX + key,
    "no prefix": lambda key: key.removeprefix(PREFIX),
    "wrapper": lambda key: key.replace("model.layers", "model.language_model.layers"),
    "own name": lambda key: key.replace(".weight", ".math.weight"),
}


def rewrite(folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> Path:
    weights = change(load_file(folder / WEIGHTS))
    save_file({key: weight.contiguous() for key, weight in weights.items()}, folder / WEIGHTS)
    return folder


def rename(folder: Path, change: Callable[[str], str]) -> Path:
    return rewrite(folder, lambda weights: {change(key): weight for key, weight in weights.items()})


def as_mlx(folder: Path) -> Path:
    """The same adapter as mlx-lm saves it."""
    config = json.loads((folder / CONFIG).read_text())
    rank, scale = config["r"], config["lora_alpha"] / config["r"]
    settings = {"rank": rank, "scale": scale, "dropout": 0.0}
    written = {
        "fine_tune_type": "lora",
        "num_layers": 3,
        "lora_parameters": settings,
        "model": "mlx/toy-4bit",
    }
    (folder / CONFIG).write_text(json.dumps(written))
    weights = {
        key.removeprefix(PREFIX).replace("lora_A.weight", "lora_a").replace("lora_B.weight", "lora_b"): weight
        for key, weight in load_file(folder / WEIGHTS).items()
    }
    (folder / WEIGHTS).unlink()
    turned = {key: weight.T.contiguous() for key, weight in weights.items()}
    save_file(turned, folder / "adapters.safetensors")
    return folder


def in_shards(folder: Path) -> Path:
    weights = load_file(folder / WEIGHTS)
    keys = sorted(weights)
    (folder / WEIGHTS).unlink()
    for number in (1, 2):
        part = {key: weights[key] for key in keys[number - 1 :: 2]}
        save_file(part, folder / f"adapter_model-0000{number}-of-00002.safetensors")
    return folder


def assert_same(first: Adapter, second: Adapter) -> None:
    assert first.deltas.keys() == second.deltas.keys()
    for layer, delta in first.deltas.items():
        assert torch.equal(delta.down, second.deltas[layer].down)
        assert torch.equal(delta.up, second.deltas[layer].up)


@pytest.mark.parametrize("name", ["r2", "patterns", "rslora", "layers", "regex", "head"])
@pytest.mark.parametrize("form", FORMS)
def test_names_of_a_wrapper_lead_to_the_same_change(llama: Toy, tmp_path: Path, name: str, form: str) -> None:
    sound = read_adapter(name, llama.folder / name, llama.base)
    folder = rename(shutil.copytree(llama.folder / name, tmp_path / name), FORMS[form])
    found = inspect_adapter(name, folder, llama.base)
    assert found.adapter is not None, found.error
    assert_same(found.adapter, sound)
    assert [problem.severity for problem in found.problems] == ["note"], found.problems


@pytest.mark.parametrize("make", [as_mlx, in_shards])
def test_other_forms_of_file_lead_to_the_same_change(
    llama: Toy, folder: Path, make: Callable[[Path], Path]
) -> None:
    sound = read_adapter("r2", folder, llama.base)
    found = read_adapter("r2", make(folder), llama.base)
    assert_same(found, sound)
    assert len(found.fit.notes) == 1


def test_answers_are_those_of_the_sound_adapter(llama: Toy, folder: Path) -> None:
    prompts = [ask("r2", prompt, i, max_tokens=12) for i, prompt in enumerate(PROMPTS)]
    texts = []
    for path in (llama.folder / "r2", as_mlx(folder)):
        engine = TorchEngine(llama.base, [read_adapter("r2", path, llama.base)])
        texts.append({done.prompt.example: done.text for done in engine.complete(prompts)})
        engine.close()
    assert texts[0] == texts[1]
    assert len(set(texts[0].values())) > 1


def test_an_adapter_apart_is_read_in_another_form_too(llama: Toy, tmp_path: Path) -> None:
    path = make_adapter(llama.folder, "dora-forms", {"r": 2, "use_dora": True, "target_modules": ["q_proj"]})
    wrapped = rename(shutil.copytree(path, tmp_path / "dora"), FORMS["wrapper"])
    prompts = [ask("dora", prompt, i, max_tokens=8) for i, prompt in enumerate(PROMPTS[:3])]
    texts = []
    for folder in (path, wrapped):
        adapter = read_adapter("dora", folder, llama.base)
        assert adapter.unstackable
        engine = TorchEngine(llama.base, [adapter])
        texts.append({done.prompt.example: done.text for done in engine.complete(prompts)})
        engine.close()
    assert texts[0] == texts[1]


def test_doras_vector_of_mlx_lm_leads_to_the_same_answers(llama: Toy, tmp_path: Path) -> None:
    path = make_adapter(llama.folder, "dora-mlx", {"r": 2, "use_dora": True, "target_modules": ["q_proj"]})
    folder = shutil.copytree(path, tmp_path / "dora")
    rewrite(
        folder,
        lambda weights: {
            key.replace("magnitude_vector.weight", "magnitude_vector"): w for key, w in weights.items()
        },
    )
    config = json.loads((folder / CONFIG).read_text())
    written = {
        "fine_tune_type": "dora",
        "lora_parameters": {"rank": 2, "scale": config["lora_alpha"] / 2},
    }
    (folder / CONFIG).write_text(json.dumps(written))
    names = {"lora_A.weight": "lora_a", "lora_B.weight": "lora_b", "lora_magnitude_vector": "m"}
    weights = {}
    for key, weight in load_file(folder / WEIGHTS).items():
        layer, end = key.removeprefix(PREFIX).split(".q_proj.")
        weights[f"{layer}.q_proj.{names[end]}"] = weight.T.contiguous() if weight.ndim == 2 else weight
    (folder / WEIGHTS).unlink()
    save_file(weights, folder / "adapters.safetensors")
    prompts = [ask("dora", prompt, i, max_tokens=8) for i, prompt in enumerate(PROMPTS[:3])]
    texts = []
    for place in (path, folder):
        engine = TorchEngine(llama.base, [read_adapter("dora", place, llama.base)])
        texts.append({done.prompt.example: done.text for done in engine.complete(prompts)})
        engine.close()
    assert texts[0] == texts[1]


def test_a_value_head_is_left_out(llama: Toy, folder: Path) -> None:
    sound = read_adapter("r2", folder, llama.base)
    rewrite(folder, lambda weights: weights | {"v_head.summary.weight": torch.ones(1, 32)})
    found = inspect_adapter("r2", folder, llama.base)
    assert found.adapter is not None
    assert_same(found.adapter, sound)
    assert [problem.severity for problem in found.problems] == ["warning"]


def test_a_head_that_an_old_peft_saved_whole_answers_as_under_its_name_of_today(
    llama: Toy, tmp_path: Path
) -> None:
    form = {"r": 2, "target_modules": ["q_proj"], "modules_to_save": ["lm_head"]}
    path = make_adapter(llama.folder, "whole-head", form)
    rewrite(
        path,
        lambda weights: {key: torch.randn_like(w) if "lm_head" in key else w for key, w in weights.items()},
    )
    old = rename(
        shutil.copytree(path, tmp_path / "old"),
        lambda key: key.replace("lm_head.weight", "lm_head.modules_to_save.default.weight"),
    )
    prompts = [ask("head", prompt, i, max_tokens=8) for i, prompt in enumerate(PROMPTS[:3])]
    texts = []
    for folder in (path, old):
        engine = TorchEngine(llama.base, [read_adapter("head", folder, llama.base)])
        texts.append({done.prompt.example: done.text for done in engine.complete(prompts)})
        engine.close()
    assert texts[0] == texts[1]
    assert len(set(texts[0].values())) > 1
