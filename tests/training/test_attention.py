"""Packed examples attend within themselves: window, soft cap and shared heads as in transformers' eager attention."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from assay.errors import EngineError
from assay.training.attention import attend, packed

BLOCKS = ((2, 6), (1, 3))


def states(heads: int, size: int) -> Tensor:
    return torch.randn(1, heads, 15, size, requires_grad=True)


def one_by_one(
    query: Tensor, key: Tensor, value: Tensor, scale: float, cap: float | None, window: int
) -> Tensor:
    """By definition, one query after the other."""
    out = []
    first = {token: start for start, end in ((0, 6), (6, 12), (12, 15)) for token in range(start, end)}
    for token in range(15):
        seen = slice(max(first[token], token - window + 1), token + 1)
        rows = []
        for head in range(query.shape[1]):
            shared = head * key.shape[1] // query.shape[1]
            scores = key[0, shared, seen] @ query[0, head, token] * scale
            scores = scores if cap is None else cap * torch.tanh(scores / cap)
            rows.append(scores.softmax(0) @ value[0, shared, seen])
        out.append(torch.stack(rows))
    return torch.stack(out)[None]


@pytest.mark.parametrize("cap", [None, 2.0])
@pytest.mark.parametrize("window", [None, 4, 6])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_outputs_and_gradients_are_those_of_the_definition(
    cap: float | None, window: int | None, scale: float | None
) -> None:
    torch.manual_seed(0)
    given = states(4, 8), states(2, 8), states(2, 5)
    with packed(BLOCKS):
        ours, _ = attend(nn.Module(), *given, None, scale, sliding_window=window, softcap=cap)
    theirs = one_by_one(*given, 8**-0.5 if scale is None else scale, cap, window or 15)
    torch.testing.assert_close(ours, theirs)
    weights = torch.linspace(-1, 1, ours.numel()).view(ours.shape)
    for mine, other in zip(
        torch.autograd.grad((ours * weights).sum(), given),
        torch.autograd.grad((theirs * weights).sum(), given),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("window", [None, 4, 200])
@pytest.mark.parametrize("blocks", [((3, 20), (1, 7)), ((1, 300), (2, 130)), ((9, 1),)])
def test_in_bfloat16_on_a_cpu_its_error_is_within_three_times_that_of_torchs_own_kernel(
    blocks: tuple[tuple[int, int], ...], window: int | None
) -> None:
    torch.manual_seed(0)
    tokens = sum(count * length for count, length in blocks)
    exact = [torch.randn(1, heads, tokens, 16, dtype=torch.float64) for heads in (6, 2, 2)]

    def outcome(dtype: torch.dtype, half: bool) -> list[Tensor]:
        given = [part.to(torch.bfloat16).to(dtype).requires_grad_() for part in exact]
        query, key, value = given
        with packed(blocks):
            # A trace of dropout is the way around the function that is under test.
            drop = 0.0 if half else 1e-12
            out, _ = attend(nn.Module(), query, key, value, None, sliding_window=window, dropout=drop)
        out.sin().sum().backward()
        return [out, *(part.grad for part in given if part.grad is not None)]

    wanted, theirs, ours = (
        outcome(torch.float64, False),
        outcome(torch.bfloat16, False),
        outcome(torch.bfloat16, True),
    )
    for right, other, mine in zip(wanted, theirs, ours, strict=True):
        ours_off, theirs_off = ((part.double() - right).norm().item() for part in (mine, other))
        assert ours_off <= 3 * theirs_off + 1e-9
        assert ours_off <= 0.01 * right.norm().item() + 1e-9


def test_a_mask_or_an_unknown_form_is_refused() -> None:
    given = states(4, 8), states(2, 8), states(2, 8)
    with packed(BLOCKS), pytest.raises(EngineError, match="a form of attention that packed examples lack"):
        attend(nn.Module(), *given, torch.ones(15, 15))
    with packed(BLOCKS), pytest.raises(EngineError, match="a form of attention that packed examples lack"):
        attend(nn.Module(), *given, None, s_aux=torch.ones(4))
