"""What the documents say of Python is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.studies import study_with

DOCS = Path(__file__).parents[1] / "docs"


def block(page: str, holding: str) -> str:
    """The Python of a page that holds these words."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    (code,) = (text for text in blocks if holding in text)
    return str(code)


def run(code: str, name: str) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(compile(code, name, "exec"), space)  # noqa: S102 - our own pages
    return space


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    study_with(tmp_path, 60, 20)
    return tmp_path


def test_a_run_goes_step_by_step(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space = run("import assay\n" + block("python.md", "Run.start"), "python.md")
    assert space["result"].claims[0].verdict == "confirmed"
    assert (place / "runs" / "mine" / "records.sqlite").is_file()
    assert capsys.readouterr().out.startswith("stopped\n")


def test_one_response_is_scored(place: Path) -> None:
    (place / "tone.yaml").write_text("capability: support\nprompts: tone.jsonl\ncheck: exact\n")
    (place / "tone.jsonl").write_text('{"prompt": "Thanks!", "answer": "warm"}\n')
    run(block("testing.md", "score_response"), "testing.md")["test_the_task"]()
