"""Every flip is on some page, each once, and filters leave those that fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.generated_study import Shape, generate

import assay
from assay.report.html.page_data import gather
from assay.runs import Run
from assay.view.flips import Filter, Flips, Pair, Shown
from assay.view.opened import open_run
from tests.verdicts.test_turns import audit
from tests.view.conftest import entry_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("flips")
    shape = Shape(bases=2, recipes=2, seeds=2, numeric_tasks=1, prompts=30)
    assay.run(generate(made / "in", shape), made / "runs" / "x")
    return made / "runs"


@pytest.fixture
def flips(folder: Path) -> Flips:
    return Flips(open_run(entry_of(folder, "x")))


def every(flips: Flips, filters: Filter, seconds: float = 60.0) -> list[Shown]:
    shown: list[Shown] = []
    start = 0
    while True:
        page = flips.page(filters, start, seconds)
        shown += page.shown
        if not page.more:
            return shown
        start = page.end


def test_pages_hold_the_flips_of_the_report(folder: Path, flips: Flips) -> None:
    with Run.open(folder / "x") as run:
        data = gather(run.plan, run.evidence)
    pages = every(flips, Filter())
    assert sorted(map(repr, (shown.flip for shown in pages))) == sorted(map(repr, data.flips))
    assert flips.page(Filter()).total == len(data.flips) > 40
    assert {(c.adapter, c.task): (c.fixed, c.broken) for c in flips.counts} == {
        (c.adapter, c.task): (c.fixed, c.broken) for c in data.counts
    }


def test_a_page_in_the_middle_is_what_comes_there(flips: Flips) -> None:
    pages = every(flips, Filter())
    assert list(flips.page(Filter(), 33).shown) == pages[33:53]
    assert flips.page(Filter(), 10**9).shown == ()


@pytest.mark.parametrize("direction", ["fixed", "broken"])
def test_filters_leave_what_fits(flips: Flips, direction: str) -> None:
    pages = every(flips, Filter())
    adapter, task = pages[-1].pair.adapter, "ifeval"
    filters = Filter(adapter, task, direction)
    expected = [s for s in pages if s.pair[:2] == (adapter, task) and s.flip.direction == direction]
    assert every(flips, filters) == expected
    assert flips.page(filters).total == len(expected)


def test_a_search_finds_texts_and_types(flips: Flips) -> None:
    pages = every(flips, Filter())
    kind = "punctuation:no_comma"
    assert every(flips, Filter(type=kind)) == [s for s in pages if kind in s.flip.types]
    assert every(flips, Filter(text="NO COMMAS")) == [
        s for s in pages if "no commas" in s.flip.prompt.lower()
    ]
    assert every(flips, Filter(text="nobody wrote this")) == []


def test_a_search_that_runs_out_of_time_goes_on_where_it_stopped(flips: Flips) -> None:
    page = flips.page(Filter(text="nobody wrote this"), 0, seconds=0.0)
    assert page.shown == ()
    assert 0 < page.end <= page.total
    assert every(flips, Filter(text="no commas"), 0.0) == every(flips, Filter(text="no commas"))


def test_two_adapters_are_compared_on_their_own_prompts(flips: Flips) -> None:
    first, second = [count.adapter for count in flips.counts if count.task == "gsm8k"][:2]
    there = every(flips, Filter(adapter=first, against=second))
    back = every(flips, Filter(adapter=second, against=first))
    assert [s.position for s in there] == [s.position for s in back]
    assert [s.flip.direction for s in there] == [
        {"fixed": "broken", "broken": "fixed"}[s.flip.direction] for s in back
    ]
    assert every(flips, Filter(adapter=first, against="nobody")) == []


def test_names_that_the_run_does_not_have_find_nothing(flips: Flips) -> None:
    assert every(flips, Filter(adapter="nobody")) == []
    assert every(flips, Filter(task="nothing")) == []
    assert flips.whole(Pair("nobody", "gsm8k"), 0) is None
    assert flips.whole(Pair(flips.counts[0].adapter, "gsm8k"), 10**6) is None


def test_a_flip_of_a_conversation_has_every_turn_on_the_page_and_in_the_report(tmp_path: Path) -> None:
    audit(tmp_path)
    (first, *_) = every(Flips(open_run(entry_of(tmp_path, "run"))), Filter())
    with Run.open(tmp_path / "run") as run:
        (reported, *_) = gather(run.plan, run.evidence).flips
    assert first.flip == reported
    assert first.flip.prompt == "[turn 1]\nTurn 1 of 1.\n\n[turn 2]\nTurn 2 of 1.\n\n[turn 3]\nTurn 3 of 1."
    assert first.flip.before.response == "[turn 1]\na fox\n\n[turn 2]\n<<a>> b\n\n[turn 3]\n<<a>> fox"
    assert first.flip.after.response == "[turn 1]\na fox\n\n[turn 2]\n<<a>> b\n\n[turn 3]\na, b"
    assert [check.passed for check in first.flip.after.checks] == [True, True, True, False, False, False]
