"""Passages, worked out again from the text alone."""

from __future__ import annotations

import re

from assay.demo.synthetic import draw


def test_passage_answers_stand_in_a_sentence_about_the_one_who_is_asked_about() -> None:
    for pair in draw("passages", "test", 2000, 6):
        passage, question = pair.prompt.split("\n\n")
        answer = pair.data["answer"]
        assert re.search(rf"\b{re.escape(answer)}\b", passage)
        assert not re.search(rf"\b{re.escape(answer)}\b", question), pair.prompt
        told = [sentence.rstrip(".") for sentence in passage.split(". ")]
        about = {sentence.split()[0] for sentence in told if re.search(rf"\b{re.escape(answer)}\b", sentence)}
        assert len(about) == 1
        known = {sentence.split()[0] for sentence in told if named(sentence, question)}
        assert about <= known, pair.prompt


def named(sentence: str, question: str) -> bool:
    """Whether a question names the one whom a sentence is about, or what it says of them."""
    name, value = sentence.split()[0], sentence.removesuffix(" at home").removesuffix(" coat").split()[-1]
    return any(re.search(rf"\b{word}\b", question) for word in (name, value))
