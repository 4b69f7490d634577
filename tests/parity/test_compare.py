"""What is served is the audited adapter, a close copy, another subject of the run, or something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import AssayError
from assay.parity import Parity, ParitySettings, check_parity
from tests.parity.toys import AUDITED, ECHOES, Model, audited, served


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited(tmp_path_factory.mktemp("toys"))


def compared(run: Path, model: Model, kind: str = "vllm") -> Parity:
    """With the adapter `sums`, what a server serves under its name."""
    with served({"sums": model}, kind) as url:
        return check_parity(run, ParitySettings(url, "sums", kind="other" if kind in ECHOES else "vllm"))


@pytest.mark.parametrize("kind", ["vllm", "other"])
def test_the_audited_adapter_has_no_shortfall_anywhere(run: Path, kind: str) -> None:
    parity = compared(run, AUDITED["sums"], kind)
    assert (parity.word, parity.resembles) == ("same", "sums")
    assert parity.own.mean == pytest.approx(0, abs=1e-12)
    assert parity.own.largest == pytest.approx(0, abs=1e-12)
    assert parity.own.changed == 0
    assert all(effect.holds for effect in parity.effects)
    assert parity.sentence.startswith("sums is the audited sums (0.0000 nats per token")


@pytest.mark.parametrize("kind", ["vllm", "other"])
def test_the_base_in_place_of_the_adapter_is_named(run: Path, kind: str) -> None:
    parity = compared(run, AUDITED["base"], kind)
    assert (parity.word, parity.resembles) == ("another subject", "base")
    assert parity.own.changed == 1.0
    assert not any(effect.holds for effect in parity.effects)


def test_another_adapter_of_the_run_is_named(run: Path) -> None:
    parity = compared(run, AUDITED["other"])
    assert (parity.word, parity.resembles) == ("another subject", "other")
    assert "sums is other, not the audited sums" in parity.sentence


@pytest.mark.parametrize("scale", [0.25, 0.5, 2.0, 2.83, 4.0])
def test_another_scale_is_different(run: Path, scale: float) -> None:
    parity = compared(run, Model({"sums": scale}))
    assert parity.word == "different"
    assert parity.own.mean > 0.03
    assert "look at lora_alpha, use_rslora" in parity.sentence


def test_a_copy_with_small_noise_is_close(run: Path) -> None:
    parity = compared(run, Model({"sums": 1.0}, noise=0.2))
    assert parity.word == "close"
    assert parity.resembles == "sums"
    assert 0 < parity.own.changed < 0.5


def test_a_copy_with_rounding_noise_is_the_same(run: Path) -> None:
    assert compared(run, Model({"sums": 1.0}, noise=0.002)).word == "same"


def test_steps_of_bfloat16_make_no_other_response(run: Path) -> None:
    parity = compared(run, Model({"sums": 1.0}, noise=0.06, step=0.125))
    assert parity.own.largest == pytest.approx(0.125)
    assert parity.own.changed == 0
    assert all(effect.holds for effect in parity.effects)


def test_other_weights_are_different(run: Path) -> None:
    assert compared(run, Model({"never seen": 1.0})).word == "different"


def test_the_name_at_the_server_may_be_another(run: Path) -> None:
    with served({"merged": AUDITED["sums"]}) as url:
        assert check_parity(run, ParitySettings(f"{url}/v1/", "sums", model="merged")).word == "same"
        with pytest.raises(AssayError, match="give --model NAME"):
            check_parity(run, ParitySettings(url, "sums"))


def test_a_server_that_gives_no_log_probabilities_is_refused(run: Path) -> None:
    with pytest.raises(AssayError, match="gives no log-probabilities"):
        compared(run, AUDITED["sums"], "none")


def test_of_several_adapters_one_must_be_named(run: Path) -> None:
    with pytest.raises(AssayError, match="give --adapter, one of sums, other"):
        check_parity(run, ParitySettings("http://127.0.0.1:1"))


def test_sampled_responses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AssayError, match="parity needs greedy ones"):
        check_parity(audited(tmp_path, temperature=0.7), ParitySettings("http://127.0.0.1:1", "sums"))


def test_fewer_responses_may_be_asked_about(run: Path) -> None:
    with served({"sums": AUDITED["sums"]}) as url:
        parity = check_parity(run, ParitySettings(url, "sums", prompts=5))
    assert {part.responses for part in parity.shortfalls} == {5}


LONG = {
    "base": Model(length=300),
    "sums": Model({"seldom": 1.0}, length=300),
    "other": Model(length=300),
}
"""Responses in which the adapter differs from the base by few tokens of many."""


def test_the_base_in_place_of_an_adapter_that_changes_few_tokens_is_named(tmp_path: Path) -> None:
    run = audited(tmp_path, models=LONG)
    parity = compared(run, LONG["base"])
    assert parity.own.mean < 0.03
    assert (parity.word, parity.resembles) == ("another subject", "base")
    assert compared(run, LONG["sums"]).word == "same"


def test_the_base_is_not_taken_for_an_adapter_that_changes_very_little(tmp_path: Path) -> None:
    models = {**AUDITED, "sums": Model({"sums": 0.02})}
    run = audited(tmp_path, models=models)
    parity = compared(run, AUDITED["base"])
    assert parity.own.mean < 0.004
    assert (parity.word, parity.resembles) == ("close", "base")
    assert "do not tell them apart" in parity.sentence
    assert compared(run, models["sums"]).word == "same"


@pytest.mark.parametrize("kind", ["without favourites", "without numbers"])
def test_a_missing_log_probability_is_no_shortfall_of_0(run: Path, kind: str) -> None:
    with pytest.raises(AssayError, match=r"is missing or no number|end where its prompt ends"):
        compared(run, AUDITED["base"], kind)


def test_a_server_that_names_each_token_as_its_favourite_confirms_nothing(run: Path) -> None:
    assert compared(run, AUDITED["base"], "only own").word == "close"
