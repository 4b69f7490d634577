from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import IA3Config, LoraConfig, PeftConfig, ShiraConfig, VBLoRAConfig, get_peft_model
from transformers import AutoModelForCausalLM

from assay.engines.torch import (
    Adapter,
    Source,
    TorchEngine,
    inspect_adapter,
    liveness,
    load_skeleton,
    peft_fallback,
    read_adapter,
)
from assay.errors import EngineError
from tests.engines.torch.test_engine import expected, outputs
from tests.engines.torch.test_liveness import changes
from tests.engines.torch.toys import PROMPTS, Toy, ask, make_toy, quiet
from tests.often import first_often

LORA: dict[str, Any] = {"task_type": "CAUSAL_LM", "r": 2, "target_modules": ["q_proj", "down_proj"]}
CONFIGS: dict[str, Callable[[], PeftConfig]] = {
    "dora": lambda: LoraConfig(**LORA, use_dora=True),
    "saved": lambda: LoraConfig(**LORA, modules_to_save=["lm_head"]),
    "tokens": lambda: LoraConfig(**LORA, trainable_token_indices=[84, 104, 101]),
    "bias": lambda: LoraConfig(**LORA, bias="lora_only"),
    "embedding": lambda: LoraConfig(**(LORA | {"target_modules": ["embed_tokens", "v_proj"]})),
    # Looks at the base's weights to be put on; shares one bank of vectors between layers.
    "shira": lambda: ShiraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj"]),
    "vblora": lambda: VBLoRAConfig(
        task_type="CAUSAL_LM", num_vectors=8, vector_length=8, r=2, target_modules=["q_proj"]
    ),
    "ia3": lambda: IA3Config(
        task_type="CAUSAL_LM", target_modules=["k_proj", "down_proj"], feedforward_modules=["down_proj"]
    ),
}


def save(toy: Toy, name: str, config: PeftConfig) -> Adapter:
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_pretrained(toy.folder, dtype=torch.float32)
    with quiet():
        wrapped = get_peft_model(model, config)
        for weight in wrapped.parameters():
            if weight.requires_grad:
                torch.nn.init.normal_(weight, mean=1.0 if name == "ia3" else 0.0, std=0.3)
        wrapped.save_pretrained(str(toy.folder / name))
    return read_adapter(name, toy.folder / name, toy.base)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    # Qwen2 has biases, which `bias` overwrites.
    return make_toy(
        "qwen2", tmp_path_factory.mktemp("apart"), {"plain": {"r": 2, "target_modules": ["q_proj"]}}
    )


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")  # torch's, of how peft runs SHiRA
@pytest.mark.parametrize("name", first_often(CONFIGS))
def test_an_adapter_apart_says_what_peft_says_and_leaves_the_others_as_they_were(name: str, toy: Toy) -> None:
    adapter = save(toy, name, CONFIGS[name]())
    skeleton = load_skeleton(Source(str(toy.folder)))
    [note] = inspect_adapter(name, adapter.files.folder, skeleton).problems
    assert (note.severity, "run apart" in note.message) == ("note", True)
    engine = TorchEngine(toy.base, [*toy.adapters, adapter])
    subjects = ["base", name, "plain"]
    requests = [ask(s, p, i, max_tokens=4 + 8 * i) for i, p in enumerate(PROMPTS) for s in subjects]
    for _ in range(2):
        said = outputs(engine, requests)
        for subject in subjects:
            assert {row: said[row] for row in said if row[0] == subject} == expected(toy, subject)


def test_liveness_measures_adapters_apart_too(toy: Toy) -> None:
    adapter = save(toy, "dora", CONFIGS["dora"]())
    [said] = liveness(TorchEngine(toy.base, [adapter]), changes([adapter]), tokens=4)
    assert said.alive


def test_a_base_that_stays_changed_is_an_error(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = save(toy, "dora", CONFIGS["dora"]())
    engine = TorchEngine(toy.base, [adapter])
    heads = iter((0.0, 1.0))
    monkeypatch.setattr(peft_fallback, "fingerprint", lambda _: torch.tensor([next(heads)]))
    with pytest.raises(EngineError, match="left the base changed"):
        list(engine.complete([ask("dora", "a", 0, max_tokens=1)]))


def test_an_adapter_that_vanished_is_an_error(toy: Toy, tmp_path: Path) -> None:
    adapter = save(toy, "dora", CONFIGS["dora"]())
    gone = replace(adapter, files=replace(adapter.files, folder=tmp_path))
    with pytest.raises(EngineError, match="peft cannot load"):
        list(TorchEngine(toy.base, [gone]).complete([ask("dora", "a", 0)]))


def test_an_adapter_that_peft_cannot_put_on_is_found_before_and_leaves_the_base_alone(toy: Toy) -> None:
    adapter = save(toy, "dora", CONFIGS["dora"]())
    path = adapter.files.folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"r": 3}))
    found = inspect_adapter("dora", adapter.files.folder, toy.base)
    assert found.adapter is None
    assert "3 by r and rank_pattern" in found.error
    assert not any("lora" in name for name, _ in toy.base.model.named_parameters())
    assert not hasattr(toy.base.model, "peft_config")
