"""Adapters that a training leaves: the same bytes each time, loadable, and audited by their study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import assay
from assay.engines import Fake
from assay.errors import OutputError
from assay.study import load_study
from assay.training import train
from tests.engines.torch.toys import quiet
from tests.studies import jsonl
from tests.training.recipes import chats, entry, files, weights, write_recipe
from tests.training.refused import refusal
from tests.training.whole import CHATS, CLAIMS, Whole, recipe

pytestmark = pytest.mark.slow


@pytest.mark.slow
def test_two_runs_give_the_same_bytes_in_every_file(whole: Whole) -> None:
    train(whole.recipe, whole.out.parent / "again")
    assert files(whole.out.parent / "again") == files(whole.out)


def test_nothing_but_adapters_and_the_study_is_left(whole: Whole) -> None:
    names = {"numeric-rank2-s1", "numeric-rank2-s2", "numeric-rank4-s1", "numeric-rank4-s2", "talk-s1"}
    assert {path.name for path in whole.out.iterdir()} == names | {"study.yaml", ".training"}
    assert {path.name for path in (whole.out / ".training").iterdir()} == {".lock", "study.sha256"}
    assert {path.name for path in (whole.out / "talk-s1").iterdir()} == {
        *("adapter_model.safetensors", "adapter_config.json", "README.md", "training.json")
    }


def test_a_seed_changes_the_weights(whole: Whole) -> None:
    assert weights(whole.out / "numeric-rank2-s1") != weights(whole.out / "numeric-rank2-s2")


def test_an_adapter_does_not_depend_on_those_before_it(whole: Whole, toy: Path, tmp_path: Path) -> None:
    write_recipe(tmp_path, toy, entry("talk", **CHATS, settings={"steps": 3}), claims=CLAIMS)
    train(tmp_path / "recipe.yaml", tmp_path / "out")
    assert weights(tmp_path / "out" / "talk-s1") == weights(whole.out / "talk-s1")


def test_peft_loads_the_folder_and_it_changes_the_base(whole: Whole, toy: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(toy, dtype=torch.float32)
    tokens = torch.tensor([[256, 1, 2, 3]])
    with torch.inference_mode(), quiet():
        before = base(tokens).logits
        after = PeftModel.from_pretrained(base, whole.out / "numeric-rank4-s1").eval()(tokens).logits
    assert not torch.equal(before, after)


def test_both_matrices_of_every_layer_are_trained(whole: Whole) -> None:
    stored = load_file(whole.out / "numeric-rank4-s2" / "adapter_model.safetensors")
    assert len(stored) == 2 * 7 * 3
    assert all(weight.abs().max() > 0 for weight in stored.values())
    assert not any("embed" in name or "lm_head" in name for name in stored)


def test_what_was_trained_is_kept(whole: Whole) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.out.rglob("*.safetensors")}
    told: list[Any] = []
    again = train(whole.recipe, whole.out, lambda *args, **more: told.append((args, more)))
    assert all(adapter.kept for adapter in again.adapters)
    assert before == {path: path.stat().st_mtime_ns for path in whole.out.rglob("*.safetensors")}
    assert [adapter.manifest for adapter in again.adapters] == [
        one.manifest for one in whole.trained.adapters
    ]
    assert (("training", 15, 15, "5 of 5 adapters exist already"), {}) in told


def test_an_audit_runs_on_the_study(whole: Whole) -> None:
    fake = Fake(lambda request: "1" if request.subject.startswith("numeric") else "2")
    result = assay.run(whole.out / "study.yaml", whole.out.parent / "run", engine=fake.preflight)
    assert {claim.adapter: claim.verdict for claim in result.claims}["numeric-rank2-s1"] == "confirmed"
    assert {one.recipe for one in result.recipes} >= {"numeric-rank2", "numeric-rank4"}


def test_the_torch_engine_takes_what_was_trained(whole: Whole) -> None:
    from assay.engines import ModelRef
    from assay.engines.torch import preflight

    study = load_study(whole.out / "study.yaml")
    base = ModelRef("toy-base", study.source(study.bases[0].model or ""))
    found = preflight(study.engine, base, [ModelRef("a", whole.out / "numeric-rank4-s1")])
    assert found.problems == ()
    with found.load() as loaded:
        assert [one.alive for one in loaded.liveness(["a"])] == [True]


@pytest.mark.slow
def test_changed_data_trains_the_adapters_of_that_data_alone(toy: Path, tmp_path: Path) -> None:
    path = recipe(tmp_path, toy)
    train(path, tmp_path / "out")
    chats(tmp_path, 21)
    again = train(path, tmp_path / "out")
    assert {one.manifest.name: one.kept for one in again.adapters} == {
        **{f"numeric-rank{rank}-s{seed}": True for rank in (2, 4) for seed in (1, 2)},
        "talk-s1": False,
    }


def test_a_new_label_trains_nothing_and_stands_on_the_card(toy: Path, tmp_path: Path) -> None:
    train(write_recipe(tmp_path, toy), tmp_path / "out")
    renamed = write_recipe(tmp_path, toy, entry(label="instruction"), claims=CLAIMS)
    again = train(renamed, tmp_path / "out")
    assert again.adapters[0].kept
    assert "| label | instruction |" in (tmp_path / "out" / "numeric-s1" / "README.md").read_text()
    assert load_study(again.study).adapters[0].label == "instruction"


def test_a_base_that_a_training_changed_is_refused(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.training import loop

    plain = loop.train_adapter

    def spoil(model: Any, *rest: Any) -> Any:
        losses = plain(model, *rest)
        with torch.no_grad():
            next(model.parameters()).view(-1)[0].add_(1)
        return losses

    monkeypatch.setattr(loop, "train_adapter", spoil)
    with pytest.raises(assay.AssayError, match="changed the base's own weights, so it was not kept"):
        train(write_recipe(tmp_path, toy), tmp_path / "out")
    assert not (tmp_path / "out" / "numeric-s1").exists()


def test_a_training_lowers_the_loss(toy: Path, tmp_path: Path) -> None:
    trained = train(write_recipe(tmp_path, toy, entry(settings={"steps": 30})), tmp_path / "out")
    loss = trained.adapters[0].manifest.loss
    assert loss["final"] < 0.6 * loss["first"]


def test_a_base_in_bfloat16_gets_an_adapter_in_float32(toy: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, {"model": str(toy), "dtype": "bfloat16"}, entry(settings={"steps": 2}))
    trained = train(path, tmp_path / "out")
    stored = load_file(tmp_path / "out" / "numeric-s1" / "adapter_model.safetensors")
    assert {weight.dtype for weight in stored.values()} == {torch.float32}
    assert load_study(trained.study).engine.dtype == "bfloat16"


@pytest.mark.slow
def test_a_training_in_bfloat16_leaves_no_trace_in_the_next(toy: Path, tmp_path: Path) -> None:
    short = entry(settings={"steps": 2})
    train(write_recipe(tmp_path, toy, short), tmp_path / "before")
    half = write_recipe(tmp_path, {"model": str(toy), "dtype": "bfloat16"}, short)
    train(half, tmp_path / "half")
    train(write_recipe(tmp_path, toy, short), tmp_path / "after")
    before, between, after = (weights(tmp_path / name / "numeric-s1") for name in ("before", "half", "after"))
    assert before == after != between


def test_one_step_changes_the_base(toy: Path, tmp_path: Path) -> None:
    train(write_recipe(tmp_path, toy, entry(settings={"steps": 1})), tmp_path / "out")
    stored = load_file(tmp_path / "out" / "numeric-s1" / "adapter_model.safetensors")
    assert all(weight.abs().max() > 0 for weight in stored.values())


@pytest.mark.slow
def test_a_seed_that_is_added_is_trained_alone(toy: Path, tmp_path: Path) -> None:
    train(write_recipe(tmp_path, toy, entry(settings={"steps": 1})), tmp_path / "out")
    more = write_recipe(tmp_path, toy, entry(seeds=[1, 5], settings={"steps": 1}))
    assert [one.kept for one in train(more, tmp_path / "out").adapters] == [True, False]


def test_a_row_without_any_response_token_left(toy: Path, tmp_path: Path) -> None:
    write_recipe(tmp_path, toy)
    rows = [{"prompt": "p", "response": "r"}, {"prompt": "p" * 70, "response": "r"}]
    jsonl(tmp_path / "sums.jsonl", rows)
    message = refusal(write_recipe(tmp_path, toy))
    assert "recipe.yaml:" in message
    assert "no response is left within 64 tokens" in message
    assert "sums.jsonl:2; raise `max_length`, or remove the rows" in message


def test_a_file_where_the_folder_should_be(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file; give a folder with --out"):
        train(write_recipe(tmp_path, toy), tmp_path / "file")


def test_a_second_training_in_one_folder(toy: Path, tmp_path: Path) -> None:
    from assay.records.database import sole_writer

    path = write_recipe(tmp_path, toy)
    (tmp_path / "out" / ".training").mkdir(parents=True)
    with sole_writer(tmp_path / "out" / ".training"):
        assert "another assay process is writing" in refusal(path)


def test_responses_that_are_cut_are_counted_and_told(toy: Path, tmp_path: Path) -> None:
    short = entry(settings={"max_length": 31, "steps": 1})
    path = write_recipe(tmp_path, toy, short)
    told = train(path, tmp_path / "out").warnings
    (warning,) = told
    assert ": " in warning
    assert "of 20 responses are cut at 31 tokens; raise `max_length`" in warning


def test_data_that_cannot_be_used(toy: Path, tmp_path: Path) -> None:
    write_recipe(tmp_path, toy)
    jsonl(tmp_path / "sums.jsonl", [{"prompt": "p", "response": ""}])
    assert "sums.jsonl:1: `response` is empty" in refusal(write_recipe(tmp_path, toy))
