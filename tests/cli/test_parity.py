"""`assay parity` says what is served, and its exit code does too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.parity.toys import AUDITED, Model, audited, served


@pytest.mark.parametrize(
    ("model", "code", "word"),
    [
        (AUDITED["sums"], 0, "same"),
        (Model({"sums": 1.0}, noise=0.1), 2, "close"),
        (AUDITED["base"], 1, "another subject"),
        (Model({"sums": 3.0}), 1, "different"),
    ],
)
def test_the_exit_code_says_what_is_served(
    call: Any, tmp_path: Path, model: Model, code: int, word: str
) -> None:
    run = audited(tmp_path)
    with served({"sums": model}) as url:
        outcome = call("parity", run, "--server", url, "--adapter", "sums", "--json")
        shown = call("parity", run, "--server", url, "--adapter", "sums")
    assert (outcome.code, shown.code) == (code, code)
    data = json.loads(outcome.out)
    assert data["word"] == word
    assert shown.out.startswith(data["sentence"])
    assert "base's responses: " in shown.out


def test_a_server_that_is_not_there_exits_64(call: Any, tmp_path: Path) -> None:
    assert call("parity", tmp_path, "--server", "http://127.0.0.1:1").code == 64
