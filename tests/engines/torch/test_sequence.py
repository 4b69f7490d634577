from __future__ import annotations

import pytest
import torch

from assay.engines.torch.sequence import Sequence, Stops, choose
from tests.engines.torch.toys import ask


@pytest.mark.parametrize("size", [127, 128, 259, 1280])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_likeliest_token_is_the_first_of_equals(size: int, dtype: torch.dtype) -> None:
    torch.manual_seed(size)
    logits = torch.randint(-3, 4, (50, size)).to(dtype)
    logits[0] = 0
    rows = [Sequence(ask("base", "", i), -1, [0], 1, Stops(())) for i in range(len(logits))]
    assert choose(rows, logits) == [row.index(max(row)) for row in logits.tolist()]


def test_sampling_draws_each_token_as_often_as_its_probability() -> None:
    row = [Sequence(ask("base", "", i, temperature=0.7), -1, [0], 1, Stops(())) for i in range(20_000)]
    logits = torch.tensor([1.0, 0.2, -0.5, 2.0])
    counts = torch.bincount(torch.tensor(choose(row, logits.expand(len(row), 4))), minlength=4)
    shares = (logits / 0.7).softmax(-1)
    error = (shares * (1 - shares) / len(row)).sqrt()
    assert ((counts / len(row) - shares).abs() < 4 * error).all()
