"""The fields of a study, their defaults, and what cannot be in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.study import load_study
from tests.study.studies import VALID, assert_refused, changed, write

REFUSED = {
    "an empty mark": ("{path: a2.jsonl}", '{path: a2.jsonl, after: ""}', "15: adapters[1].responses.ifeval.after", "remove the line"),
    "no responses in a mapping of responses": ("{ifeval: {path: a2.jsonl}}", "{}", "15: adapters[1].responses", "empty; give at least one"),
    "a label with no claims": ("  instruction:\n    - ifeval.prompt_strict\n    - {", "  instruction: []\n  numeric:\n    - {", "21: claims.instruction", "empty"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "fix"), REFUSED.values(), ids=REFUSED)
def test_refused_with_line_and_fix(folder: Path, old: str, new: str, where: str, fix: str) -> None:
    assert_refused(folder, old, new, where, fix)


def test_an_entry_takes_its_defaults_from_the_others(folder: Path) -> None:
    study = load_study(
        write(
            folder,
            "name: x\nbases: [{name: b, responses: {ifeval: base.jsonl}}]\n"
            "adapters: [{name: a, label: instruction, responses: {ifeval: a1.jsonl}}]\ntasks: [{task: ifeval}]\n",
        )
    )
    adapter, task = study.adapters[0], study.tasks[0]
    assert (adapter.base, adapter.recipe, adapter.seed, task.name) == ("b", "a", None, "ifeval")
    assert (study.engine.name, study.family, study.margin, study.alpha) == ("recorded", "adapter", 0.05, 0.05)
    assert (study.decoding.samples, study.decoding.temperature, study.claims) == (1, None, {})


def test_a_subject_with_weights_makes_torch_the_default_engine(folder: Path) -> None:
    assert load_study(write(folder, VALID)).engine.name == "torch"


def test_a_claim_is_a_metric_or_a_mapping(folder: Path) -> None:
    gains, keeps = load_study(write(folder, VALID)).claims["instruction"]
    assert (gains.metric, gains.kind, gains.margin) == ("ifeval.prompt_strict", "gains", None)
    assert (keeps.metric, keeps.kind, keeps.margin) == ("gsm8k.numeric_match", "keeps", 0.02)


def test_paths_are_relative_to_the_study_and_hub_ids_stay(folder: Path) -> None:
    study = load_study(write(folder, VALID))
    assert study.resolve("x/../a1.jsonl") == folder / "a1.jsonl"
    assert study.source("./b") == study.source("b") == folder / "b"
    assert study.source("org/large") == "org/large"
    assert study.source("~/adapters") == Path.home() / "adapters"
    assert study.text == VALID


def test_a_summary_stands_in_for_models_and_responses(folder: Path) -> None:
    for summary in ("scores.csv", "{path: scores.csv}"):
        text = f"name: x\nbases: [{{name: b}}]\nadapters: [{{name: a, label: i}}]\ntasks: [{{task: ifeval}}]\nsummary: {summary}\n"
        assert load_study(write(folder, text)).summary == "scores.csv"


def test_a_task_may_say_how_it_is_asked(folder: Path) -> None:
    study = load_study(write(folder, changed("margin: 0.1", "shots: 0, max_tokens: 2048")))
    assert [(task.shots, task.max_tokens) for task in study.tasks] == [(None, None), (0, 2048)]
    silent, said = (task.model_dump(exclude_defaults=True) for task in study.tasks)  # as runs compare them
    assert not {"shots", "max_tokens"} & silent.keys()
    assert {"shots", "max_tokens"} <= said.keys()


def test_numbers_may_have_an_exponent_and_off_target_metrics_may_be_named(folder: Path) -> None:
    study = load_study(
        write(folder, changed("margin: 0.05", "margin: 5e-2\noff_target: [gsm8k.numeric_match]"))
    )
    assert study.margin == 0.05
    assert study.off_target == ("gsm8k.numeric_match",)


def test_an_adapter_in_a_folder_of_a_repository_is_named_in_two_ways(folder: Path) -> None:
    for text in ("path: org/library, folder: relevance/lora", "path: org/library/relevance/lora"):
        study = load_study(write(folder, VALID.replace("path: ./b", text)))
        assert study.adapter_source(study.adapters[2]) == ("org/library", "relevance/lora")
    study = load_study(write(folder, VALID.replace("path: ./b", "path: org/library/a, folder: b")))
    assert study.adapter_source(study.adapters[2]) == ("org/library", "a/b")


def test_an_adapter_in_a_folder_of_a_local_one(folder: Path) -> None:
    (folder / "b" / "lora").mkdir()
    study = load_study(write(folder, VALID.replace("path: ./b", "path: ./b, folder: lora")))
    assert study.adapter_source(study.adapters[2]) == (folder / "b" / "lora", None)


def test_checkpoints_of_one_training_need_no_seed(folder: Path) -> None:
    text = VALID.replace("    seed: 1\n", "    step: 5\n").replace(
        "recipe: a, seed: 2", "recipe: a, step: 10"
    )
    study = load_study(write(folder, text))
    assert [(adapter.seed, adapter.step) for adapter in study.adapters[:2]] == [(None, 5), (None, 10)]
