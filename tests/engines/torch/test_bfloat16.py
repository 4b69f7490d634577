from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
import torch

from assay.engines.torch import BatchOptions, Source, TorchEngine, load_base, read_adapter
from tests.engines.torch.test_engine import LIMITS, SUBJECTS, everything, outputs
from tests.engines.torch.toys import ADAPTERS, PROMPTS, Toy, generated, make_toy

ProbeAnswer = dict[tuple[str, str], list[int]]


def differ(one: ProbeAnswer, other: ProbeAnswer) -> float:
    """Share of rows that are not the same tokens."""
    return sum(one[row] != other[row] for row in one) / len(one)


def peft(toy: Toy, attention: str, together: bool) -> ProbeAnswer:
    """What transformers and PEFT generate in bfloat16: with one of transformers' own attentions, and
    with the prompts padded to one batch or one by one."""
    said: ProbeAnswer = {}
    prompts = [toy.base.tokenizer.encode(prompt) for prompt in PROMPTS]
    batches = [prompts] if together else [[prompt] for prompt in prompts]
    for subject in SUBJECTS:
        model = toy.plain(None if subject == "base" else subject, torch.bfloat16, attention)
        rows = [row for batch in batches for row in generated(model, batch, max(LIMITS.values()))]
        said |= {(subject, p): row[: LIMITS[p]] for p, row in zip(PROMPTS, rows, strict=True)}
    return said


@pytest.mark.slow
def test_bfloat16_differs_from_peft_no_more_than_peft_from_itself(tmp_path: Path) -> None:
    toy = make_toy("llama", tmp_path, size=0.05)
    base = load_base(Source(str(tmp_path), dtype="bfloat16", device="cpu"))
    adapters = [read_adapter(name, tmp_path / name, base) for name in ADAPTERS]
    theirs = [peft(toy, attention, together) for attention in ("eager", "sdpa") for together in (False, True)]
    ours = outputs(TorchEngine(base, adapters), everything())
    other = outputs(TorchEngine(base, adapters, BatchOptions(rows=3)), everything())
    floor = [differ(one, another) for one, another in combinations(theirs, 2)]
    apart = [differ(ours, one) for one in theirs]
    print(f"rows that differ in bfloat16: ours from PEFT {apart}, PEFT from itself {floor},", end=" ")
    print(f"ours from itself {differ(ours, other)}")
    # Two standard errors of a share of so many rows.
    assert min(apart) <= max(floor) + 2 * (0.25 / len(ours)) ** 0.5
