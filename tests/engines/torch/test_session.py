from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from assay.engines import Partial, Prompt
from assay.engines.api import ModelRef, completions
from assay.engines.torch import Adapter, Base, TorchEngine, TorchPreflight, preflight, session
from assay.engines.torch import engine as engine_module
from assay.engines.torch.peft_fallback import SpoiledError, applied
from assay.engines.torch.session import CHANGED, TorchSession
from assay.errors import EngineError
from assay.plan import EngineSettings
from tests.engines.torch.test_engine import expected, outputs
from tests.engines.torch.test_peft_fallback import CONFIGS, save
from tests.engines.torch.toys import PROMPTS, Toy, ask, make_toy

pytestmark = pytest.mark.slow

NAMES = ["plain", "dora", "saved"]
SUBJECTS = ["base", *NAMES]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    toy = make_toy(
        "qwen2", tmp_path_factory.mktemp("session"), {"plain": {"r": 2, "target_modules": ["q_proj"]}}
    )
    for name in ("dora", "saved"):
        save(toy, name, CONFIGS[name]())
    return toy


@pytest.fixture(scope="module")
def seen(toy: Toy) -> TorchPreflight:
    adapters = [ModelRef(name, toy.folder / name) for name in NAMES]
    return preflight(
        EngineSettings(name="torch", options={"device": "cpu"}), ModelRef("base", toy.folder), adapters
    )


def answers(loaded: TorchSession, subjects: Sequence[str] = SUBJECTS) -> dict[str, str]:
    requests = [ask(name, PROMPTS[1], 0, max_tokens=6) for name in subjects]
    return {one.prompt.subject: one.text for one in loaded.complete(requests)}


def break_at(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception, first: int = 1) -> None:
    """Let one adapter fail each time that it is put on, from the `first` time on."""
    times = iter(range(1, 1000))

    @contextmanager
    def fail(adapter: Adapter, base: Base) -> Iterator[None]:
        if adapter.name == name and next(times) >= first:
            raise error
        with applied(adapter, base):
            yield

    monkeypatch.setattr(session, "applied", fail)
    monkeypatch.setattr(engine_module, "applied", fail)


def test_a_session_says_what_transformers_and_peft_say(toy: Toy, seen: TorchPreflight) -> None:
    requests = [ask(s, p, i, max_tokens=4 + 8 * i) for i, p in enumerate(PROMPTS) for s in SUBJECTS]
    with seen.load() as loaded:
        rows = outputs(loaded._open, requests)
        assert {one.prompt for one in loaded.complete(requests)} == set(requests)
    for subject in SUBJECTS:
        assert {row: rows[row] for row in rows if row[0] == subject} == expected(toy, subject)


def test_generations_of_adapters_that_peft_applies_are_continued_too(seen: TorchPreflight) -> None:
    requests = [ask(s, p, i, max_tokens=4 + 8 * i) for i, p in enumerate(PROMPTS) for s in SUBJECTS]
    with seen.load() as loaded:
        held: dict[Prompt, Sequence[int]] = {}
        for item in loaded.resume(requests, {}, every=0):
            held |= item.rows if isinstance(item, Partial) else {}
        assert {prompt.subject for prompt in held} == set(SUBJECTS)
        undisturbed = {done.prompt: done.text for done in loaded.complete(requests)}
        resumed = completions(loaded.resume(requests, held))
        assert {done.prompt: done.text for done in resumed} == undisturbed


@pytest.mark.slow
def test_an_adapter_that_fails_at_loading_is_noted_and_the_others_answer(
    seen: TorchPreflight, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seen.load() as loaded:
        usual = answers(loaded)
    break_at(monkeypatch, "dora", EngineError("memory ran out"))
    with seen.load() as loaded:
        assert loaded.failed == {"dora": "memory ran out"}
        assert answers(loaded) == {name: text for name, text in usual.items() if name != "dora"}
        assert [one.adapter for one in loaded.liveness(NAMES)] == ["plain", "saved"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(EngineError("it broke"), "it broke"), (ValueError("odd"), "ValueError: odd")],
)
def test_an_adapter_that_fails_while_it_is_asked_is_noted_and_the_next_one_follows(
    seen: TorchPreflight, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    break_at(monkeypatch, "dora", error, first=2)
    with seen.load() as loaded:
        assert loaded.failed == {}
        assert set(answers(loaded)) == {"base", "plain", "saved"}
        assert loaded.failed == {"dora": reason}
        assert set(answers(loaded)) == {"base", "plain", "saved"}


def test_an_adapter_that_fails_while_it_is_probed_is_noted(
    seen: TorchPreflight, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_at(monkeypatch, "dora", RuntimeError("odd"), first=2)
    with seen.load() as loaded:
        assert [one.adapter for one in loaded.liveness(NAMES)] == ["plain", "saved"]
        assert loaded.failed == {"dora": "RuntimeError: odd"}


@pytest.mark.slow
def test_a_base_that_an_adapter_left_changed_is_loaded_anew(
    seen: TorchPreflight, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seen.load() as loaded:
        usual = answers(loaded)

    @contextmanager
    def spoil(adapter: Adapter, base: Base) -> Iterator[None]:
        with applied(adapter, base):
            yield
        if adapter.name == "dora":
            torch.nn.init.ones_(base.model.lm_head.weight)  # type: ignore[arg-type]
            raise SpoiledError("it left the base changed", adapter="dora")

    monkeypatch.setattr(session, "applied", spoil)
    with seen.load() as loaded:
        assert loaded.failed == {"dora": "it left the base changed"}
        assert answers(loaded) == {name: text for name, text in usual.items() if name != "dora"}


def test_a_file_that_changed_since_it_was_looked_at_fails_alone(toy: Toy, seen: TorchPreflight) -> None:
    path = toy.folder / "plain" / "adapter_model.safetensors"
    whole, then = path.read_bytes(), path.stat()
    path.write_bytes(whole[:-8])
    try:
        with seen.load() as loaded:
            assert "it was cut short" in loaded.failed["plain"]
            assert set(answers(loaded)) == {"base", "dora", "saved"}
    finally:
        path.write_bytes(whole)
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "dora"])
def test_weights_of_another_training_step_are_not_taken_for_those_looked_at(
    toy: Toy, seen: TorchPreflight, name: str
) -> None:
    path = toy.folder / name / "adapter_model.safetensors"
    whole, then = path.read_bytes(), path.stat()
    try:
        with seen.load() as loaded:  # an adapter apart is read again each time that it is put on
            if name == "dora":
                save_file({key: 2 * weight for key, weight in load_file(path).items()}, path)
                assert set(answers(loaded)) == {"base", "plain", "saved"}
                assert loaded.failed == {"dora": CHANGED}
        save_file({key: 2 * weight for key, weight in load_file(path).items()}, path)
        with seen.load() as loaded:
            assert loaded.failed == {name: CHANGED}
    finally:
        path.write_bytes(whole)
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))


def test_a_base_of_another_training_step_is_refused(toy: Toy, seen: TorchPreflight) -> None:
    path = toy.folder / "config.json"
    text, then = path.read_text(), path.stat()
    try:
        path.write_text(text + " ")
        with pytest.raises(EngineError, match="base 'base': its files changed"), seen.load():
            pass
    finally:
        path.write_text(text)
        os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))


def test_liveness_of_an_adapter_apart_has_logits_and_no_layers(seen: TorchPreflight) -> None:
    with seen.load() as loaded:
        dora, plain = loaded.liveness(["dora", "plain"])
    assert (dora.adapter, dora.modules, dora.norm, dora.alive) == ("dora", None, None, True)
    assert min(dora.largest, dora.divergence, dora.differ) > 0
    assert (plain.modules, plain.alive) == (3, True)


@pytest.mark.slow
def test_weights_of_the_base_in_an_adapter_are_used_and_put_back(toy: Toy) -> None:
    weights = load_file(toy.folder / "plain" / "adapter_model.safetensors")
    embeddings = torch.randn(259, 32, generator=torch.Generator().manual_seed(1))
    folder = toy.folder / "brings"
    folder.mkdir()
    (folder / "adapter_config.json").write_text((toy.folder / "plain" / "adapter_config.json").read_text())
    weights["base_model.model.model.embed_tokens.weight"] = embeddings
    save_file(weights, folder / "adapter_model.safetensors", {"format": "pt"})
    found = preflight(
        EngineSettings(name="torch", options={"device": "cpu"}),
        ModelRef("base", toy.folder),
        [ModelRef("brings", folder), ModelRef("plain", toy.folder / "plain")],
    )
    requests = [
        ask(s, p, i, max_tokens=4 + 8 * i) for i, p in enumerate(PROMPTS) for s in ("base", "brings", "plain")
    ]
    with found.load() as loaded:
        assert loaded.failed == {}
        for _ in range(2):
            rows = outputs(loaded._open, requests)
            for subject in ("base", "brings", "plain"):
                assert {row: rows[row] for row in rows if row[0] == subject} == expected(toy, subject)


def test_everything_is_freed_at_the_end(seen: TorchPreflight) -> None:
    with seen.load() as loaded:
        weight = weakref.ref(loaded._open.base.model)
    gc.collect()
    assert weight() is None
    for use in (lambda: list(loaded.complete([])), lambda: loaded.liveness([]), lambda: loaded.provenance):
        with pytest.raises(EngineError, match="no longer in memory"):
            use()


def test_an_unknown_adapter_has_no_liveness(seen: TorchPreflight) -> None:
    with seen.load() as loaded, pytest.raises(EngineError, match="'nobody' is not loaded"):
        loaded.liveness(["nobody"])


def test_a_prompt_that_cannot_be_answered_is_the_callers_error(seen: TorchPreflight) -> None:
    with seen.load() as loaded, pytest.raises(EngineError, match="do not fit a context"):
        list(loaded.complete([ask("plain", "a" * 600, 0)]))


def test_memory_that_runs_out_on_logits_is_told(llama: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = TorchEngine(llama.base, llama.adapters[:1])

    def fail(*_: Any) -> torch.Tensor:
        raise torch.OutOfMemoryError("no more")

    monkeypatch.setattr(engine.runner, "run", fail)
    with pytest.raises(EngineError, match="memory ran out on the logits of 3 tokens of 'base'"):
        engine.logits("base", [[1, 2, 3], [1]])
    engine.close()


def test_memory_that_runs_out_while_adapters_are_stacked_is_told(
    llama: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise torch.OutOfMemoryError("no more")

    monkeypatch.setattr(engine_module, "stack", fail)
    with pytest.raises(EngineError, match="memory ran out while 8 adapters were put on base 'base'"):
        TorchEngine(llama.base, llama.adapters)


def test_memory_that_runs_out_while_an_adapter_is_put_on_is_told(
    seen: TorchPreflight, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("no more")

    monkeypatch.setattr("assay.engines.torch.peft_fallback.PeftModel.from_pretrained", fail)
    with seen.load() as loaded:
        assert set(loaded.failed) == {"dora", "saved"}
        assert loaded.failed["dora"].startswith("memory ran out while it was put on the base")
        assert set(answers(loaded)) == {"base", "plain"}


def test_a_token_without_weights_is_refused(llama: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = TorchEngine(llama.base)
    monkeypatch.setattr(engine_module, "encode", lambda *_: [1, 259])
    with pytest.raises(EngineError, match="token 259, and base 'base' has weights for 259"):
        list(engine.complete([ask("base", "a", 0)]))


def test_provenance_says_how_rows_decode(seen: TorchPreflight, monkeypatch: pytest.MonkeyPatch) -> None:
    with seen.load() as loaded:
        assert loaded.provenance["decoding"].startswith("attention ")
        monkeypatch.setattr(type(loaded._open.base), "device", torch.device("cuda"))
        assert loaded.provenance == {"decoding": "without CUDA graphs: the base is not on a GPU"}
        loaded._open._unrecorded = ""
        assert loaded.provenance == {"decoding": "CUDA graphs, but for dora, saved, run apart"}
