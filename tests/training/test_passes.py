"""A pass over packed examples gives the loss and the gradients that PEFT gives on padded ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, Llama4TextConfig, PhimoeConfig

from assay.training.attention import NAME
from assay.training.batches import Example
from assay.training.lora import join
from assay.training.norm import join_norms
from assay.training.passes import Passes
from tests.engines.torch.toys import KINDS, make_toy, quiet
from tests.often import first_often

EXAMPLES = [
    Example([(37 * (number + place)) % 250 for place in range(length)], start)
    for number, (length, start) in enumerate(((14, 3), (25, 20), (14, 5), (9, 1), (40, 30), (3, 2)))
]
ADAPTERS: dict[str, dict[str, Any]] = {
    "all-linear": {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"},
    "attention": {"r": 3, "use_rslora": True, "target_modules": ["q_proj", "v_proj"]},
    "head": {"r": 2, "target_modules": ["lm_head", "down_proj"]},
}


def wrapped(folder: Path, form: dict[str, Any], dtype: torch.dtype = torch.float32) -> tuple[Any, Any]:
    """A base, and PEFT's adapter on it with random weights in both matrices."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    model.requires_grad_(False)
    with quiet():
        whole = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **form))
    torch.manual_seed(1)
    for name, weight in whole.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    return model, whole


def plain(model: Any, examples: Sequence[Example]) -> Tensor:
    """The sum of cross entropies over a padded batch, as a plain Trainer computes it."""
    longest = max(len(example.tokens) for example in examples)
    ids = torch.tensor([[*example.tokens, *[0] * (longest - len(example.tokens))] for example in examples])
    labels = torch.full_like(ids, -100)
    mask = torch.zeros_like(ids)
    for row, example in enumerate(examples):
        mask[row, : len(example.tokens)] = 1
        labels[row, example.start : len(example.tokens)] = torch.tensor(example.tokens[example.start :])
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
    return cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), reduction="sum")


def gradients(whole: Any) -> dict[str, Tensor]:
    return {name: weight.grad for name, weight in whole.named_parameters() if weight.grad is not None}


@pytest.fixture(scope="module", params=list(KINDS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bases") / request.param
    make_toy(request.param, place, {})
    return place


@pytest.mark.parametrize("form", first_often(ADAPTERS))
def test_loss_and_gradients_are_those_of_peft_on_a_padded_batch(folder: Path, form: str) -> None:
    model, whole = wrapped(folder, ADAPTERS[form])
    expected = plain(whole.eval(), EXAMPLES)
    expected.backward()
    theirs = gradients(whole)
    whole.zero_grad()
    passes = Passes(model)
    assert passes.packs
    join(model)
    join_norms(model)
    total = 0.0
    for part in passes.parts(EXAMPLES, most=4):
        loss = passes.loss(part)
        loss.backward()
        total += loss.item()
    assert total == pytest.approx(expected.item(), rel=1e-5)
    assert set(theirs) == set(gradients(whole))
    for name, gradient in gradients(whole).items():
        assert float((gradient - theirs[name]).norm() / theirs[name].norm()) < 1e-5, name


def test_logits_come_block_by_block_unless_the_model_changes_them_or_trains_their_layer(folder: Path) -> None:
    model, _ = wrapped(folder, ADAPTERS["all-linear"])
    assert Passes(model).blocks == (model.config.model_type != "gemma2")
    assert not Passes(wrapped(folder, ADAPTERS["head"])[0]).blocks


def test_a_base_whose_examples_would_mix_takes_each_alone(toy: Path) -> None:
    model, _ = wrapped(toy, ADAPTERS["attention"])
    model.model.layers[1].self_attn.register_forward_hook(convolved)
    passes = Passes(model)
    assert not passes.packs
    assert model.config._attn_implementation != NAME
    assert [part.blocks for part in passes.parts(EXAMPLES[:2], most=4)] == [((1, 25),), ((1, 14),)]


def convolved(_: Any, __: Any, out: Any) -> Any:
    """Adds to every token a little of the one before it in the pass."""
    states, *rest = out
    return (torch.cat([states[:, :1], states[:, 1:] + 0.01 * states[:, :-1]], 1), *rest)


def test_a_base_with_another_form_of_attention_takes_each_alone(toy: Path) -> None:
    model, _ = wrapped(toy, ADAPTERS["attention"])

    def biased(_: Any, __: Any, options: dict[str, Any]) -> Any:
        return (), options | {"position_bias": torch.zeros(1)}

    model.model.layers[0].self_attn.register_forward_pre_hook(biased, with_kwargs=True)
    assert not Passes(model).packs


SIZES: dict[str, Any] = {
    "vocab_size": 250, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 64, "num_local_experts": 2, "pad_token_id": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        PhimoeConfig(**SIZES, sliding_window=16),
        Llama4TextConfig(**SIZES, attention_chunk_size=16, head_dim=8, intermediate_size_mlp=16),
    ],
)
def test_a_base_whose_masks_alone_shorten_its_attention_takes_each_alone(config: Any) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    example = EXAMPLES[4]
    expected = plain(model, [example])
    passes = Passes(model)
    assert not passes.packs
    (part,) = passes.parts([example], most=4)
    assert passes.loss(part).item() == pytest.approx(expected.item(), rel=1e-5)
