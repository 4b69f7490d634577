from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from assay.engines.adapter_files import (
    CONFIG,
    WEIGHTS,
    read_adapter_files,
    read_config,
    refuse_changed_base,
    unusual,
)
from assay.errors import EngineError

PLAIN = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}


def write(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    save_file({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}, path)


def reason(folder: Path) -> str:
    with pytest.raises(EngineError) as bad:
        read_adapter_files(folder)
    return str(bad.value)


def test_a_plain_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text(json.dumps(PLAIN))
    write(tmp_path / WEIGHTS, {})
    assert read_adapter_files(tmp_path).config == PLAIN


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty; download it again"),
        (b"\n", "is empty; download it again"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[1, 2]", "is not a JSON object"),
        (b"{}", "has no `peft_type`; neither peft nor mlx-lm saved it"),
    ],
)
def test_a_file_that_holds_no_configuration_is_named_with_what_it_holds(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    (tmp_path / CONFIG).write_bytes(content)
    assert reason(tmp_path).startswith(f"{tmp_path / CONFIG} {expected}")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"r": "four"}, "r is 'four'; a whole number above 0 is expected in "),
        ({"r": -1}, "r is -1; a whole number above 0 is expected"),
        ({"target_modules": "(" * 2000 + ")" * 2000}, "target_modules is '((("),
        ({"r": 10**309}, "r is 1000"),
        ({"r": True}, "r is True; a whole number above 0 is expected"),
        ({"r": 2.0}, "r is 2.0; a whole number above 0 is expected"),
        ({"lora_alpha": "x"}, "lora_alpha is 'x'; a number is expected in "),
        ({"lora_alpha": float("nan")}, "lora_alpha is nan; a number is expected"),
        ({"lora_alpha": None}, "lora_alpha is None; a number is expected"),
        ({"target_modules": 5}, "target_modules is 5; a list of names (or one text) is expected in "),
        ({"target_modules": ["q_proj", 1]}, "target_modules is ['q_proj', 1]; a list of names"),
        (
            {"target_modules": "(["},
            "target_modules is '([', which is not a valid regular expression (unterminated",
        ),
        (
            {"rank_pattern": {"q_proj": "2"}},
            "rank_pattern is {'q_proj': '2'}; an object of whole numbers above 0 is expected",
        ),
        ({"rank_pattern": {"q_proj": 4.5}}, "rank_pattern is {'q_proj': 4.5}; an object of whole numbers"),
        ({"rank_pattern": {"q_proj": -3}}, "rank_pattern is {'q_proj': -3}; an object of whole numbers"),
        ({"alpha_pattern": {"q_proj": "2"}}, "alpha_pattern is {'q_proj': '2'}; an object of numbers is"),
        ({"use_dora": "no"}, "use_dora is 'no'; true or false is expected"),
    ],
)
def test_a_field_that_holds_what_it_cannot_is_named_with_what_it_may_hold(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    (tmp_path / CONFIG).write_text(json.dumps(PLAIN | changes))
    assert reason(tmp_path).startswith(expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"lora_alpha": 0.5},
        {"target_modules": None},
        {"target_modules": "all-linear"},
        {"target_modules": r".*\.(q|v)_proj"},
        {"rank_pattern": {}, "alpha_pattern": {"q_proj": 1.5}, "modules_to_save": None},
        {"peft_type": "LOHA", "r": 8},
    ],
)
def test_what_peft_takes_is_taken(tmp_path: Path, changes: dict[str, Any]) -> None:
    written = {
        key: value
        for key, value in (PLAIN | changes).items()
        if key != "lora_alpha" or "peft_type" not in changes
    }
    (tmp_path / CONFIG).write_text(json.dumps(written))
    write(tmp_path / WEIGHTS, {})
    read_adapter_files(tmp_path)


def test_a_folder_without_a_configuration_says_what_it_is(tmp_path: Path) -> None:
    assert reason(tmp_path / "absent") == f"no folder {tmp_path / 'absent'}; correct the path"
    assert reason(tmp_path).startswith(f"{tmp_path} is empty; ")
    (tmp_path / "README.md").touch()
    assert reason(tmp_path).startswith(f"no {CONFIG} in {tmp_path}; ")
    (tmp_path / "config.json").touch()
    assert reason(tmp_path).startswith(f"no {CONFIG} in {tmp_path}; it is a base; ")
    (tmp_path / CONFIG).mkdir()
    assert reason(tmp_path).startswith(f"{tmp_path / CONFIG} is a folder")


def test_fields_are_unusual_where_they_are_set() -> None:
    assert unusual({"bias": "none", "use_dora": False, "modules_to_save": None}) == ""
    assert unusual({"bias": "all", "use_dora": True}) == "bias: all"
    assert unusual({"bias": "all", "use_dora": True}, "use_dora") == "use_dora: True"


def test_a_training_that_began_by_changing_the_base_is_refused() -> None:
    refuse_changed_base({"init_lora_weights": "gaussian"})
    with pytest.raises(EngineError, match="init_lora_weights: pissa changes the base's own weights"):
        refuse_changed_base({"init_lora_weights": "pissa"})


def test_a_folder_that_holds_adapters_in_folders_names_them(tmp_path: Path) -> None:
    for step in (100, 200):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / CONFIG).write_text(json.dumps(PLAIN))
    assert "holds adapters in folders of its own: checkpoint-100, checkpoint-200; give one of them" in reason(
        tmp_path
    )


def test_a_scale_beyond_every_float_is_no_number(tmp_path: Path) -> None:
    text = json.dumps({"peft_type": "LORA", "lora_alpha": 10**400, "target_modules": ["q_proj"]})
    (tmp_path / "adapter_config.json").write_text(text)
    with pytest.raises(EngineError, match="a number is expected"):
        read_config(tmp_path)
