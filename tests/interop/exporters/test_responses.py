"""Responses as Parquet."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import OutputError
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.responses import export_parquet
from tests.interop.exporters.conftest import BETTER, N


def test_parquet_holds_every_response_with_what_it_passed(finished: Finished, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert export_parquet(finished, tmp_path / "out.parquet") == 3 * N
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    own = [row for row in rows if row["adapter"] == "a"]
    passed = sum(mark["passed"] for row in own for mark in row["scores"] if mark["metric"] == "numeric_match")
    assert (len(own), passed) == (N, BETTER)


def test_parquet_without_pyarrow_says_what_to_install(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(OutputError, match="needs pyarrow; `pip install pyarrow`"):
        export_parquet(finished, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
