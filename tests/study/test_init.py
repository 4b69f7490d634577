"""Studies drafted from folders of adapters: what they hold, and that a study file of the text loads to the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import load_study
from assay.errors import OutputError, StudyError
from assay.study import Study
from assay.study.init import draft, write_draft
from assay.study.init.text import study_text
from assay.study.names import ModelName, fit_name
from assay.tasks import default_suite

SUITE = default_suite()
BASE = "Qwen/Qwen3-4B"
CARD = "---\ntags:\n- lora\n- base_model:x\ndatasets: [tatsu-lab/alpaca]\n---\n# A model of chat\n"


def adapter(folder: Path, name: str, card: str = "", **config: Any) -> Path:
    path = folder / name
    path.mkdir(parents=True)
    filled = {
        "peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["v_proj", "q_proj"],
        "use_dora": False, "base_model_name_or_path": BASE, **config,
    }  # fmt: skip
    (path / "adapter_config.json").write_text(json.dumps(filled))
    if card:
        (path / "README.md").write_text(card)
    return path


def drafted(folder: Path, **more: Any) -> Study:
    """The study as a file holds it, loaded."""
    found = draft(folder, BASE, SUITE, **more)
    write_draft(found, folder / "study.yaml")
    loaded = load_study(folder / "study.yaml")
    assert loaded.model_dump() == found.study.model_dump()
    assert loaded.text == found.text
    return loaded


def names(study: Study) -> list[str]:
    return [one.name for one in study.adapters]


def test_a_folder_of_adapters_becomes_a_study(tmp_path: Path) -> None:
    for name in ("alpaca-s1", "alpaca-s2", "alpaca-s10"):
        adapter(tmp_path / "mine", name)
    adapter(tmp_path / "mine", "nested/gsm8k-lora", use_rslora=True)
    study = drafted(tmp_path / "mine")
    assert study.name == "mine"
    assert [(base.name, base.model) for base in study.bases] == [("Qwen3-4B", BASE)]
    assert names(study) == ["alpaca-s1", "alpaca-s2", "alpaca-s10", "gsm8k-lora"]
    assert [one.label for one in study.adapters] == ["instruction"] * 3 + ["numeric"]
    assert [(one.recipe, one.seed) for one in study.adapters[:3]] == [
        ("alpaca", 1),
        ("alpaca", 2),
        ("alpaca", 10),
    ]
    assert study.adapters[0].settings == {"rank": 8, "alpha": 16, "modules": "q_proj, v_proj"}
    assert study.adapters[3].settings["rslora"] is True
    assert study.adapters[3].path == "./nested/gsm8k-lora"
    assert [(task.task, task.name) for task in study.tasks] == [("ifeval", "ifeval"), ("numeric", "gsm8k")]
    assert study.resolve(study.adapters[3].path or "") == tmp_path / "mine" / "nested" / "gsm8k-lora"


@pytest.mark.parametrize(
    ("name", "recipe", "seed"),
    [
        ("qa-s1", "qa", 1),
        ("qa-seed1", "qa", 1),
        ("qa_seed_02", "qa", 2),
        ("qa.Seed-7", "qa", 7),
        ("qa-1000", "qa-1000", None),
        ("llms1", "llms1", None),
        ("classes-3", "classes-3", None),
    ],
)
def test_recipe_and_seed_are_read_from_a_name(
    tmp_path: Path, name: str, recipe: str, seed: int | None
) -> None:
    adapter(tmp_path / "mine", name)
    (one,) = drafted(tmp_path / "mine", label="instruction").adapters
    assert (one.name, one.recipe, one.seed) == (name, recipe, seed)


def test_folders_that_are_named_by_seed_alone_take_their_parents_name(tmp_path: Path) -> None:
    for name in ("math/seed1", "math/seed2", "chat/seed1"):
        adapter(tmp_path / "mine", name)
    study = drafted(tmp_path / "mine")
    assert names(study) == ["chat-seed1", "math-seed1", "math-seed2"]
    assert [one.recipe for one in study.adapters] == ["chat", "math", "math"]


def test_one_adapter_can_be_named_itself(tmp_path: Path) -> None:
    inner = adapter(tmp_path, "chatty")
    adapter(inner, "checkpoint-10")
    found = draft(inner, BASE, SUITE)
    assert [(one.name, one.path) for one in found.study.adapters] == [("chatty", ".")]
    assert "another adapter lies within it (checkpoint-10, ...)" in found.warnings[0]
    write_draft(found, inner / "study.yaml")
    loaded = load_study(inner / "study.yaml")
    assert loaded.source(loaded.adapters[0].path or "") == inner


def test_equal_folder_names_become_different_names(tmp_path: Path) -> None:
    for name in ("a/final", "b/final", "Qwen3-4B", "a-final"):
        adapter(tmp_path / "mine", name)
    assert names(drafted(tmp_path / "mine", label="numeric")) == [
        "mine-Qwen3-4B",
        "a-final",
        "a-final-2",
        "b-final",
    ]


def test_adapters_of_a_recipe_that_differ_get_recipes_of_their_own(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "qa-s1", r=4)
    adapter(tmp_path / "mine", "qa-s2", r=8)
    adapter(tmp_path / "mine", "ma-s1")
    adapter(tmp_path / "mine", "ma-seed1")
    found = draft(tmp_path / "mine", BASE, SUITE, "instruction")
    assert all(one.recipe == one.name for one in found.study.adapters)
    assert "qa-s1, qa-s2: no common recipe: they differ in rank" in found.warnings
    assert "ma-s1, ma-seed1: no common recipe: they differ in name only, not in seed" in found.warnings


def test_an_adapter_named_as_a_recipe_stays_out_of_it(tmp_path: Path) -> None:
    for name in ("qa", "qa-s1", "qa-s2"):
        adapter(tmp_path / "mine", name)
    assert [one.recipe for one in drafted(tmp_path / "mine", label="instruction").adapters] == [
        "qa-alone",
        "qa",
        "qa",
    ]


def test_a_guessed_label_says_so_on_its_line(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "a", card=CARD)
    adapter(tmp_path / "mine", "b-math-instruct")
    adapter(tmp_path / "mine", "c", card="---\ntags: math-reasoning\n---\n")
    text = draft(tmp_path / "mine", BASE, SUITE).text
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("label:")]
    assert [" ".join(line.split()) for line in lines] == [
        "label: instruction # guessed from its model card's datasets (alpaca): check it",
        "label: numeric # guessed from its name (math): check it",
        "label: numeric # guessed from its model card's tags (math): check it",
    ]


def test_a_given_label_is_no_guess(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "alpaca")
    found = draft(tmp_path / "mine", BASE, SUITE, label="numeric")
    assert "guessed" not in found.text
    assert found.study.adapters[0].label == "numeric"


def test_a_label_that_nothing_hints_at_is_left_to_the_user(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "run-17", card="---\n: : not yaml [\n---\n")
    found = draft(tmp_path / "mine", BASE, SUITE)
    assert found.study.adapters[0].label == "unknown"
    assert "write instruction or numeric" in found.text
    assert any("no hint at the label" in warning for warning in found.warnings)


def test_an_adapter_of_another_base_is_warned_of(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "chat-a", base_model_name_or_path="meta-llama/Llama-3-8B")
    adapter(tmp_path / "mine", "chat-b", base_model_name_or_path="/disk/models/qwen3-4b/")
    found = draft(tmp_path / "mine", BASE, SUITE)
    (warning,) = found.warnings
    assert warning.startswith(
        "chat-a: its adapter_config.json names the base meta-llama/Llama-3-8B, not Qwen/"
    )
    assert "# its adapter_config.json names the base meta-llama/Llama-3-8B" in found.text


def test_an_unreadable_adapter_is_left_out_and_told(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "chat")
    (adapter(tmp_path / "mine", "broken") / "adapter_config.json").write_text("{")
    found = draft(tmp_path / "mine", BASE, SUITE)
    assert [one.name for one in found.study.adapters] == ["chat"]
    assert "broken" in found.warnings[0]
    assert "left out" in found.warnings[0]


def test_a_local_base_is_relative_to_the_study_or_absolute_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter(tmp_path / "mine", "chat")
    (tmp_path / "models" / "tiny").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    relative = draft(Path("mine"), "models/tiny", SUITE).study
    assert (relative.bases[0].name, relative.bases[0].model) == ("tiny", "../models/tiny")
    assert relative.source(relative.bases[0].model or "") == tmp_path / "models" / "tiny"
    absolute = draft(Path("mine"), str(tmp_path / "models" / "tiny"), SUITE).study
    assert absolute.bases[0].model == str(tmp_path / "models" / "tiny")
    elsewhere = draft(Path("mine"), "models/tiny", SUITE, out=Path("studies/s.yaml"))
    assert elsewhere.study.adapters[0].path == "../mine/chat"


@pytest.mark.parametrize("base", ["./nowhere", "/nowhere/at/all", "a/b/c", "~/nowhere", ""])
def test_a_base_that_is_neither_folder_nor_hub_id_is_refused(tmp_path: Path, base: str) -> None:
    adapter(tmp_path / "mine", "chat")
    with pytest.raises(StudyError, match="no such folder, and no hub id"):
        draft(tmp_path / "mine", base, SUITE)


def test_a_folder_without_adapters_is_refused(tmp_path: Path) -> None:
    adapter(tmp_path, "too/deep/by/far")
    with pytest.raises(StudyError, match="no adapter here"):
        draft(tmp_path, BASE, SUITE)
    with pytest.raises(StudyError, match="no such folder"):
        draft(tmp_path / "nowhere", BASE, SUITE)


def test_a_study_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "chat")
    found, out = draft(tmp_path / "mine", BASE, SUITE), tmp_path / "mine" / "study.yaml"
    out.write_text("mine")
    with pytest.raises(OutputError, match="--force"):
        write_draft(found, out)
    assert out.read_text() == "mine"
    write_draft(found, out, force=True)
    assert load_study(out).name == "mine"


@pytest.mark.parametrize(
    "name",
    [
        "1:30",
        "017",
        "2024-01-01",
        "yes",
        "null",
        "a: b",
        "#x",
        "- x",
        "é ü",
        "'q\"",
        "{x}",
        "1e3",
        "*",
    ],
)
def test_names_that_yaml_would_read_otherwise_stay_texts(tmp_path: Path, name: str) -> None:
    adapter(tmp_path / "mine", name, base_model_name_or_path=f"x/{name}\n# y")
    (one,) = drafted(tmp_path / "mine").adapters
    assert one.name == fit_name(name, "")


def test_a_path_that_no_study_can_hold_is_refused(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "a\tb")
    with pytest.raises(StudyError, match=r"path: the control character U\+0009"):
        draft(tmp_path / "mine", BASE, SUITE)


@given(st.text(max_size=20))
def test_any_text_fits_as_a_name(text: str) -> None:
    name = fit_name(text, "otherwise")
    found = study_text(name, (name, "owner/base", False), [], SUITE)
    assert "\n  - task: ifeval\n" in found
    assert name
    assert "/" not in name
    assert name == name.strip()


def test_the_name_of_weights_is_their_last_part(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert ModelName.of("owner/name", "--base").name == "name"
    assert ModelName.of(f"{tmp_path}/a/b/", "--base").name == "b"
    assert ModelName.of(f"{tmp_path}/a/b/..", "--base").name == "a"


@pytest.mark.parametrize(("label", "warned"), [("numeric", False), ("poetry", True), ("unknown", True)])
def test_a_given_label_that_claims_nothing_is_warned_of(tmp_path: Path, label: str, warned: bool) -> None:
    adapter(tmp_path, "one")
    told = [text for text in draft(tmp_path, BASE, SUITE, label).warnings if "no task of this study" in text]
    assert bool(told) == warned
