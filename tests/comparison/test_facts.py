"""What findings depend on, beside each other."""

from __future__ import annotations

from pathlib import Path

from assay.comparison import Side
from assay.comparison.facts import contents_of, facts
from assay.runs.decided import open_decided


def test_facts_differ_in_what_the_runs_differ_in(pair: tuple[Path, Path]) -> None:
    whole, part = (Side(open_decided(run)) for run in pair)
    assert {fact.what for fact in facts(whole, whole) if not fact.same} == set()
    assert {fact.what for fact in facts(whole, part) if not fact.same} == {"math: prompts", "margin"}


def test_of_one_adapter_the_weights_of_it_and_its_base_are_listed(pair: tuple[Path, Path]) -> None:
    sides = [Side(open_decided(run), "a") for run in pair]
    assert [fact.what for fact in facts(*sides)][:2] == ["adapter", "base"]
    assert sides[0].name == f"a in {pair[0]}"
    assert set(contents_of(sides[0])) == {"math"}
