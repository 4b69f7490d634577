from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from assay.engines.torch.configuration import CONFIG, AdapterError, read_config

PLAIN = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}


def reason(folder: Path) -> str:
    with pytest.raises(AdapterError) as bad:
        read_config("mine", folder)
    return bad.value.reason


def test_a_plain_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text(json.dumps(PLAIN))
    assert vars(read_config("mine", tmp_path))["target_modules"] == {"q_proj"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty; download it again"),
        (b"\n", "is empty; download it again"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[1, 2]", "is not a JSON object"),
        (b"{}", "has no `peft_type`; it is not one that peft saved"),
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
        ({"peft_type": "FOO"}, f"peft_type 'FOO' is unknown to peft {version('peft')} ("),
        ({"peft_type": 7}, "peft_type 7 is unknown to peft"),
        ({"peft_type": ["LORA"]}, "peft_type ['LORA'] is unknown to peft"),
        ({"r": "four"}, "r is 'four'; a whole number above 0 is expected in "),
        ({"r": -1}, "r is -1; a whole number above 0 is expected"),
        ({"r": True}, "r is True; a whole number above 0 is expected"),
        ({"r": 2.0}, "r is 2.0; a whole number above 0 is expected"),
        ({"lora_alpha": "x"}, "lora_alpha is 'x'; a number is expected in "),
        ({"lora_alpha": float("nan")}, "lora_alpha is nan; a number is expected"),
        ({"lora_alpha": None}, "lora_alpha is None; a number is expected"),
        ({"target_modules": 5}, "target_modules is 5; a list of names (or one text) is expected in "),
        ({"target_modules": ["q_proj", 1]}, "target_modules is ['q_proj', 1]; a list of names"),
        ({"target_modules": "(["}, "target_modules is '([', which is no regular expression (unterminated"),
        (
            {"rank_pattern": {"q_proj": "2"}},
            "rank_pattern is {'q_proj': '2'}; an object of numbers is expected",
        ),
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
    read_config("mine", tmp_path)


def test_a_folder_without_a_configuration_says_what_it_is(tmp_path: Path) -> None:
    assert reason(tmp_path / "absent") == f"no folder {tmp_path / 'absent'}; correct the path"
    assert reason(tmp_path).startswith(f"{tmp_path} is empty; ")
    (tmp_path / "README.md").touch()
    assert reason(tmp_path).startswith(f"no {CONFIG} in {tmp_path}; ")
    (tmp_path / "config.json").touch()
    assert reason(tmp_path).startswith(f"no {CONFIG} in {tmp_path}; it is a base; ")
    (tmp_path / CONFIG).mkdir()
    assert reason(tmp_path).startswith(f"{tmp_path / CONFIG} is a folder")
