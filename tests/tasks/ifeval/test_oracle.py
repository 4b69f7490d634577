"""Mode `reference` agrees with lm-eval's verifier on generated texts that are rich in what it looks for."""

from __future__ import annotations

import random
from collections import Counter
from string import ascii_letters

import pytest

from assay.tasks import Example
from assay.tasks.ifeval import IFEval
from assay.tasks.ifeval.registry import INSTRUCTIONS
from tests.tasks.ifeval.texts import PIECES, WORDS, text_of

from .conftest import Oracle


def arguments_of(id_: str, chance: random.Random) -> dict[str, object]:
    return {name: argument_of(name, chance) for name in INSTRUCTIONS[id_].arguments}


def argument_of(name: str, chance: random.Random) -> object:
    if name.endswith("relation"):
        return chance.choice(("at least", "less than"))
    if name in ("keywords", "forbidden_words"):
        return chance.sample(WORDS, chance.randint(1, 3))
    texts: dict[str, tuple[str, ...]] = {
        "keyword": (*WORDS, " cat "),
        "letter": tuple(ascii_letters),
        "language": ("en", "fr", "de", "hi", "ru", "ko", "fi"),
        "first_word": ("cat", "The", "dog", "Σ", "οδοσ"),
        "postscript_marker": ("P.S.", "P.P.S", "PS:", "note"),
        "section_spliter": ("SECTION", "Section", "Day", " Section "),
        "prompt_to_repeat": ("The weather", "cat", "  Sure!"),
        "end_phrase": ("the end", "Any other questions?", "Bye", "cat. "),
    }
    if name in texts:
        return chance.choice(texts[name])
    return 1 if name == "nth_paragraph" else chance.choice((1, 1, 2, 3, 5, 12))


def compare(id_: str, count: int, oracle: Oracle) -> Counter[tuple[bool, bool]]:
    """The verdicts of both verifiers on `count` random pairs of arguments and text are the same."""
    chance, task = random.Random(id_), IFEval()  # noqa: S311
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for _ in range(count):
        arguments = arguments_of(id_, chance)
        if "nth_paragraph" in arguments:
            arguments["nth_paragraph"] = chance.randint(1, int(str(arguments["num_paragraphs"])))
        text = text_of(chance)
        if chance.random() < 0.4:  # aim at what is asked
            aims = [value for value in arguments.values() if isinstance(value, str)]
            text = chance.choice(("{1}\n\n{0}", "{0} {1}", "{0}\n\n{1}\n\n{0}", "{1}")).format(
                text, chance.choice(aims) if aims else chance.choice(PIECES)
            )
        example = Example("1", "A prompt.", {"instruction_id_list": [id_], "kwargs": [arguments]})
        detail = task.score(example, text).detail
        strict, loose = oracle(example, text)
        assert (detail["strict"], detail["loose"]) == (strict, loose), (arguments, text)
        verdicts[strict[0], loose[0]] += 1
    return verdicts


@pytest.mark.parametrize("id_", INSTRUCTIONS)
def test_an_instruction_is_judged_as_lm_eval_judges_it(id_: str, oracle: Oracle) -> None:
    pairs = 40 if id_ == "language:response_language" else 140  # langdetect takes its time
    verdicts = compare(id_, pairs, oracle)
    assert verdicts[True, True] >= 3, "generated texts never pass"
    assert verdicts[False, False] >= 3, "generated texts never fail"


@pytest.mark.slow
@pytest.mark.parametrize("id_", INSTRUCTIONS)
def test_an_instruction_is_judged_as_lm_eval_judges_it_on_many_texts(id_: str, oracle: Oracle) -> None:
    compare(id_, 1_500, oracle)
