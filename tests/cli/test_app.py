"""Commands as functions, and ways of writing them that people have written down."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from assay.cli import RENAMED
from assay.cli.app import flattened, parse_options
from assay.errors import AssayError
from tests.studies import one_task_study, table

OLD = {
    ("demo", "--keep"): "--out",
    ("demo", "--study"): "--recipe",
    ("import", "--into"): "--out",
    ("plan", "--no-trial"): "",
}
"""Options that stood in scripts before: they work for all of 0.x."""


def test_every_old_option_is_still_taken() -> None:
    assert {(command, old): new for command, names in RENAMED.items() for old, new in names.items()} == OLD


@pytest.mark.parametrize(("command", "option"), OLD)
@pytest.mark.parametrize("form", [(), ("=x",)])
def test_an_old_option_is_noted_and_means_the_new_one(
    call: Any, command: str, option: str, form: tuple[str, ...]
) -> None:
    new = OLD[command, option]
    done = call(command, "--no-such", option + "".join(form) if new else option)
    note = f"is now {new}" if new else "has no effect any more; leave it out"
    assert done.err.startswith(f"assay: note: {option} {note}\n")
    assert f"No such option: {option}" not in done.err


def test_an_old_option_behind_the_end_of_options_is_an_argument(call: Any) -> None:
    assert "note:" not in call("demo", "--published", "--", "--keep").err


def test_a_plan_without_a_trial_may_be_written_as_it_was(call: Any, tmp_path: Path) -> None:
    base, adapter = table(10, 2, 40)
    study = one_task_study(tmp_path, base, {"a": adapter})
    old, new = call("plan", study, "--no-trial"), call("plan", study)
    assert (old.code, old.out) == (0, new.out)
    assert new.err == ""


def test_decide_is_a_command_as_before(call: Any, tmp_path: Path) -> None:
    base, adapter = table(24, 0, 40)
    call("run", one_task_study(tmp_path, base, {"a": adapter}), "--out", tmp_path / "run")
    done = call("decide", tmp_path / "run")
    assert (done.code, done.err) == (0, "")


@dataclass(frozen=True)
class Pair:
    """Two options."""

    low: Annotated[int, typer.Option()]
    high: Annotated[int, typer.Option()] = 9


def test_a_dataclass_parameter_becomes_an_option_for_each_field() -> None:
    seen: list[tuple[str, Pair, bool]] = []

    def function(name: str, pair: Pair, json: bool = False) -> None:
        seen.append((name, pair, json))

    flat = flattened(function)
    parameters = inspect.signature(flat).parameters
    assert list(parameters) == ["name", "low", "high", "json"]
    assert [parameters[name].default for name in ("high", "json")] == [9, False]
    assert parameters["low"].default is inspect.Parameter.empty
    flat(name="a", low=1, high=2, json=True)
    assert seen == [("a", Pair(1, 2), True)]


def test_options_are_read_as_a_study_file_reads_them() -> None:
    given = ["rows=64", "device=cpu", "url=http://h:1/v1", "models={qa: served}", "name="]
    assert parse_options(given) == {
        "rows": 64,
        "device": "cpu",
        "url": "http://h:1/v1",
        "models": {"qa": "served"},
        "name": "",
    }
    assert parse_options(None) == {}
    for bad in (["rows"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(AssayError, match=r"^--option "):
            parse_options(bad)
