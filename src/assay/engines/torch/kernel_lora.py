"""LoRA adapters as `assay_adapt` of kernels.c reads them: the matrices of a layer, the tokens of a step. It runs nothing."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from itertools import groupby

import torch
from torch import Tensor
from torch.nn.functional import pad

__all__ = ["TOKENS", "Blocks", "Change", "Pairs", "exact_change"]

TOKENS = 8
"""Of one adapter, taken together; TOKENS of kernels.c."""
RANKS, OUTPUTS = 16, 32
"""What ranks and outputs are padded to."""
MOST_RANKS = 1024
"""Of one adapter: a thread holds as many sums for each token."""


Matrices = tuple[Tensor, Tensor]
"""A (rank, inputs) and B (outputs, rank) of an adapter on a layer, scaling folded into B."""


class Pair(ctypes.Structure):
    """`struct pair` of kernels.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("down", "up")),
        *((name, ctypes.c_int64) for name in ("rank", "padded")),
    )


class Change(ctypes.Structure):
    """`struct change` of kernels.c."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("input", "output", "pairs", "tokens", "first", "owner")),
        *((name, ctypes.c_int64) for name in ("blocks", "inputs", "outputs", "width")),
        *((name, ctypes.c_int64) for name in ("input_row", "output_row", "narrow", "next")),
    )


class Pairs:
    """The matrices of the adapters on one layer, in float32."""

    def __init__(self, matrices: Mapping[int, Matrices], adapters: int) -> None:
        down, up = next(iter(matrices.values()))
        self.inputs, self.outputs = down.shape[1], up.shape[0]
        self.matrices = {owner: _padded(*pair) for owner, pair in matrices.items()}
        """By adapter: (inputs, padded ranks) and (ranks, padded outputs)."""
        self.width = -(-self.outputs // OUTPUTS) * OUTPUTS
        self.array = (Pair * adapters)()
        for owner, (down, up) in self.matrices.items():
            self.array[owner] = Pair(down.data_ptr(), up.data_ptr(), len(up), down.shape[1])
        self.shape = (self.inputs, self.outputs, *sorted({len(up) for _, up in self.matrices.values()}))
        """What decides whether results were compared."""

    @staticmethod
    def fit(matrices: Mapping[int, Matrices]) -> bool:
        """Whether no rank is too large for a thread."""
        return all(len(down) <= MOST_RANKS for down, _ in matrices.values())

    def plain(self, owner: int) -> Matrices:
        """The matrices of one adapter as they came."""
        down, up = self.matrices[owner]
        return down[:, : len(up)].T, up[:, : self.outputs].T


class Blocks:
    """The tokens of a step by adapter, at most TOKENS a block; the base's are in none."""

    def __init__(self, rows: Tensor) -> None:
        owners = rows.tolist()
        places = sorted((owner, token) for token, owner in enumerate(owners) if owner >= 0)
        first, owner_of = [0], []
        for owner, members in groupby(places, key=lambda place: place[0]):
            count = len(list(members))
            for start in range(0, count, TOKENS):
                first.append(first[-1] + min(TOKENS, count - start))
                owner_of.append(owner)
        self.tokens = torch.tensor([token for _, token in places], dtype=torch.long)
        self.first = torch.tensor(first, dtype=torch.long)
        self.owner = torch.tensor(owner_of, dtype=torch.long)

    def __len__(self) -> int:
        return len(self.owner)


def _padded(down: Tensor, up: Tensor) -> Matrices:
    down, up = down.float().cpu().T, up.float().cpu().T
    return (
        pad(down, (0, -down.shape[1] % RANKS)).contiguous(),
        pad(up, (0, -up.shape[1] % OUTPUTS)).contiguous(),
    )


def exact_change(x: Tensor, rows: Tensor, pairs: Pairs) -> Tensor:
    """What adapters add, in float64 and token by token: (T, inputs) and (T) -> (T, outputs)."""
    out = torch.zeros(len(x), pairs.outputs, dtype=torch.float64)
    for token, owner in enumerate(rows.tolist()):
        if owner in pairs.matrices:
            down, up = pairs.plain(owner)
            out[token] = up.double() @ (down.double() @ x[token].double())
    return out
