"""Whole studies on a toy base: preflight, liveness, records, resume."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import assay
from assay.audit import gate
from assay.engines.adapter_files import PICKLE, WEIGHTS
from assay.records import Store
from tests.engines.torch.toys import ADAPTERS, KINDS, SHAPE, Toy, make_adapter, make_tokenizer, scramble
from tests.studies import examples, write_study

SOUND = ("r1", "r4", "rslora", "patterns")


def study_of(
    folder: Path, base: Path, adapters: list[dict[str, Any]], count: int = 12, **fields: Any
) -> Path:
    examples(folder, count)
    return write_study(
        folder,
        {
            "name": "toys",
            "bases": [{"name": "base", "model": str(base)}],
            "adapters": [{"label": "numeric", **adapter} for adapter in adapters],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
            "decoding": {"max_tokens": 6},
            "engine": {"dtype": "float32", "options": {"device": "cpu"}},
            "noise_prompts": count,
            **fields,
        },
    )


@pytest.fixture
def eight(llama: Toy, tmp_path: Path) -> Path:
    """Four sound adapters, one that changes nothing, one of another base, one cut short, one pickle."""
    for name in SOUND:
        shutil.copytree(llama.folder / name, tmp_path / name)
    for name in ("inert", "short", "pickled"):
        shutil.copytree(llama.folder / "r2", tmp_path / name)
    weights = load_file(tmp_path / "inert" / WEIGHTS)
    save_file(
        {key: weight * 0 if "lora_B" in key else weight for key, weight in weights.items()},
        tmp_path / "inert" / WEIGHTS,
    )
    whole = (tmp_path / "short" / WEIGHTS).read_bytes()
    (tmp_path / "short" / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    torch.save(load_file(tmp_path / "pickled" / WEIGHTS), tmp_path / "pickled" / PICKLE)
    (tmp_path / "pickled" / WEIGHTS).unlink()
    other = another_base(tmp_path / "wider")
    shutil.move(make_adapter(other, "foreign", ADAPTERS["r2"]), tmp_path / "foreign")
    names = (*SOUND, "inert", "foreign", "short", "pickled")
    return study_of(tmp_path, llama.folder, [{"name": name, "path": f"./{name}"} for name in names])


def another_base(folder: Path) -> Path:
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model("llama", **{**SHAPE, "hidden_size": 48, **KINDS["llama"]})
    model = AutoModelForCausalLM.from_config(config)
    scramble(model, 0.2)
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def test_of_eight_adapters_four_get_a_verdict_one_is_not_applied_three_are_not_measured(eight: Path) -> None:
    result = assay.run(eight, eight.parent / "run")
    words = {claim.adapter: claim.verdict for claim in result.claims}
    assert {words[name] for name in SOUND} <= {
        "no gain",
        "undecided",
        "gain",
        "harmed",
        "trivial",
        "confirmed",
    }
    assert words["inert"] == "not applied"
    assert {words[name] for name in ("foreign", "short", "pickled")} == {"not measured"}
    reasons = {claim.adapter: claim.reason or "" for claim in result.claims}
    assert "leaves every logit" in reasons["inert"]
    assert "cut short" in reasons["short"]
    assert "is a pickle" in reasons["pickled"]
    assert "foreign" not in reasons["foreign"].split(":")[0]
    assert "other sizes than the base" in reasons["foreign"]


@pytest.mark.slow
def test_the_gate_passes_none_of_those_that_could_not_be_measured(eight: Path) -> None:
    assay.run(eight, eight.parent / "run")
    outcomes = {one.adapter: one.outcome for one in gate(eight.parent / "run").adapters}
    assert outcomes["inert"] == "fail"
    assert {outcomes[name] for name in ("foreign", "short", "pickled")} == {"undecided"}


@pytest.mark.slow
def test_records_hold_what_the_engine_says_of_each_prompt(eight: Path, llama: Toy) -> None:
    from assay.engines.torch import TorchEngine
    from tests.engines.torch.toys import ask

    assay.run(eight, eight.parent / "run")
    with Store.read(eight.parent / "run") as store:
        kept = {
            (name, row["key"]): (row["prompt"], row["text"])
            for name, task in store.bound()
            for row in store.responses(name, task)
        }
    names = Counter(name for name, _ in kept)
    repeated = sum(count for name, count in names.items() if name.endswith("/again"))
    assert {name: names[name] for name in ("base", *SOUND)} == dict.fromkeys(("base", *SOUND), 12)
    assert (names["base/again"], repeated) == (12, 24)
    engine = TorchEngine(llama.base, [one for one in llama.adapters if one.name in SOUND])
    prompts = [(name, key, prompt) for (name, key), (prompt, _) in kept.items() if "/" not in name]
    alone = {
        (one.prompt.subject, one.prompt.example): one.text
        for name, key, prompt in prompts
        for one in engine.complete([ask(name, prompt, int(key), max_tokens=6)])
    }
    engine.close()
    assert alone == {pair: text for pair, (_, text) in kept.items() if "/" not in pair[0]}


@pytest.mark.slow
def test_the_base_differs_from_itself_nowhere_in_float32(eight: Path) -> None:
    (floor,) = assay.run(eight, eight.parent / "run").noise_floor or ()
    assert (floor.n, floor.differ) == (12, 0)


@pytest.mark.slow
def test_liveness_is_measured_and_kept(eight: Path) -> None:
    result = assay.run(eight, eight.parent / "run")
    alive = {one.adapter: one for one in result.applied}
    assert set(alive) == {*SOUND, "inert"}
    assert alive["inert"].norm == alive["inert"].divergence == alive["inert"].differ == 0
    assert alive["r4"].modules == 3 * 7
    assert alive["r4"].norm is not None
    assert alive["r4"].norm > 0
    assert assay.open_result(eight.parent / "run").applied == result.applied


@pytest.mark.slow
def test_an_adapter_whose_weights_change_is_generated_anew_alone(eight: Path) -> None:
    assay.run(eight, eight.parent / "run")
    before = subjects(eight.parent / "run")
    path = eight.parent / "r1" / WEIGHTS
    save_file({key: weight * 1.5 for key, weight in load_file(path).items()}, path)
    assay.run(eight, eight.parent / "run")
    after = subjects(eight.parent / "run")
    assert {name for name in after if after[name] != before[name]} == {"r1", "r1/again"}


@pytest.mark.slow
def test_a_folder_that_moved_is_the_same_adapter(eight: Path) -> None:
    assay.run(eight, eight.parent / "run")
    before = subjects(eight.parent / "run")
    shutil.move(eight.parent / "r1", eight.parent / "elsewhere")
    text = eight.read_text().replace("./r1", "./elsewhere")
    eight.write_text(text)
    assay.run(eight, eight.parent / "run")
    assert subjects(eight.parent / "run") == before


def subjects(folder: Path) -> dict[str, str]:
    with Store.read(folder) as store:
        return {name: store.subject(name, task) for name, task in store.bound()}


@pytest.mark.slow
def test_dora_and_a_stacked_adapter_share_a_study(llama: Toy, tmp_path: Path) -> None:
    shutil.copytree(llama.folder / "r2", tmp_path / "r2")
    dora = make_adapter(llama.folder, "dora-study", {"r": 2, "use_dora": True, "target_modules": ["q_proj"]})
    shutil.move(dora, tmp_path / "dora")
    study = study_of(tmp_path, llama.folder, [{"name": n, "path": f"./{n}"} for n in ("r2", "dora")])
    result = assay.run(study, tmp_path / "run")
    assert all(claim.n == 12 for claim in result.claims)
    assert any("dora" in problem and "apart" in problem for problem in result.problems)


def test_an_adapters_own_template_is_put_around_its_prompts_and_the_bases(llama: Toy, tmp_path: Path) -> None:
    for name in ("r1", "r2"):
        shutil.copytree(llama.folder / name, tmp_path / name)
    (tmp_path / "r2" / "chat_template.jinja").write_text(
        "{% for m in messages %}Q {{ m.content }} A {% endfor %}"
    )
    study = study_of(tmp_path, llama.folder, [{"name": n, "path": f"./{n}"} for n in ("r1", "r2")])
    result = assay.run(study, tmp_path / "run")
    assert all(claim.n == 12 for claim in result.claims)
    with Store.read(tmp_path / "run") as store:
        base = store.counterpart("r2", "base", "math")
        assert base is not None
        assert base.startswith("base/template:")
        assert all(row["prompt"].startswith("Q question") for row in store.responses(base, "math"))
        assert all(row["prompt"].startswith("<s>[user]") for row in store.responses("r1", "math"))


@pytest.mark.slow
def test_verdicts_json_of_a_generated_run_fits_the_schema(eight: Path) -> None:
    import jsonschema

    assay.run(eight, eight.parent / "run")
    schema = json.loads((Path(__file__).parents[3] / "docs" / "verdicts.schema.json").read_text())
    jsonschema.validate(json.loads((eight.parent / "run" / "verdicts.json").read_text()), schema)


def test_tokens_trained_for_a_template_alone_show_under_that_template(llama: Toy, tmp_path: Path) -> None:
    from peft import TrainableTokensConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from tests.engines.torch.toys import quiet

    tokens = [
        make_tokenizer().convert_tokens_to_ids(token) for token in "[]"
    ]  # no plain probe prompt has them
    model = AutoModelForCausalLM.from_pretrained(llama.folder, dtype=torch.float32)
    with quiet():
        wrapped = get_peft_model(
            model,
            TrainableTokensConfig(
                target_modules=["embed_tokens"], token_indices=tokens, task_type="CAUSAL_LM"
            ),
        )
        for weight in wrapped.parameters():
            if weight.requires_grad:
                torch.nn.init.normal_(weight, std=1.0)
        wrapped.save_pretrained(str(tmp_path / "tokens"))
    study = study_of(tmp_path, llama.folder, [{"name": "tokens", "path": "./tokens"}])
    result = assay.run(study, tmp_path / "run")
    assert [one.alive for one in result.applied] == [True]
    assert result.claims[0].verdict != "not applied"


@pytest.mark.slow
def test_patterns_in_another_order_are_another_adapter(llama: Toy, tmp_path: Path) -> None:
    form = {"r": 4, "target_modules": ["q_proj"], "alpha_pattern": {"q_proj": 64, r"layers\.1\..*q_proj": 1}}
    shutil.move(make_adapter(llama.folder, "ordered", form), tmp_path / "x")
    study = study_of(tmp_path, llama.folder, [{"name": "x", "path": "./x"}])
    assay.run(study, tmp_path / "run")
    before = subjects(tmp_path / "run")
    path = tmp_path / "x" / "adapter_config.json"
    config = json.loads(path.read_text())
    config["alpha_pattern"] = dict(reversed(config["alpha_pattern"].items()))
    path.write_text(json.dumps(config))
    assay.run(study, tmp_path / "run")
    after = subjects(tmp_path / "run")
    assert {name for name in after if after[name] != before[name]} == {"x", "x/again"}
