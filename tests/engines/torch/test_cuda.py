"""What only a GPU can show of recorded steps; without one, `test_graphs.py` shows the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from assay.engines.torch import Adapter, Base, BatchOptions, Source, TorchEngine, load_base, read_adapter
from assay.engines.torch import attention as attention_module
from assay.engines.torch.graphs import CudaRecorder
from assay.engines.torch.step import Step
from tests.engines.torch.test_engine import SMALL, everything, outputs
from tests.engines.torch.toys import ADAPTERS, Toy

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="it needs a GPU")
OFF = BatchOptions(rows=SMALL.rows, tokens=SMALL.tokens, graphs=False)


@pytest.fixture(scope="module")
def base(llama: Toy) -> Base:
    return load_base(Source(str(llama.folder), dtype="float32", device="cuda"))


@pytest.fixture(scope="module")
def adapters(llama: Toy, base: Base) -> list[Adapter]:
    return [read_adapter(name, llama.folder / name, base) for name in ADAPTERS]


@pytest.fixture
def engine(base: Base, adapters: list[Adapter]) -> Iterator[TorchEngine]:
    engine = TorchEngine(base, adapters, SMALL)
    yield engine
    engine.close()


def test_graphs_say_what_the_steps_themselves_say(base: Base, adapters: list[Adapter]) -> None:
    usual = outputs(TorchEngine(base, adapters, OFF), everything())
    engine = TorchEngine(base, adapters, SMALL)
    assert engine.decoding == "CUDA graphs"
    assert outputs(engine, everything()) == usual
    assert outputs(engine, everything()) == usual  # with memory, and recordings, made anew
    assert engine.decoding == "CUDA graphs"
    assert engine.graphs is not None
    assert engine.graphs.replays > engine.usage.steps // 4


def test_a_model_that_waits_is_not_captured_and_still_runs(
    base: Base, adapters: list[Adapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = outputs(TorchEngine(base, adapters, OFF), everything())
    beyond = attention_module._beyond_row

    def curious(step: Step, places: int, window: int) -> torch.Tensor:
        assert step.positions.max().item() < places
        return beyond(step, places, window)

    monkeypatch.setattr(attention_module, "_beyond_row", curious)
    engine = TorchEngine(base, adapters, SMALL)
    assert "synchronizing" in engine.decoding
    assert outputs(engine, everything()) == usual


def test_a_capture_that_fails_leaves_a_gpu_that_works(engine: TorchEngine) -> None:
    before = torch.cuda.current_stream()
    states = torch.ones(4, device="cuda")
    recorder = CudaRecorder(engine.base.device)

    def fails_at(calls: int) -> Callable[[], None]:
        left = iter(range(calls))

        def call() -> None:
            states.mul_(2)
            if next(left, None) is None:
                raise RuntimeError("no more")

        return call

    for calls in (0, 1):  # in the warm-up, then in the capture
        with pytest.raises(RuntimeError, match="no more"):
            recorder.record(fails_at(calls))
        assert torch.cuda.current_stream() == before
        assert float(states.sum()) == 4 * 2 ** (calls + 1)
    assert len(outputs(engine, everything())) == len(everything())
