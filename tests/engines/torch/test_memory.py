from __future__ import annotations

from pathlib import Path

import pytest
import torch

from assay.engines.torch.memory import _left_in_container, free_bytes


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"memory.max": "1000\n", "memory.current": "400\n"}, 600),
        ({"memory.max": "1000\n", "memory.current": "1400\n"}, 0),
        ({"memory.max": "max\n", "memory.current": "400\n"}, 2**62),
        ({"memory/memory.limit_in_bytes": "1000", "memory/memory.usage_in_bytes": "1"}, 999),
        ({}, 2**62),
    ],
)
def test_a_containers_limit_bounds_what_is_free(tmp_path: Path, files: dict[str, str], left: int) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert _left_in_container(tmp_path) == left


def test_some_memory_is_free_here() -> None:
    assert 0 < free_bytes(torch.device("cpu")) < 2**50
