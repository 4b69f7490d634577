from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from assay.engines import Prompt
from assay.engines.torch import BatchOptions, TorchEngine, graphs, lora
from assay.engines.torch import attention as attention_module
from assay.engines.torch.graphs import CudaRecorder, Graphs, Recorded, obstacle, size_of
from assay.engines.torch.runner import Runner
from assay.engines.torch.step import KVCache, Segment, Step
from tests.engines.torch.tape import Recorder
from tests.engines.torch.test_engine import SMALL, everything, outputs
from tests.engines.torch.toys import ADAPTERS, KINDS, PROMPTS, Toy, ask, make_toy
from tests.often import first_often

pytestmark = pytest.mark.slow

FEW = {name: ADAPTERS[name] for name in ("r4", "patterns", "head")}


def requests() -> list[Prompt]:
    """Rows that enter, reach their limits and leave at different times, under the base and each adapter."""
    return [
        ask(subject, PROMPTS[(i + j) % 6][:110], 10 * i + j, max_tokens=7 + (11 * i + 17 * j) % 60)
        for i, subject in enumerate(["base", *FEW])
        for j in range(4)
    ]


def recording(toy: Toy, recorder: Recorder | None = None, options: BatchOptions = SMALL) -> TorchEngine:
    recorder = recorder or Recorder()
    return TorchEngine(toy.base, toy.adapters, options, lambda: recorder)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record each size at its second step."""
    monkeypatch.setattr(graphs, "WORTH", 1)


def sizes_recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Rows and reach of each recording, as they are made."""
    sizes: list[tuple[int, int]] = []
    record = Graphs._record

    def watch(self: Graphs, one: Recorded) -> Callable[[], None]:
        sizes.append((one.step.decoding, one.step.reach))
        return record(self, one)

    monkeypatch.setattr(Graphs, "_record", watch)
    return sizes


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("kind", "masked"), first_often([*((kind, True) for kind in KINDS), ("llama", False)])
)
def test_replayed_steps_say_what_the_steps_themselves_say(
    kind: str, masked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = make_toy(kind, tmp_path, FEW)
    if not masked:  # tokens are grouped by adapter
        monkeypatch.setattr(lora, "MASKED_RANKS", 0)
    usual = outputs(TorchEngine(toy.base, toy.adapters, SMALL), requests())
    recorded, recorder = sizes_recorded(monkeypatch), Recorder()
    engine = recording(toy, recorder)
    assert outputs(engine, requests()) == usual
    assert engine.decoding == "CUDA graphs"
    assert engine.graphs is not None
    assert len(recorder.tapes) == 1 + engine.graphs.recordings
    assert 2 * engine.graphs.replays > engine.usage.steps
    assert len({rows for rows, _ in recorded}) > 2
    assert len({reach for _, reach in recorded}) > 2  # with the rehearsal's
    assert len({tuple(tokens) for tokens in usual.values()}) > 0.9 * len(usual)


def rows(length: int, adapters: Sequence[int], first: int) -> list[Segment]:
    """One decoding step of rows `length`, `length` - 3, ... tokens long."""
    return [
        Segment([first + 7 * slot], adapter, start=length - 3 * slot, slot=slot)
        for slot, adapter in enumerate(adapters)
    ]


def filled(memory: KVCache, runner: Runner) -> KVCache:
    """With prompts in all its rows."""
    runner.run([Segment(range(slot, slot + 30), -1, slot=slot) for slot in range(memory.slots)], memory)
    return memory


@pytest.mark.usefixtures("eager")
def test_a_recording_holds_for_other_tokens_positions_adapters_and_fewer_rows(
    llama: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = recording(llama)
    graph, runner = engine.graphs, engine.runner
    assert graph is not None
    ours, theirs = filled(KVCache(4, 60, whole=True), runner), filled(KVCache(4, 60), runner)
    steps = [
        rows(30, [0, 1, -1, 2], 3),
        rows(31, [0, 1, -1, 2], 40),
        rows(19, [2, 2, 7, -1], 90),
        rows(33, [-1, 5, 6, 3], 11),
        rows(34, [4, -1, 0], 5),
        rows(27, [3, 2], 60),
    ]
    monkeypatch.setattr(graphs, "size_of", lambda _, most: most)
    for step in steps:
        said, usual = graph.run(step, ours), runner.run(step, theirs)
        assert said.shape == usual.shape
        assert torch.allclose(said, usual, atol=1e-4)
    assert (graph.recordings, graph.replays) == (1, 5)
    for layer, block in theirs.keys.items():
        assert torch.allclose(ours.keys[layer][:2, :, :34], block[:2, :, :34], atol=1e-5)


def test_steps_that_read_prompts_or_score_are_not_recorded(llama: Toy) -> None:
    engine = recording(llama)
    scored = [ask("base", "a b", i, kind="loglikelihood", continuation=f" c{i}") for i in range(3)]
    list(engine.complete([*scored, *(ask("r4", "abc", i, max_tokens=1) for i in range(9))]))
    assert engine.graphs is not None
    assert (engine.graphs.recordings, engine.graphs.replays) == (0, 0)


@pytest.mark.parametrize("first", [0, 1, 2])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "memory ran out while a step was recorded"),
        (RuntimeError("no capture.\nCompile with"), "could not be recorded (RuntimeError: no capture)"),
    ],
)
def test_where_recording_fails_steps_run_as_they_come_and_nothing_is_lost(
    llama: Toy, error: Exception, reason: str, first: int
) -> None:
    usual = outputs(TorchEngine(llama.base, llama.adapters, SMALL), requests_of(llama))
    recorder = Recorder(fails=error, first=first)
    engine = recording(llama, recorder)
    assert (reason in engine.decoding) == (first == 0)  # the rehearsal finds it out
    assert outputs(engine, requests_of(llama)) == usual
    assert engine.decoding.startswith("without CUDA graphs: ")
    assert reason in engine.decoding
    assert len(recorder.tapes) == first
    assert engine.usage.shrunk == 0


def test_a_model_that_waits_for_values_runs_as_it_comes(llama: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = outputs(TorchEngine(llama.base, llama.adapters, SMALL), requests_of(llama))
    beyond = attention_module._beyond_row

    def curious(step: Step, places: int, window: int) -> torch.Tensor:
        assert step.positions.max().item() < places
        return beyond(step, places, window)

    monkeypatch.setattr(attention_module, "_beyond_row", curious)
    engine = recording(llama)
    assert "operation not permitted when stream is capturing" in engine.decoding
    assert outputs(engine, requests_of(llama)) == usual


@pytest.mark.parametrize("baked", [0, 1, 2])
@pytest.mark.parametrize("rehearsed", [True, False])
def test_a_recording_with_a_value_baked_in_is_found_out_and_its_tokens_are_not_kept(
    llama: Toy, monkeypatch: pytest.MonkeyPatch, baked: int, rehearsed: bool
) -> None:
    usual = outputs(TorchEngine(llama.base, llama.adapters, SMALL), requests_of(llama))
    fill = Recorded.fill

    def keeps(self: Recorded, segments: Sequence[Segment]) -> None:
        before = self.inputs[baked].clone()
        fill(self, segments)
        if self.replay is not None and baked < 2:
            self.inputs[baked] = before
        elif self.replay is not None:
            self.inputs[baked] = -1

    found = "a replayed step differs from the step itself by"
    if rehearsed:
        monkeypatch.setattr(Recorded, "fill", keeps)
        assert found in recording(llama).decoding
        return
    engine = recording(llama)
    assert found not in engine.decoding
    monkeypatch.setattr(Recorded, "fill", keeps)
    assert outputs(engine, requests_of(llama)) == usual
    assert found in engine.decoding


def requests_of(toy: Toy) -> list[Prompt]:
    names = ["base", *(adapter.name for adapter in toy.adapters)]
    return [ask(name, PROMPTS[3], i, max_tokens=30) for i, name in enumerate(names)]


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_memory_that_runs_out_beside_recordings_halves_batches_as_ever(
    llama: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = outputs(TorchEngine(llama.base, llama.adapters, SMALL), requests_of(llama))
    engine = recording(llama)
    run, calls = engine.runner.run, iter(range(10_000))

    def fail_sometimes(*given: Any) -> torch.Tensor:
        if next(calls) in (2, 6):
            raise torch.OutOfMemoryError("no more")
        return run(*given)

    monkeypatch.setattr(engine.runner, "run", fail_sometimes)
    assert outputs(engine, requests_of(llama)) == usual
    assert engine.usage.shrunk == 2
    assert engine.graphs is not None
    assert engine.graphs.replays


@pytest.mark.usefixtures("eager")
def test_recordings_and_their_memory_go_when_the_last_row_has_finished(llama: Toy) -> None:
    engine = recording(llama)
    asked = iter(engine.complete(everything()))
    next(asked)
    assert isinstance(engine.graphs, Graphs)
    for _ in asked:
        pass
    assert not engine.graphs._sizes
    assert engine.graphs._cache is None
    assert engine.graphs._recorder is None


def test_an_adapter_that_overflows_is_no_reason_to_distrust_a_replay(
    llama: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = recording(llama)
    graph = engine.graphs
    assert graph is not None
    memory = filled(KVCache(2, 40, whole=True), engine.runner)
    step = rows(20, [0, -1], 5)
    logits = engine.runner.run(step, memory).clone()
    broken, run = torch.tensor([[True], [False]]), engine.runner.run
    monkeypatch.setattr(engine.runner, "run", lambda *given: torch.where(broken, torch.nan, run(*given)))
    graph._check(logits, step, memory)
    assert not graph.stopped


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_size_is_enough_and_at_most_half_as_much_again(count: int, spare: int) -> None:
    most = count + spare
    size = size_of(count, most)
    assert count <= size <= min(most, max(count, 1.5 * count))
    assert size_of(size, most) == size
    assert len({size_of(n, 4096) for n in range(1, 4097)}) == 24


def test_what_cannot_be_recorded_is_known_beforehand(llama: Toy) -> None:
    assert not obstacle(torch.device("cuda:1"), quantized=False)
    assert "wait" in obstacle(torch.device("cuda"), quantized=True)
    assert obstacle(torch.device("cpu"), quantized=False) == "the base is not on a GPU"
    assert TorchEngine(llama.base).decoding == "without CUDA graphs: the base is not on a GPU"
    off = TorchEngine(llama.base, options=BatchOptions(graphs=False))
    assert off.decoding == "without CUDA graphs: `engine.options.graphs` is false"


# -- the CUDA recorder, on a CUDA that only notes what it is asked -------------------------------


class Stream:
    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log

    def wait_stream(self, other: Stream) -> None:
        self.log.append(f"{self.name} waits for {other.name}")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A stand-in for `torch.cuda`: which stream is the current one, how waiting is taken, and a log."""
    log: list[str] = []
    main = Stream("main", log)
    state: dict[str, Any] = {"log": log, "stream": main, "waiting": 0, "capturing": False}

    @contextmanager
    def on(stream: Stream) -> Iterator[None]:
        before, state["stream"] = state["stream"], stream
        try:
            yield
        finally:
            state["stream"] = before

    @contextmanager
    def capture(_: Any, pool: Any, stream: Stream, capture_error_mode: str) -> Iterator[None]:
        assert (pool, capture_error_mode) == ("pool", "thread_local")
        state["stream"], state["capturing"] = stream, True
        yield  # as torch: after an error neither of these lines runs
        state["stream"], state["capturing"] = main, False

    def wait(mode: Any) -> None:
        if mode == "error":
            warnings.warn("Synchronization debug mode is a prototype feature", UserWarning, stacklevel=1)
        state["waiting"] = mode

    class Graph:
        def replay(self) -> None:
            log.append("replay")

    for name, value in {
        "Stream": lambda _: Stream("side", log),
        "CUDAGraph": Graph,
        "graph_pool_handle": lambda: "pool",
        "current_stream": lambda _: state["stream"],
        "set_stream": lambda stream: state.update(stream=stream),
        "stream": on,
        "graph": capture,
        "device": nullcontext,
        "get_sync_debug_mode": lambda: state["waiting"],
        "set_sync_debug_mode": wait,
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    return state


def test_a_step_is_run_without_waiting_on_the_side_and_then_captured(cuda: dict[str, Any]) -> None:
    seen = []
    recorder = CudaRecorder(torch.device("cuda"))
    replay = recorder.record(lambda: seen.append((cuda["stream"].name, cuda["waiting"], cuda["capturing"])))
    assert seen == [("side", "error", False), ("side", 0, True)]
    replay()
    assert cuda["log"] == ["side waits for main", "main waits for side", "replay"]
    assert (cuda["stream"].name, cuda["waiting"]) == ("main", 0)


@pytest.mark.parametrize("at", [0, 1])
def test_after_a_capture_that_fails_the_stream_is_the_one_from_before(cuda: dict[str, Any], at: int) -> None:
    calls = iter(range(9))

    def fail() -> None:
        if next(calls) == at:
            raise RuntimeError("called a synchronizing CUDA operation")

    with pytest.raises(RuntimeError, match="synchronizing"):
        CudaRecorder(torch.device("cuda")).record(fail)
    assert (cuda["stream"].name, cuda["waiting"]) == ("main", 0)
    assert cuda["log"][-1] == "main waits for side"
