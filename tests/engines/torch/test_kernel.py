from __future__ import annotations

import ctypes
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from assay.engines.torch import BatchOptions, TorchEngine
from assay.engines.torch.kernel import Kernel, exact_attention, load_from
from tests.engines.torch.test_engine import everything, outputs
from tests.engines.torch.toys import Toy

Inputs = tuple[Tensor, Tensor, Tensor, Tensor]
ROUNDING = {torch.float32: 1e-6, torch.bfloat16: 2.0**-8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture
def kernel(folder: Path) -> Kernel:
    built = load_from(folder)
    if isinstance(built, str):
        pytest.skip(f"this machine builds no kernel: {built}")
    return built


def draw(
    dtype: torch.dtype, *, heads: int = 6, shared: int = 2, size: int = 64, width: int = 64, places: int = 300
) -> Inputs:
    """Queries, keys, values and last positions of five rows, of lengths within, at and beyond blocks of keys."""
    random = torch.Generator().manual_seed(1)
    q = torch.randn(5, heads, size, generator=random)
    k = torch.randn(5, shared, places, size, generator=random)
    v = torch.randn(5, shared, places, width, generator=random)
    return q.to(dtype), k.to(dtype), v.to(dtype), torch.tensor([0, 63, 64, 130, places - 1])


def error(kernel: Kernel, inputs: Inputs, factor: float = 0.125, window: int = 0) -> float:
    """Largest difference from the exact result, in units of its largest entry."""
    ours = kernel.decode(*inputs, factor, window)
    assert ours is not None
    exact = exact_attention(*inputs, factor, window)
    return float((ours.double() - exact).abs().max() / exact.abs().max())


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize(("heads", "shared"), [(1, 1), (4, 4), (4, 2), (9, 3), (8, 2), (14, 2), (9, 1)])
def test_any_group_of_heads(kernel: Kernel, dtype: torch.dtype, heads: int, shared: int) -> None:
    assert error(kernel, draw(dtype, heads=heads, shared=shared)) <= ROUNDING[dtype]


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize(
    ("size", "width"), [(64, 64), (128, 128), (80, 80), (8, 8), (33, 17), (192, 128), (1, 1)]
)
def test_any_head_size(kernel: Kernel, dtype: torch.dtype, size: int, width: int) -> None:
    assert error(kernel, draw(dtype, size=size, width=width)) <= ROUNDING[dtype]


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("window", [1, 16, 64, 100, 1000])
def test_windows(kernel: Kernel, dtype: torch.dtype, window: int) -> None:
    assert error(kernel, draw(dtype), window=window) <= ROUNDING[dtype]


@pytest.mark.parametrize("factor", [0.01, 1.0, 30.0])
def test_flat_and_sharp_scores(kernel: Kernel, factor: float) -> None:
    assert error(kernel, draw(torch.float32), factor) <= 1e-6 * max(1.0, 10 * factor)


def test_queries_and_memory_may_be_parts_of_other_tensors(kernel: Kernel) -> None:
    q, k, v, last = draw(torch.float32)
    across = q.transpose(0, 1).contiguous().transpose(0, 1)
    longer_k, longer_v = (
        torch.cat([part, torch.full_like(part, float("nan"))], 2)[:, :, :300] for part in (k, v)
    )
    expected, ours = (
        kernel.decode(q, k, v, last, 0.125, 0),
        kernel.decode(across, longer_k, longer_v, last, 0.125, 0),
    )
    assert expected is not None
    assert ours is not None
    assert torch.equal(ours, expected)


def test_what_lies_beyond_a_row_or_in_another_does_not_matter(kernel: Kernel) -> None:
    q, k, v, last = draw(torch.bfloat16)
    expected = kernel.decode(q, k, v, last, 0.125, 0)
    k[1, :, 64:], v[1, :, 64:], v[3], q[3] = float("inf"), float("nan"), float("nan"), float("inf")
    ours = kernel.decode(q, k, v, last, 0.125, 0)
    assert expected is not None
    assert ours is not None
    assert torch.equal(ours[[0, 1, 2, 4]], expected[[0, 1, 2, 4]])
    assert ours[3].isnan().all()


def test_numbers_of_threads_give_the_same_bits(kernel: Kernel) -> None:
    inputs = draw(torch.float32)
    results = []
    before = torch.get_num_threads()
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append(kernel.decode(*inputs, 0.125, 0))
    torch.set_num_threads(before)
    assert all(
        torch.equal(result, results[0]) for result in results if result is not None and results[0] is not None
    )


@pytest.mark.parametrize(
    "inputs", [draw(torch.float16), draw(torch.float32, heads=512, shared=1, size=256, width=256, places=140)]
)
def test_what_it_does_not_know_is_left_to_torch(kernel: Kernel, inputs: Inputs) -> None:
    assert kernel.decode(*inputs, 0.125, 0) is None
    assert not kernel.stopped


def test_a_kernel_that_differs_is_not_used(kernel: Kernel) -> None:
    right = kernel.library.assay_decode

    def wrong(task: object, parallel: object) -> None:
        right(task, parallel)
        entry = task._obj  # type: ignore[attr-defined]
        ctypes.c_float.from_address(entry.out).value += 0.1

    broken = Kernel(SimpleNamespace(assay_decode=wrong), kernel.parallel)
    inputs = draw(torch.float32)
    assert broken.decode(*inputs, 0.125, 0) is None
    assert "differ from torch's" in broken.stopped
    assert broken.decode(*draw(torch.bfloat16), 0.125, 0) is None


@pytest.mark.slow
@pytest.mark.usefixtures("kernel")
def test_a_library_that_is_damaged_is_reported(tmp_path: Path) -> None:
    load_from(tmp_path / "whole")
    [library] = (tmp_path / "whole").iterdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / library.name).write_bytes(b"nothing")
    assert "cannot be loaded" in str(load_from(tmp_path / "damaged"))


@pytest.mark.slow
@pytest.mark.usefixtures("kernel")
def test_the_engine_says_what_attends_and_gives_the_same_tokens_either_way(llama: Toy) -> None:
    texts = []
    for wanted in (True, False):
        engine = TorchEngine(llama.base, llama.adapters, BatchOptions(rows=7, tokens=120, kernel=wanted))
        texts.append(outputs(engine, everything()))
        assert engine.attention == (
            "attention and adapters in C"
            if wanted
            else "attention and adapters by torch: `engine.options.kernel` is false"
        )
        engine.close()
    assert texts[0] == texts[1]
