"""Language and case of a response."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.tasks.ifeval import IFEval
from assay.tasks.ifeval.registry import LANGUAGES
from tests.tasks.ifeval.cases import example


@pytest.mark.parametrize("response", ["123", "...", "🙂🙂", "ªª", "漢字"])
def test_no_text_without_a_detectable_case_and_language_passes_a_case_check_when_fixed(response: str) -> None:
    for id_ in ("change_case:english_lowercase", "change_case:english_capital"):
        assert IFEval(mode="fixed").score(example(id_, {}), response).passed == (0, 0, 0, 0)


def test_the_languages_are_those_of_langdetect() -> None:
    from langdetect.detector_factory import PROFILES_DIRECTORY

    assert {path.name for path in Path(PROFILES_DIRECTORY).iterdir()} >= set(LANGUAGES)
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 55
