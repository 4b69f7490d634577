"""How errors look on a terminal and elsewhere."""

from __future__ import annotations

import pytest
from rich.console import Console

from assay.cli import errors
from assay.errors import AssayError, Place, StudyError

WHOLE = StudyError("no file x\x1b", place=Place("study.yaml:3", ("tasks", 0)), fix="mend the path")


def printed(
    error: AssayError, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> str:
    if terminal:
        monkeypatch.setattr(
            "rich.console.Console", lambda **more: Console(**more, force_terminal=True, width=40)
        )
    with pytest.raises(SystemExit) as left:
        errors.fail_with(error)
    assert left.value.code == 64
    return capsys.readouterr().err


def test_elsewhere_an_error_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = printed(WHOLE, capsys, monkeypatch, terminal=False)
    assert text == "assay: study.yaml:3: no file x\\u001b; mend the path\n"


def test_on_a_terminal_the_place_is_bold_and_the_fix_has_its_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    both = StudyError.joined([WHOLE, StudyError("missing", place="study.yaml:9")])
    lines = printed(both, capsys, monkeypatch, terminal=True).splitlines()
    assert lines[0] == "assay: \x1b[1mstudy.yaml:3: \x1b[0mno file x\\u001b"
    assert "fix: mend the path" in lines[1]
    assert lines[2] == "assay: \x1b[1mstudy.yaml:9: \x1b[0mmissing"
