"""`assay init` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay import load_study


def adapters(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        config = {"r": 4, "lora_alpha": 8, "base_model_name_or_path": "owner/base"}
        (folder / name / "adapter_config.json").write_text(json.dumps(config))
    return folder


def test_init_writes_a_study_that_loads_and_says_what_is_next(call: Any, tmp_path: Path) -> None:
    folder = adapters(tmp_path / "mine", "chat-s1", "chat-s2", "run-7")
    done = call("init", folder, "--base", "owner/base")
    assert done.code == 0
    assert [one.name for one in load_study(folder / "study.yaml").adapters] == ["chat-s1", "chat-s2", "run-7"]
    assert "warning: run-7: no hint at its label" in done.words
    assert f"assay plan {folder / 'study.yaml'}" in done.words
    refused = call("init", folder, "--base", "owner/base")
    assert (refused.code, "--force" in refused.err) == (64, True)
    assert call("init", folder, "--base", "owner/base", "--label", "numeric", "--force").code == 0
    assert load_study(folder / "study.yaml").adapters[0].label == "numeric"


def test_init_warns_of_a_label_that_no_task_of_the_study_has(call: Any, tmp_path: Path) -> None:
    folder = adapters(tmp_path / "mine", "chat-s1")
    done = call("init", folder, "--base", "owner/base", "--label", "poetry")
    assert done.code == 0
    assert "warning: label 'poetry': no task of this study has that capability" in done.words
    assert call("plan", folder / "study.yaml").code == 64


def test_a_label_that_init_left_open_is_refused_as_open(call: Any, tmp_path: Path) -> None:
    folder = adapters(tmp_path / "mine", "run-7")
    assert call("init", folder, "--base", "owner/base").code == 0
    refused = call("plan", folder / "study.yaml")
    assert refused.code == 64
    assert "the label of adapter 'run-7' is still `unknown`; write what its training aimed at" in refused.err


def test_init_prints_json(call: Any, tmp_path: Path) -> None:
    out = tmp_path / "other.yaml"
    folder = adapters(tmp_path / "mine", "chat-s1")
    printed = json.loads(call("init", folder, "--base", "owner/base", "--out", out, "--json").out)
    assert printed["study"] == str(out)
    assert printed["adapters"][0]["recipe"] == "chat"
    [warning] = printed["warnings"]  # the adapter is a name alone
    assert warning.startswith("chat-s1: ")
    assert "has no `peft_type`" in warning
    assert load_study(out).adapters[0].path == "./mine/chat-s1"
