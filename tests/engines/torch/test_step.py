from __future__ import annotations

import pytest
import torch

from assay.engines.torch import step as step_module
from assay.engines.torch.step import KVCache, Segment, Step, running

HEADS, SIZE = 2, 4


def write(memory: KVCache, segments: list[Segment]) -> None:
    """Keys and values that tell their position: each entry is the position plus one, values negative."""
    step = Step.of(segments, memory, torch.device("cpu"))
    states = (step.positions + 1.0)[None, None, :, None].expand(1, HEADS, -1, SIZE)
    with running(step):
        memory.update(states, -states, 0)


def test_a_block_that_grows_keeps_what_it_held_and_adds_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_module, "GROWTH", 2)
    memory = KVCache(slots=2, capacity=30)
    write(memory, [Segment([0] * 5, -1, slot=0), Segment([0] * 3, -1, slot=1)])
    sizes = {memory.keys[0].shape[2]}
    for place in range(5, 29):
        write(memory, [Segment([0], -1, start=place, slot=0), Segment([0], -1, start=place - 2, slot=1)])
        sizes.add(memory.keys[0].shape[2])
        for row, length in enumerate((place + 1, place - 1)):
            held = memory.keys[0][row, 1, :, 2]
            assert held[:length].tolist() == list(range(1, length + 1))
            assert not held[length:].any()
    assert torch.equal(memory.values[0], -memory.keys[0])
    assert len(sizes) > 3
    assert max(sizes) <= 30


def test_a_whole_block_stays_where_it_is() -> None:
    memory = KVCache(slots=2, capacity=90, whole=True)
    write(memory, [Segment([0] * 5, -1, slot=0)])
    place = memory.keys[0].data_ptr()
    for start in range(5, 90):
        write(memory, [Segment([0], -1, start=start, slot=0)])
    assert memory.keys[0].data_ptr() == place
    assert memory.keys[0].shape == (2, HEADS, 90, SIZE)


def test_cleared_rows_hold_no_values() -> None:
    memory = KVCache(slots=3, capacity=9)
    write(memory, [Segment([0] * 5, -1, slot=slot) for slot in range(3)])
    memory.clear(1, 3)
    assert memory.values[0][0].any()
    assert not memory.values[0][1:].any()


def test_what_is_read_reaches_the_longest_row_and_is_no_more_than_a_third_longer() -> None:
    memory = KVCache(slots=3, capacity=400)
    write(memory, [Segment([0] * 300, -1, slot=0)])
    whole = memory.keys[0].shape[2]
    for reach in (1, 40, 200, 251, 300):
        keys, values = memory.read(2, reach)
        assert keys.shape == values.shape
        assert keys.shape[:2] == (2, HEADS)
        assert reach <= keys.shape[2] <= max(reach, min(whole, 4 * reach / 3))
