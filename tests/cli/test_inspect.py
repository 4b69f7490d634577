"""`assay inspect` prints a list for machines and a table for people, and loads nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.inspecting.adapters import write_adapter, write_base


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assay", "inspect", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_a_list_of_the_adapters_in_the_order_given(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    plain, odd = write_adapter(tmp_path / "plain"), write_adapter(tmp_path / "odd", r=3)
    done = run(odd, plain, tmp_path / "absent", "--base", base, "--json")
    found = json.loads(done.stdout)
    assert [entry["path"] for entry in found] == [str(odd), str(plain), str(tmp_path / "absent")]
    assert [entry["status"] for entry in found] == ["unusable", "usable", "unusable"]
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(("config", "code"), [({}, 0), ({"alpha_pattern": {"qq_proj": 4}}, 2), ({"r": 3}, 1)])
def test_the_exit_code_tells_the_worst_status(config: dict[str, Any], code: int, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "a", **config)
    assert run(adapter, "--base", write_base(tmp_path / "base")).returncode == code


def test_a_table_names_adapters_layers_and_reasons(tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "a", alpha_pattern={"qq_proj": 4})
    shown = run(adapter, "--base", write_base(tmp_path / "base")).stdout
    assert "q_proj" in shown
    assert "warnings: " in shown
    assert "alpha_pattern" in shown
    assert "self_attn.q_proj" in shown
    assert "header: " in shown


def test_a_base_that_is_none_is_bad_input(tmp_path: Path) -> None:
    done = run(write_adapter(tmp_path / "a"), "--base", tmp_path)
    assert done.returncode == 64
    assert "no config.json" in done.stderr


def test_it_loads_neither_torch_nor_transformers_nor_peft(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from assay.inspecting import inspect_adapters\n"
        "found = list(inspect_adapters(sys.argv[1:2], sys.argv[2], digest=True))\n"
        "assert [entry.status for entry in found] == ['usable']\n"
        "print(*sys.modules)\n"
    )
    arguments = [write_adapter(tmp_path / "a"), write_base(tmp_path / "base")]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & {"torch", "transformers", "peft", "tokenizers", "huggingface_hub"}
