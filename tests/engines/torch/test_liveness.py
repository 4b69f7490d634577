from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from assay.engines.torch import Adapter, TorchEngine, liveness
from assay.engines.torch.liveness import Change, change_of
from tests.engines.torch.toys import Toy, make_toy


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    form = {"r": 2, "target_modules": ["q_proj", "v_proj"]}
    toy = make_toy("llama", tmp_path_factory.mktemp("live"), {"alive": form, "zero": form, "huge": form})
    for delta in toy.adapters[1].deltas.values():
        delta.up.zero_()
    for delta in toy.adapters[2].deltas.values():
        delta.up.fill_(3e38)
    return toy


def changes(adapters: Sequence[Adapter]) -> dict[str, Change]:
    return {adapter.name: change_of(adapter) for adapter in adapters}


def test_only_an_adapter_that_changes_logits_is_alive(toy: Toy) -> None:
    engine = TorchEngine(toy.base, toy.adapters)
    alive, zero, huge = liveness(engine, changes(toy.adapters), tokens=8)
    assert alive.alive
    assert alive.reason == ""
    assert alive.modules == 6
    assert alive.norm is not None
    assert min(alive.norm, alive.largest, alive.divergence, alive.differ) > 0
    assert not zero.alive
    assert "leaves every logit of the probe prompts as it was" in zero.reason
    assert (zero.norm, zero.largest, zero.divergence, zero.differ) == (0, 0, 0, 0)
    assert not huge.alive
    assert "not finite" in huge.reason


def test_nothing_is_measured_against_a_base_whose_logits_are_not_finite(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = TorchEngine(toy.base, toy.adapters)
    whole = engine.logits

    def broken(subject: str, *asked: Any) -> list[torch.Tensor]:
        """Of the base alone, and of its last prompt alone: the prompts before it show a change."""
        found = whole(subject, *asked)
        return [*found[:-1], found[-1] * float("nan")] if subject == toy.base.name else found

    monkeypatch.setattr(engine, "logits", broken)
    for said in liveness(engine, changes(toy.adapters[:2]), tokens=4):
        assert (said.alive, said.verdict) == (False, "not measured")
        assert "without it, the logits of the probe prompts are not finite" in said.reason


def test_an_adapter_that_overflows_leaves_the_others_alone(toy: Toy) -> None:
    together = liveness(TorchEngine(toy.base, toy.adapters), changes(toy.adapters[:1]), tokens=8)
    alone = liveness(TorchEngine(toy.base, toy.adapters[:1]), changes(toy.adapters[:1]), tokens=8)
    assert together[0].differ == alone[0].differ
    assert together[0].largest == pytest.approx(alone[0].largest, rel=1e-4)


def test_divergence_is_the_mean_kl_in_nats(toy: Toy) -> None:
    engine = TorchEngine(toy.base, toy.adapters)
    [said] = liveness(engine, changes(toy.adapters[:1]), prompts=["hello"], tokens=1)
    tokens = toy.base.tokenizer.encode("hello")
    with torch.inference_mode():
        base, changed = (
            toy.plain(name)(input_ids=torch.tensor([tokens])).logits[0].log_softmax(-1)
            for name in (None, "alive")
        )
    kl = (changed.exp() * (changed - base)).sum(-1).mean()
    assert said.divergence == pytest.approx(float(kl), rel=1e-3)


def test_probe_prompts_can_be_given(toy: Toy, tmp_path: Path) -> None:
    assert not list(tmp_path.iterdir())
    [said] = liveness(TorchEngine(toy.base, toy.adapters), changes(toy.adapters[:1]), ["a", "b"], tokens=4)
    assert said.differ in (0, 0.5, 1)
