"""`assay demo` as a user meets it; nothing here trains."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.cli import main
from assay.cli.demo import variances
from assay.demo import controlled
from assay.demo.published import HERE
from assay.progress import Progress
from assay.stats import Verdict
from assay.training import Recipe
from assay.verdicts import RecipeResult, Result
from tests.demo.conftest import small

SEEDS = RecipeResult(
    recipe="numeric",
    base="base",
    label="numeric",
    metric="problems.numeric_match",
    kind="gains",
    margin=0.05,
    seeds=(1, 2, 3),
    gains=(0.1, 0.2, 0.3),
    n=300,
    gain=0.2,
    interval=(0.1, 0.3),
    level=0.95,
    p=0.01,
    verdict=Verdict.CONFIRMED,
    material=False,
    kept_within_margin=False,
    examples_needed=None,
    var_prompt=0.12,
    var_seed=0.0025,
    var_resid=0.2,
    se_prompt=0.02,
    se_seed=0.0289,
    flip_rate=0.3,
    next_seed=(0.05, 0.35),
)


def called(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["assay", "demo", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """What an audit found, with one recipe over its seeds."""
    result = assay.run(HERE / "published.yaml", tmp_path_factory.mktemp("found"))
    return replace(result, recipes=(SEEDS,))


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of its own for what a demo leaves."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def asked(found: Result, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    """Studies that were asked for: names and folders. They take no time."""
    told: list[tuple[str, Path]] = []

    def run(recipe: Recipe, folder: Path, progress: Progress) -> Result:
        told.append((recipe.form.name, folder))
        progress("training", 1, 1)
        (folder / "adapters").mkdir(exist_ok=True)
        (folder / "report.html").touch()
        return found

    monkeypatch.setattr(controlled, "run_controlled", run)
    monkeypatch.setattr(controlled, "lacking", lambda: None)
    return told


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """By Ctrl-C, when one adapter is there."""

    def run(recipe: Recipe, folder: Path, progress: Progress) -> Result:  # noqa: ARG001
        made = folder / "adapters" / recipe.adapters[0].name
        made.mkdir(parents=True)
        (made / "training.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setattr(controlled, "run_controlled", run)
    monkeypatch.setattr(controlled, "lacking", lambda: None)


def test_it_shows_seeds_against_prompts_and_names_the_report_that_stays(
    asked: list[tuple[str, Path]],
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert called(monkeypatch) == 0
    ((name, folder),) = asked
    assert (name, folder.parent) == ("demo", temporary)
    assert [path.name for path in folder.iterdir()] == ["report.html"]
    words = " ".join(capsys.readouterr().out.split())
    assert words.index("Matrix") < words.index("seeds and prompts: numeric") < words.index("report:")
    assert f"report: {folder / 'report.html'} adapters and records were removed" in words


def test_seeds_and_prompts_are_told_as_variances_and_as_errors_of_the_mean(found: Result) -> None:
    (line,) = variances(found)
    assert line == (
        "seeds and prompts: numeric, problems.numeric_match: standard error of the mean gain 2.9 points from 3 seeds and "
        "2.0 from 300 prompts (variance 0.0025 between seeds, 0.1200 between prompts, 0.2000 residual)"
    )


def test_json_is_that_of_a_run_and_nothing_stays(
    asked: list[tuple[str, Path]],
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert called(monkeypatch, "--json") == 0
    assert asked
    assert json.loads(capsys.readouterr().out)["recipes"][0]["var_seed"] == 0.0025
    assert not list(temporary.iterdir())


def test_kept_everything_stays_and_a_recipe_of_ones_own_is_run(
    asked: list[tuple[str, Path]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert called(monkeypatch, "--recipe", small(tmp_path), "--out", tmp_path / "kept") == 0
    assert asked == [("small", tmp_path / "kept")]
    assert {path.name for path in (tmp_path / "kept").iterdir()} >= {"recipe.yaml", "adapters", "report.html"}
    words = " ".join(capsys.readouterr().out.split())
    assert f"report: {tmp_path / 'kept' / 'report.html'}" in words
    assert "were removed" not in words


@pytest.mark.usefixtures("interrupted")
def test_interrupted_it_says_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert called(monkeypatch, "--out", tmp_path / "kept") == 130
    told = capsys.readouterr().err
    assert (
        f"stopped: 1 of 7 adapters are in {tmp_path / 'kept' / 'adapters'}; the same command continues"
        in told
    )


@pytest.mark.usefixtures("interrupted")
def test_interrupted_without_a_place_it_says_that_nothing_is_kept(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch) == 130
    assert "stopped, and nothing was kept; with `--out DIR`" in capsys.readouterr().err
    assert not list(temporary.iterdir())


def test_where_it_cannot_train_recorded_responses_are_audited_and_it_says_why(
    found: Result, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("assay.demo.recorded.run_recorded", lambda _: found)
    monkeypatch.setattr(controlled, "lacking", lambda: "the base is not here: get it")
    assert called(monkeypatch, "--json") == 0
    printed = capsys.readouterr()
    assert "the controlled study cannot run here: the base is not here: get it" in printed.err
    assert "assay demo --recorded" in printed.err
    assert json.loads(printed.out)["study"] == found.study


def test_a_recipe_of_ones_own_is_never_replaced_by_published_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(controlled, "lacking", lambda: "the base is not here")
    monkeypatch.delenv("ASSAY_EMBEDDED", raising=False)
    monkeypatch.setattr("assay.embedded.SHIPPED", tmp_path)
    own = small(tmp_path)
    for arguments in (("--recipe", own), ("--out", tmp_path)):
        assert called(monkeypatch, *arguments) == 64
        printed = capsys.readouterr()
        assert not printed.out
        assert "+0.606" not in printed.err


@pytest.mark.parametrize(
    "options", [("--published", "--recipe"), ("--recorded", "--recipe"), ("--recorded", "--published")]
)
def test_one_demo_at_a_time(
    options: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    given = [(option, small(tmp_path)) if option == "--recipe" else (option,) for option in options]
    assert called(monkeypatch, *(word for words in given for word in words)) == 64
    assert "are different demos; give only --re" in capsys.readouterr().err


def test_recorded_responses_are_audited_and_only_the_report_stays(temporary: Path, call: Any) -> None:
    shown = call("demo", "--recorded")
    assert shown.code == 0
    assert shown.out.startswith("Verdicts: gains on problems.numeric_match")
    for word in ("confirmed", "no gain", "not applied"):
        assert word in shown.words
    (folder,) = temporary.iterdir()
    assert f"report: {folder / 'report.html'} records were removed" in shown.words
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.md", "verdicts.json"}


def test_recorded_responses_are_audited_in_a_folder_that_stays(
    temporary: Path, call: Any, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    first, again = call("demo", "--recorded", "--out", kept), call("demo", "--recorded", "--out", kept)
    assert first.code == again.code == 0
    assert first.out == again.out
    assert {"report.html", "records.sqlite", "study.yaml"} <= {path.name for path in kept.iterdir()}
    assert not list(temporary.iterdir())


def test_recorded_responses_as_json_leave_nothing(temporary: Path, call: Any) -> None:
    verdicts = json.loads(call("demo", "--recorded", "--json").out)
    assert [claim["verdict"] for claim in verdicts["claims"]] == ["confirmed", "no gain", "not applied"]
    assert not list(temporary.iterdir())


@pytest.mark.slow
def test_published_figures_show_both_drifts_and_claim_nothing(call: Any, tmp_path: Path) -> None:
    out = call("demo", "--published", "--out", tmp_path / "demo").out
    assert "+0.606" in out
    assert "+0.541" in out
    assert "28, 56, 84, 112" in " ".join(out.split())
    assert json.loads((tmp_path / "demo" / "verdicts.json").read_text())["counts"]["verdicts"] == {
        "not measured": 2
    }
