"""A LoRA layer's two products as one function, and the cross entropy block by block, against plain autograd."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn
from torch.nn.functional import cross_entropy as plain_cross_entropy

from assay.training import lora
from assay.training.lora import cross_entropy, join
from tests.engines.torch.toys import quiet


def layer(dtype: torch.dtype = torch.float32, bias: bool = True, **form: Any) -> Any:
    """A model of one linear layer with a LoRA, both matrices random."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(24, 40, bias=bias).to(dtype))
    with quiet():
        inject_adapter_in_model(LoraConfig(r=4, target_modules=["0"], **form), model)
    for name, weight in model.named_parameters():
        if "lora_" in name:
            nn.init.normal_(weight, std=0.5)
        else:
            weight.requires_grad_(False)
    return model


def outcome(model: Any, x: Tensor) -> dict[str, Tensor]:
    """Output and gradients of a pass; the same draw of dropout each time."""
    x = x.clone().requires_grad_()
    torch.manual_seed(5)
    out = model(x)
    (out.float() * torch.linspace(-1, 1, out.numel()).view(out.shape)).sum().backward()
    grads = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}
    model.zero_grad()
    return {"out": out.detach(), "x": x.grad, **grads}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("form", [{}, {"use_rslora": True, "lora_alpha": 32}, {"lora_dropout": 0.3}])
def test_joined_a_layer_gives_what_pefts_own_gives(bias: bool, form: dict[str, Any]) -> None:
    model = layer(bias=bias, **form)
    x = torch.randn(1, 30, 24)
    theirs = outcome(model, x)
    join(model)
    for name, ours in outcome(model, x).items():
        torch.testing.assert_close(ours, theirs[name], rtol=1e-5, atol=1e-5)


def test_in_bfloat16_its_matrices_stay_in_float32_and_so_do_their_gradients() -> None:
    model = layer(torch.bfloat16)
    x = torch.randn(1, 30, 24, dtype=torch.bfloat16)
    theirs = outcome(model, x)
    join(model)
    ours = outcome(model, x)
    assert ours["out"].dtype == torch.bfloat16
    for name in theirs:
        assert ours[name].dtype == theirs[name].dtype
        assert float((ours[name] - theirs[name]).norm() / theirs[name].norm()) < 0.02


def test_a_layer_that_is_more_than_a_lora_is_left_as_it_is() -> None:
    model = layer(use_dora=True)
    before = outcome(model, torch.ones(1, 3, 24))
    join(model)
    assert all(
        torch.equal(value, before[name]) for name, value in outcome(model, torch.ones(1, 3, 24)).items()
    )


@pytest.mark.parametrize("block", [1, 7 * 50, 2**24])
@pytest.mark.parametrize("bias", [True, False])
def test_block_by_block_loss_and_gradient_are_those_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, block: int, bias: bool
) -> None:
    monkeypatch.setattr(lora, "BLOCK", block)
    torch.manual_seed(0)
    head = nn.Linear(16, 50, bias=bias).requires_grad_(False)
    targets = torch.randint(50, (23,))
    hidden = (10 * torch.randn(23, 16)).requires_grad_()
    expected = plain_cross_entropy(head(hidden), targets, reduction="sum") / 3
    expected.backward()
    assert hidden.grad is not None
    theirs, hidden.grad = hidden.grad, None
    loss = cross_entropy(hidden, head, targets) / 3
    loss.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    torch.testing.assert_close(hidden.grad, theirs, rtol=1e-5, atol=1e-6)


def test_logits_beyond_any_exponential_give_a_finite_loss() -> None:
    head = nn.Linear(1, 2, bias=False).requires_grad_(False)
    head.weight.copy_(torch.tensor([[300.0], [-300.0]]))
    hidden = torch.tensor([[1.0]], requires_grad=True)
    loss = cross_entropy(hidden, head, torch.tensor([1]))
    loss.backward()
    assert loss.item() == 600
    assert hidden.grad is not None
    assert float(hidden.grad) == 600
