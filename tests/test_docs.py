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
    space = run("import assay\n" + block("how-to/python.md", "Run.start"), "how-to/python.md")
    assert space["result"].claims[0].verdict == "confirmed"
    assert (place / "runs" / "mine" / "records.sqlite").is_file()
    assert capsys.readouterr().out.startswith("stopped\n")


def test_one_response_is_scored(place: Path) -> None:
    (place / "tone.yaml").write_text("capability: support\nprompts: tone.jsonl\ncheck: exact\n")
    (place / "tone.jsonl").write_text('{"prompt": "Thanks!", "answer": "warm"}\n')
    run(block("how-to/testing.md", "score_response"), "testing.md")["test_the_task"]()


def test_what_the_readme_s_tree_names_is_there() -> None:
    tree = re.search(r"```\nsrc/assay/\n(.*?)```", (DOCS.parent / "README.md").read_text(), re.DOTALL)
    assert tree
    open_folders: list[str] = ["src/assay"]
    for line in tree[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        names = re.match(r"\s*((?:[\w.]+/? )+) ", line + " ")
        assert names, line
        for name in names[1].split():
            above = open_folders[:depth] if depth else []
            assert (DOCS.parent.joinpath(*above, name)).exists(), line
            open_folders = [*open_folders[:depth], name] if depth else open_folders


def test_every_room_is_in_the_readme_s_tree() -> None:
    text = (DOCS.parent / "README.md").read_text()
    for folder in (DOCS.parent / "src" / "assay").iterdir():
        if folder.is_dir() and not folder.name.startswith("__") and folder.name != "embedded":
            assert f"  {folder.name}/ " in text, folder.name
