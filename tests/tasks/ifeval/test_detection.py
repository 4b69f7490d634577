"""The detected language is langdetect's under seed 0."""

from __future__ import annotations

import random

import pytest

from tests.tasks.ifeval.texts import text_of


@pytest.mark.usefixtures("oracle")
def test_the_language_is_langdetects_under_seed_0() -> None:
    from langdetect import LangDetectException, detect

    from assay.tasks.ifeval import detection

    chance = random.Random(5)  # noqa: S311
    texts = [text_of(chance) for _ in range(150)]
    texts += [f"{text} http://x.org/{'a' * 3000} {text * 300}" for text in texts[:6]]
    for text in texts:
        try:
            expected = detect(text)
        except LangDetectException:
            expected = None
        assert detection.language(text) == expected, text
