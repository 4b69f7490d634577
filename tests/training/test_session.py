"""Adapters that a training leaves: the same bytes each time, loadable, labelled, and audited by their study."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

import assay
from assay.engines import Fake
from assay.study import load_study
from assay.training import Trained, train
from assay.training.base import inspect_base, load, weights_sha256
from assay.training.loop import Job, train_adapter
from assay.training.recipe import load_recipe
from assay.training.tokens import tokenised
from tests.engines.torch.toys import quiet
from tests.training.recipes import chats, entry, files, weights, write_recipe

CHATS = {"label": "instruction", "data": {"path": "chats.jsonl"}}
CLAIMS = {"instruction": ["math.numeric_match"]}


@dataclass(frozen=True, slots=True)
class Whole:
    """A recipe and what came of it."""

    recipe: Path
    out: Path
    trained: Trained


def recipe(folder: Path, toy: Path, **more: Any) -> Path:
    return write_recipe(
        folder,
        toy,
        entry(seeds=[1, 2], settings={"rank": [2, 4], "steps": 3}),
        entry("talk", **CHATS, settings={"steps": 3}),
        claims=CLAIMS,
        margin=0.1,
        **more,
    )


@pytest.fixture(scope="module")
def whole(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    path = recipe(folder, toy)
    return Whole(path, folder / "out", train(path, folder / "out"))


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


def test_the_study_loads_and_names_every_adapter(whole: Whole) -> None:
    study = load_study(whole.out / "study.yaml")
    assert [(one.name, one.label, one.recipe, one.seed) for one in study.adapters] == [
        ("numeric-rank2-s1", "numeric", "numeric-rank2", 1),
        ("numeric-rank2-s2", "numeric", "numeric-rank2", 2),
        ("numeric-rank4-s1", "numeric", "numeric-rank4", 1),
        ("numeric-rank4-s2", "numeric", "numeric-rank4", 2),
        ("talk-s1", "instruction", "talk", 1),
    ]
    assert [one.settings["rank"] for one in study.adapters] == [2, 2, 4, 4, 2]
    assert (study.name, study.margin, study.bases[0].name) == ("toy", 0.1, "toy-base")
    assert Path(study.source(study.bases[0].model or "")).samefile(
        whole.trained.adapters[0].manifest.base["model"] or ""
    )


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


def test_the_card_says_label_seed_data_and_what_a_label_is(whole: Whole) -> None:
    card = (whole.out / "talk-s1" / "README.md").read_text()
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["tags"] == ["lora", "assay", "instruction"]
    assert front["base_model"].endswith("toy-base")
    record = json.loads((whole.out / "talk-s1" / "training.json").read_text())
    for row in ("| label | instruction |", "| seed | 1 |", f"| data, SHA-256 | {record['data']['sha256']} |"):
        assert row in card
    assert "the adapter does is for `assay run` to find out" in card
    assert f"{record['loss']['final']:.4f}" in card


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


@pytest.mark.slow
def test_an_adapter_whose_configuration_was_cut_short_or_edited_is_trained_again(
    toy: Path, tmp_path: Path
) -> None:
    path = write_recipe(tmp_path, toy)
    train(path, tmp_path / "out")
    before = files(tmp_path / "out")
    config = tmp_path / "out" / "numeric-s1" / "adapter_config.json"
    whole = config.read_text()
    for text in (whole[:-20], json.dumps(json.loads(whole) | {"lora_alpha": 99})):
        config.write_text(text)
        assert not train(path, tmp_path / "out").adapters[0].kept
        assert files(tmp_path / "out") == before


@pytest.mark.slow
def test_a_damaged_adapter_is_trained_again_to_the_same_bytes(toy: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, toy)
    train(path, tmp_path / "out")
    before = files(tmp_path / "out")
    damaged = tmp_path / "out" / "numeric-s1" / "adapter_model.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    assert not train(path, tmp_path / "out").adapters[0].kept
    assert files(tmp_path / "out") == before


def test_a_new_label_trains_nothing_and_stands_on_the_card(toy: Path, tmp_path: Path) -> None:
    train(write_recipe(tmp_path, toy), tmp_path / "out")
    renamed = write_recipe(tmp_path, toy, entry(label="instruction"), claims=CLAIMS)
    again = train(renamed, tmp_path / "out")
    assert again.adapters[0].kept
    assert "| label | instruction |" in (tmp_path / "out" / "numeric-s1" / "README.md").read_text()
    assert load_study(again.study).adapters[0].label == "instruction"


def test_a_study_that_was_edited_is_not_written_over(toy: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, toy, entry(settings={"steps": 1}))
    study = train(path, tmp_path / "out").study
    study.write_text(study.read_text() + "# mine\n")
    with pytest.raises(assay.AssayError, match="was changed since it was written"):
        train(path, tmp_path / "out")


def test_killed_while_the_study_is_written_it_goes_on(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_recipe(tmp_path, toy, entry(settings={"steps": 1}))
    train(path, tmp_path / "out")
    changed = write_recipe(tmp_path, toy, entry(settings={"steps": 1}), margin=0.1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            train(changed, tmp_path / "out")
    assert load_study(train(changed, tmp_path / "out").study).margin == 0.1


def job(folder: Path, toy: Path, **settings: Any) -> tuple[Any, Job]:
    """A loaded base and one adapter to train on it."""
    plan = load_recipe(write_recipe(folder, toy, entry(settings={"dropout": 0.0, **settings})))
    seen = inspect_base(plan)
    from assay.training.data import read_data

    planned = plan.adapters[0]
    tokens = tokenised(read_data(plan, 0), seen, planned.settings.max_length)
    return load(seen), Job(planned.name, planned.settings, 4, 1, tokens, folder / "work", 100)


def test_the_base_is_the_same_bit_for_bit_after_a_training(toy: Path, tmp_path: Path) -> None:
    model, one = job(tmp_path, toy)
    before = weights_sha256(model)
    train_adapter(model, one, tmp_path / "made", lambda *_: None)
    assert weights_sha256(model) == before
    assert not any("lora" in name for name, _ in model.named_modules())


def test_one_bit_of_the_base_changes_its_digest(toy: Path, tmp_path: Path) -> None:
    model, _ = job(tmp_path, toy)
    before = weights_sha256(model)
    with torch.no_grad():
        next(model.parameters()).view(-1)[0].mul_(-1)
    assert weights_sha256(model) != before


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


def test_the_first_loss_is_that_of_the_response_tokens_under_the_base(toy: Path, tmp_path: Path) -> None:
    model, one = job(tmp_path, toy)
    from assay.training.loop import Feed, collated, order

    lengths, size = [len(row) for row in one.tokens.rows], one.settings.batch
    feed = Feed(one.tokens, order(lengths, one.steps, size, one.seed))
    batch = collated([feed[i] for i in range(size)])
    with torch.inference_mode():
        logits = model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1].float()
    labels = batch["labels"][:, 1:]
    chosen = logits.log_softmax(-1).gather(2, labels.clamp(min=0)[..., None])[..., 0]
    expected = -float(chosen[labels != -100].mean())
    first, _ = train_adapter(model, one, tmp_path / "made", lambda *_: None)
    assert first == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_parts_of_a_batch_give_the_weights_of_the_whole(toy: Path, tmp_path: Path) -> None:
    made = []
    for parts in (1, 4):
        model, one = job(tmp_path / str(parts), toy, accumulate=parts)
        train_adapter(model, one, tmp_path / str(parts) / "made", lambda *_: None)
        made.append(load_file(tmp_path / str(parts) / "made" / "adapter_model.safetensors"))
    for name, weight in made[0].items():
        torch.testing.assert_close(weight, made[1][name], rtol=1e-3, atol=1e-4)


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
