"""The kernel adds to each token's outputs what its own adapter makes of its inputs, and nothing else."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from assay.engines.torch.kernel import Kernel
from assay.engines.torch.kernel_lora import MOST_RANKS, TOKENS, Blocks, Matrices, Pairs, exact_change
from tests.engines.torch.test_kernel import folder, kernel

__all__ = ["folder", "kernel"]
ROUNDING = {torch.float32: 3e-6, torch.bfloat16: 2.0**-8}


def matrices(ranks: list[int], inputs: int, outputs: int) -> dict[int, Matrices]:
    random = torch.Generator().manual_seed(3)
    return {
        owner: (torch.randn(rank, inputs, generator=random), torch.randn(outputs, rank, generator=random))
        for owner, rank in enumerate(ranks)
        if rank
    }


def tokens(count: int, inputs: int, dtype: torch.dtype, adapters: int) -> tuple[Tensor, Tensor]:
    """Inputs of tokens, and the adapter of each; -1: the base."""
    random = torch.Generator().manual_seed(4)
    x = torch.randn(count, inputs, generator=random).to(dtype)
    return x, torch.randint(-1, adapters, (count,), generator=random)


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize(("inputs", "outputs"), [(64, 64), (300, 33), (1, 1), (257, 1000), (17, 48)])
@pytest.mark.parametrize("ranks", [[8], [1, 40, 0, 16], [64, 3]])
def test_any_size_and_ranks(
    kernel: Kernel, dtype: torch.dtype, inputs: int, outputs: int, ranks: list[int]
) -> None:
    pairs = Pairs(matrices(ranks, inputs, outputs), len(ranks))
    x, rows = tokens(61, inputs, dtype, len(ranks))
    out = torch.randn(61, outputs).to(dtype)
    exact = out.double() + exact_change(x, rows, pairs)
    assert kernel.adapt(x, out, pairs, Blocks(rows))
    assert float((out.double() - exact).abs().max() / exact.abs().max()) <= ROUNDING[dtype]


def test_tokens_of_the_base_and_of_adapters_without_this_layer_stay_as_they_were(kernel: Kernel) -> None:
    pairs = Pairs(matrices([8, 0], 32, 40), 2)
    x, rows = tokens(50, 32, torch.bfloat16, 2)
    out = torch.randn(50, 40).bfloat16()
    before = out.clone()
    assert kernel.adapt(x, out, pairs, Blocks(rows))
    assert torch.equal(out[rows != 0], before[rows != 0])
    assert not torch.equal(out[rows == 0], before[rows == 0])


def test_an_adapter_that_overflows_spoils_no_token_of_another(kernel: Kernel) -> None:
    broken = matrices([8, 8], 32, 40)
    broken[0][0].fill_(float("inf"))
    pairs, sound = Pairs(broken, 2), Pairs({1: broken[1]}, 2)
    x, rows = tokens(40, 32, torch.float32, 2)
    out, expected = torch.zeros(40, 40), torch.zeros(40, 40)
    assert kernel.adapt(x, out, pairs, Blocks(rows))
    assert kernel.adapt(x, expected, sound, Blocks(rows))
    assert torch.equal(out[rows != 0], expected[rows != 0])
    assert not out[rows == 0].isfinite().any()


def test_a_token_gets_the_same_whatever_else_is_in_the_step(kernel: Kernel) -> None:
    pairs = Pairs(matrices([8, 8], 96, 64), 2)
    x, rows = tokens(70, 96, torch.float32, 2)
    together = torch.zeros(70, 64)
    assert kernel.adapt(x, together, pairs, Blocks(rows))
    for token in range(0, 70, 9):
        alone = torch.zeros(1, 64)
        assert kernel.adapt(x[token : token + 1], alone, pairs, Blocks(rows[token : token + 1]))
        assert torch.equal(alone[0], together[token])


def test_inputs_and_outputs_may_be_parts_of_other_tensors(kernel: Kernel) -> None:
    pairs = Pairs(matrices([8], 32, 40), 1)
    x, rows = tokens(20, 32, torch.float32, 1)
    wide, room = torch.full((20, 50), float("nan")), torch.full((20, 60), 7.0)
    wide[:, 5:37], room[:, 10:50] = x, 0
    assert kernel.adapt(wide[:, 5:37], room[:, 10:50], pairs, Blocks(rows))
    assert torch.allclose(room[:, 10:50].double(), exact_change(x, rows, pairs), atol=1e-4)
    assert (room[:, :10] == 7).all()
    assert (room[:, 50:] == 7).all()


def test_blocks_hold_each_token_of_an_adapter_once() -> None:
    rows = torch.tensor([1, -1, 0, 1, 1, 0, *[2] * (2 * TOKENS + 1), -1])
    blocks = Blocks(rows)
    held: dict[int, list[int]] = {}
    for owner, start, end in zip(blocks.owner, blocks.first[:-1], blocks.first[1:], strict=True):
        assert 0 < end - start <= TOKENS
        held.setdefault(int(owner), []).extend(blocks.tokens[start:end].tolist())
    assert held == {owner: (rows == owner).nonzero().flatten().tolist() for owner in (0, 1, 2)}
    assert len(Blocks(torch.full((3,), -1))) == 0


def test_matrices_come_back_as_they_went_in() -> None:
    given = matrices([5, 16], 7, 9)
    pairs = Pairs(given, 2)
    for owner, (down, up) in given.items():
        assert all(
            torch.equal(mine, other) for mine, other in zip(pairs.plain(owner), (down, up), strict=True)
        )
    assert not Pairs.fit(matrices([MOST_RANKS + 1], 2, 2))


def test_a_kernel_that_adds_something_else_is_not_used(kernel: Kernel) -> None:
    right = kernel.library.assay_adapt

    def wrong(task: object, parallel: object) -> None:
        right(task, parallel)
        entry = task._obj  # type: ignore[attr-defined]
        ctypes.c_float.from_address(entry.output).value += 100

    broken = Kernel(SimpleNamespace(assay_adapt=wrong), kernel.parallel)
    x, rows = tokens(9, 32, torch.float32, 1)
    out = torch.zeros(9, 40)
    assert not broken.adapt(x, out, Pairs(matrices([8], 32, 40), 1), Blocks(rows))
    assert "differs from torch's" in broken.stopped
    assert (out == 0).all()
