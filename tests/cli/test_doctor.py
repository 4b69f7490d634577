"""`assay doctor` as a user meets it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.doctor import Check


def test_doctor_exits_with_0_whatever_is_missing(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [
        Check("python", "ok", "3.11"),
        Check("engine torch", "missing", "without torch", "pip install x"),
    ]
    monkeypatch.setattr("assay.doctor.diagnose", lambda _: iter(checks))
    done = call("doctor")
    assert done.code == 0
    assert "missing engine torch without torch fix: pip install x" in done.words
    assert json.loads(call("doctor", "--json").out)[1]["fix"] == "pip install x"
