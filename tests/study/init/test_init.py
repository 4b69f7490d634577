"""Studies drafted from folders of adapters: what they hold, and that a study file of the text loads to the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay import load_study
from assay.errors import OutputError, StudyError
from assay.study.init import draft, write_draft
from assay.study.names import ModelName
from tests.study.init.drafts import BASE, SUITE, adapter, drafted, names


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


def test_a_study_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "chat")
    found, out = draft(tmp_path / "mine", BASE, SUITE), tmp_path / "mine" / "study.yaml"
    out.write_text("mine")
    with pytest.raises(OutputError, match="--force"):
        write_draft(found, out)
    assert out.read_text() == "mine"
    write_draft(found, out, force=True)
    assert load_study(out).name == "mine"


def test_a_path_that_no_study_can_hold_is_refused(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "a\tb")
    with pytest.raises(StudyError, match=r"path: the control character U\+0009"):
        draft(tmp_path / "mine", BASE, SUITE)


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
