"""What Multi-IF judges otherwise than IFEval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.tasks.multiif import MultiIF
from tests.tasks.multiif.written import NO_COMMA, conversation, read

WORDS, SENTENCES = "length_constraints:number_words", "length_constraints:number_sentences"
CHINESE = "我有一只很可爱的小猫。它每天都在花园里玩。"
HINDI = "मेरे पास एक बिल्ली है। वह बगीचे में खेलती है।"
FREQUENCY = {"frequency": 1, "relation": "less than"}


@pytest.mark.parametrize(
    ("mode", "id_", "arguments", "text", "reason"),
    [
        (
            "reference",
            WORDS,
            {"num_words": 20, "relation": "at least"},
            CHINESE,
            "19 words, at least 20 asked",
        ),
        (
            "reference",
            WORDS,
            {"num_words": 11.0, "relation": "at least"},
            HINDI,
            "10 words, at least 11 asked",
        ),
        ("reference", SENTENCES, {"num_sentences": 2, "relation": "less than"}, CHINESE, "2 sentences, "),
        ("reference", SENTENCES, {"num_sentences": 2, "relation": "less than"}, HINDI, "2 sentences, "),
        ("reference", "startend:quotation", {}, "“你好”", None),
        ("reference", "startend:quotation", {}, "「犬」", None),
        ("reference", "startend:quotation", {}, "“x」", "not wrapped in"),
        (
            "reference",
            "keywords:frequency",
            {"keyword": "C++(", **FREQUENCY},
            "x",
            "is no regular expression",
        ),
        ("fixed", "keywords:frequency", {"keyword": "C++(", **FREQUENCY}, "x", None),
        ("reference", "language:response_language", {"language": "zh"}, CHINESE, "language zh-cn, zh asked"),
        ("fixed", "language:response_language", {"language": "zh"}, CHINESE, None),
        ("fixed", "language:response_language", {"language": "zh"}, HINDI, "language hi, zh asked"),
    ],
)
def test_an_instruction_is_judged_in_the_language_of_the_response(
    tmp_path: Path, mode: str, id_: str, arguments: dict[str, Any], text: str, reason: str | None
) -> None:
    pytest.importorskip("emoji")
    (example,) = read(tmp_path, conversation("1", NO_COMMA, NO_COMMA, ((id_, arguments),)))
    found = MultiIF(mode=mode).score(example, text).detail["reasons"][-1]
    assert found == reason if reason is None else reason in str(found)
