"""A run on its way: its parts in words, and what is kept of it when it is interrupted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import assay
from assay.cli import main
from assay.cli.interrupt import Following, Stopped, follow
from assay.engines import Fake, Prompt
from assay.study import Study
from tests.studies import examples


@pytest.fixture
def of(tmp_path: Path) -> Study:
    """600 examples, asked of a base and of an adapter, and 60 of them of each again."""
    examples(tmp_path, 600)
    return Study.from_dict(
        {
            "name": "s",
            "bases": [{"name": "base", "model": "owner/base"}],
            "adapters": [{"name": "a", "label": "numeric", "path": "owner/a"}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        },
        tmp_path,
    )


def interrupted(after: int) -> Fake:
    """By Ctrl-C once so many responses were given; 0: when it is loaded."""
    fake = Fake(lambda _: "")

    def answer(request: Prompt) -> str:
        if len(fake.asked) > after:
            raise KeyboardInterrupt
        return f"#### {len(request.subject)}"

    fake.answer = answer
    return fake


def stopped(of: Study, folder: Path, after: int) -> str:
    with pytest.raises(Stopped) as told, follow(folder) as progress:
        assay.run(of, folder, progress, interrupted(after).preflight)
    return str(told.value)


def test_an_interrupt_tells_what_is_kept_of_how_many(of: Study, tmp_path: Path) -> None:
    run = tmp_path / "run"
    rest_of_it = f"responses are kept in {run}; the same command continues from there"
    assert stopped(of, run, 300) == f"stopped: 300 of 1,320 {rest_of_it}"
    assert stopped(of, run, 400) == f"stopped: 700 of 1,320 {rest_of_it}"
    rest = Fake(lambda request: f"#### {len(request.subject)}")
    with follow(run) as progress:
        assay.run(of, run, progress, rest.preflight)
    assert len(rest.asked) == 620


def test_an_interrupt_before_the_first_response_says_so(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(Stopped, match=f"first response was kept in {run}; run the same"), follow(run):
        raise KeyboardInterrupt
    assert not (tmp_path / "run").exists()


def test_an_interrupt_once_all_are_there_names_them(of: Study, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assay.run(of, run, engine=Fake(lambda request: request.subject).preflight)
    with pytest.raises(Stopped, match=r"^stopped: 1,320 responses are kept in"), follow(run):
        raise KeyboardInterrupt


def test_the_command_exits_with_130_and_the_message(
    of: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    assert of.name == "s"
    (tmp_path / "study.yaml").write_text(
        "name: s\nbases: [{name: base, model: o/b}]\nadapters: [{name: a, label: numeric, path: o/a}]\n"
        "tasks: [{task: numeric, examples: examples.jsonl}]\n"
    )
    monkeypatch.setattr("assay.audit.run", run)
    monkeypatch.setattr(
        sys, "argv", ["assay", "run", str(tmp_path / "study.yaml"), "--out", str(tmp_path / "r")]
    )
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 130
    assert "assay: stopped before the first response was kept in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ("gsm8k: base", "gsm8k: base"),
        ("gsm8k: base/again", "gsm8k: base, second pass"),
        ("gsm8k: base/template:ab12cd34", "gsm8k: base, under the template ab12cd34"),
        ("gsm8k: base/end:7", "gsm8k: base, ended by the token 7"),
        ("gsm8k: base/template:ab12+end:7", "gsm8k: base, under the template ab12, ended by the token 7"),
        ("", ""),
    ],
)
def test_a_part_is_told_in_words(part: str, shown: str, tmp_path: Path) -> None:
    parts = []

    def progress(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:  # noqa: ARG001
        parts.append(part)

    Following(tmp_path, progress)("responses", 1, 2, part=part)
    assert parts == [shown]
