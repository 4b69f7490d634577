"""Mode `fixed` repairs what is documented, and each score says where the other mode differs."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval import MIFEval
from assay.tasks.mifeval.registry import INSTRUCTIONS

from .cases import SPANISH_TEXT, example
from .conftest import missing, skip

ES_FIRST = {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Para"}
JA_FIRST = {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "AI"}
SECTION = {"section_spliter": "S.", "num_sections": 1, "relation": "al menos"}

DIFFERENCES: tuple[tuple[str, dict[str, object], str, bool], ...] = (  # ..., verdict of the reference
    ("es:keywords:existence", {"keywords": ["C++"]}, "sabe C", True),
    ("fr:keywords:existence", {"keywords": ["C++"]}, "du C", True),
    ("es:length_constraints:number_words", {"num_words": 3, "relation": "al menos"}, "uno  +  dos", True),
    ("es:length_constraints:nth_paragraph_first_word", ES_FIRST, "Uno.\n\n¿Para qué?", False),
    ("es:length_constraints:nth_paragraph_first_word", ES_FIRST, "Uno.\n\n\n\nPara", False),
    (
        "es:detectable_content:number_placeholders",
        {"num_placeholders": 1, "relation": "como máximo"},
        "[a] [b]",
        True,
    ),
    (
        "es:detectable_format:number_highlighted_sections",
        {"num_highlights": 1, "relation": "como máximo"},
        "*a* y *b*",
        True,
    ),
    ("es:detectable_format:multiple_sections", SECTION, "St 1", True),
    ("es:detectable_content:postscript", {"postscript_marker": "Nota"}, "Es notable.", True),
    ("es:startend:end_checker", {"end_phrase": "Fin."}, "Es el fin.", False),
    ("es:change_case:spanish_capital", {}, f"1º {SPANISH_TEXT.upper()}", False),
    ("es:change_case:spanish_capital", {}, "123", True),
    ("es:language:response_language", {"language": "de"}, "123", True),
    ("fr:detectable_content:postscript", {"postscript_marker": "PS"}, "De temps en temps.", True),
    ("fr:detectable_content:postscript", {"postscript_marker": "p.-s."}, "pi-sa", True),
    (
        "fr:language:response_language",
        {"language": "zh"},
        "今天天气很好，我们去公园散步，然后回家吃晚饭。",
        False,
    ),
    ("fr:detectable_content:informal_address", {}, "Je t’aime.", False),
    ("fr:change_case:french_lowercase", {}, "ªªªª", True),
    ("ja:keywords:existence", {"keywords": ["秘密の特訓"]}, "秘密の特訓をした。", False),
    (
        "ja:keywords:frequency",
        {"keyword": "白い猫", "frequency": 2, "relation": "以上"},
        "白い猫と白い猫。",
        False,
    ),
    ("ja:keywords:forbidden_words", {"forbidden_words": ["白い猫"]}, "白い猫がいる。", True),
    ("ja:length_constraints:nth_paragraph_first_word", JA_FIRST, "一。\n\nAIは", False),
    (
        "ja:detectable_format:multiple_sections",
        {"section_spliter": "章", "num_sections": 2},
        "第一章 甲\n第十二章 乙",
        False,
    ),
    ("ja:startend:sentence_unified_end", {"ending": "です"}, "猫です。\n犬です。\n", False),
    ("ja:letters:furigana", {}, "人々（ひとびと）", False),
    ("ja:letters:hiragana_only", {}, "123", True),
    ("ja:letters:katakana_only", {}, "ヴァイオリン", False),
    ("ja:letters:katakana_only", {}, "123", True),
)


@pytest.mark.parametrize(("id_", "arguments", "response", "reference"), DIFFERENCES)
def test_a_defect_is_repaired_and_both_modes_say_so(
    id_: str, arguments: dict[str, object], response: str, reference: bool
) -> None:
    skip(missing(id_))
    asked, why = example(id_, arguments), INSTRUCTIONS[id_].why
    ours, theirs = (MIFEval(mode=mode).score(asked, response).detail for mode in ("reference", "fixed"))
    assert (ours["strict"], theirs["strict"]) == ([reference], [not reference])
    assert (ours["other"]["mode"], ours["other"]["why"]) == ("fixed", {"0": why})
    assert (theirs["other"]["mode"], theirs["other"]["why"]) == ("reference", {"0": why})
    assert why


def test_an_instruction_that_has_no_difference_here_is_repaired_in_ifeval_already() -> None:
    repaired = {id_ for id_, instruction in INSTRUCTIONS.items() if instruction.fixed}
    borrowed = {
        "es:keywords:frequency",
        "es:keywords:forbidden_words",
        "fr:keywords:frequency",
        "fr:keywords:forbidden_words",
        "fr:detectable_format:multiple_sections",
        "fr:length_constraints:nth_paragraph_first_word",
    }
    like_others = {
        "es:change_case:spanish_lowercase",
        "fr:change_case:french_capital",
        "ja:language:response_language",
    }
    assert repaired - {id_ for id_, *_ in DIFFERENCES} == borrowed | like_others
