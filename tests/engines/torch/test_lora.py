from __future__ import annotations

from dataclasses import replace

import pytest

from assay.engines.torch import BatchOptions, TorchEngine, lora
from assay.engines.torch.adapter_load import Delta
from tests.engines.torch.test_engine import SMALL, everything, outputs
from tests.engines.torch.toys import Toy, ask


def test_grouping_tokens_by_adapter_gives_the_same_tokens_as_masking(
    llama: Toy, engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked = outputs(engine, everything())
    monkeypatch.setattr(lora, "MASKED_RANKS", 0)
    assert outputs(TorchEngine(llama.base, llama.adapters, SMALL), everything()) == masked


def test_an_adapter_that_overflows_leaves_nothing_to_the_next_row_in_its_slot(llama: Toy) -> None:
    broken, sound = llama.adapters[1], llama.adapters[0]
    deltas = {name: Delta(delta.down * 1e30, delta.up * 1e30) for name, delta in broken.deltas.items()}
    engine = TorchEngine(llama.base, [replace(broken, deltas=deltas), sound], BatchOptions(rows=2))
    # A long row makes attention look at positions of the other slot that the broken adapter wrote.
    asked = [ask(sound.name, "x" * 40, 0, max_tokens=60)]
    asked += [ask(sound.name, "b" * i, i, max_tokens=10) for i in range(1, 6)]
    alone = outputs(engine, asked)
    mixed = outputs(engine, [ask(broken.name, "a" * 30, 9, max_tokens=3), *asked])
    assert {row: mixed[row] for row in alone} == alone
