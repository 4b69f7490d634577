"""`assay view` refuses what it cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.cli.view import view
from assay.errors import AssayError, RunError


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such folder"):
        view(folder=tmp_path / "nowhere", port=0, no_browser=True)


def test_what_is_not_installed_is_named_with_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.cli.view.find_spec", lambda name: None if name == "uvicorn" else object())
    with pytest.raises(
        AssayError, match=r"uvicorn is not installed; install it with `pip install .lora-assay\[view\]"
    ):
        view(folder=tmp_path)


def test_a_host_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssayError, match="cannot be served on"):
        view(folder=tmp_path, host="no-such-host.invalid", port=0, no_browser=True)
