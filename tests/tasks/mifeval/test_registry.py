"""Each of the 93 instructions passes what follows it, and says why another text does not."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval import MIFEval
from assay.tasks.mifeval.registry import INSTRUCTIONS, relation

from .cases import CASES, example
from .conftest import missing, skip


def test_there_are_30_instructions_for_spanish_and_french_and_33_for_japanese() -> None:
    counts = {
        language: sum(id_.startswith(language) for id_ in INSTRUCTIONS) for language in ("es", "fr", "ja")
    }
    assert counts == {"es": 30, "fr": 30, "ja": 33}
    assert CASES.keys() == INSTRUCTIONS.keys()


@pytest.mark.parametrize("mode", MIFEval.modes)
@pytest.mark.parametrize("id_", CASES)
def test_an_instruction_passes_and_fails_with_a_reason(id_: str, mode: str) -> None:
    skip(missing(id_))
    _, good, bad, reason = CASES[id_]
    task, asked = MIFEval(mode=mode), example(id_)
    score = task.score(asked, good)
    assert (score.detail["reasons"], score.passed) == ([None], (1, 1, 1, 1))
    score = task.score(asked, bad)
    assert (score.passed[:2], score.out_of) == ((0, 0), (1, 1, 1, 1))
    if mode == "reference":
        assert score.detail["reasons"] == [reason]


@pytest.mark.parametrize("id_", INSTRUCTIONS)
def test_an_empty_response_follows_nothing(id_: str) -> None:
    assert MIFEval().score(example(id_), " \n\u3000").detail["reasons"] == ["the response is empty"]


def test_a_relation_is_read_in_its_own_language_alone() -> None:
    spanish = relation("es")
    assert [spanish.cast(word) for word in ("al menos", "como máximo")] == ["at least", "at most"]
    assert not any(spanish.accepts(word) for word in ("au moins", "at least", ["al menos"]))
    assert relation("ja").expected == '"以上" or "未満"'
