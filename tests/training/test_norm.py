"""RMS normalisation as one function gives the layer's own bits, and its gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from transformers.models.gemma2.modeling_gemma2 import Gemma2RMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from assay.training.norm import join_norms


def layer(dtype: torch.dtype = torch.float32) -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(LlamaRMSNorm(24, eps=1e-5)).to(dtype).requires_grad_(False)
    for weight in model.parameters():
        nn.init.normal_(weight, 1.0, 0.2)
    return model


def outcome(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    out = model(x)
    (out.float() * torch.linspace(-1, 1, out.numel()).view(out.shape)).sum().backward()
    assert x.grad is not None
    return out.detach(), x.grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_gives_the_bits_of_the_layer_and_the_gradient_by_autograd(dtype: torch.dtype) -> None:
    model = layer(dtype)
    x = (5 * torch.randn(1, 30, 24)).to(dtype)
    theirs = outcome(model, x)
    join_norms(model)
    assert "forward" in vars(model[0])
    ours = outcome(model, x)
    assert torch.equal(ours[0], theirs[0])
    near = 1e-5 if dtype == torch.float32 else 0.01
    assert (ours[1] - theirs[1]).norm().item() < near * theirs[1].norm().item()


def test_a_layer_of_another_form_or_one_that_is_trained_is_left_as_it_is() -> None:
    other = nn.Sequential(Gemma2RMSNorm(24)).requires_grad_(False)
    for weight in other.parameters():
        nn.init.normal_(weight)
    trained = layer().requires_grad_(True)
    for model in (other, trained):
        join_norms(model)
        assert "forward" not in vars(model[0])
