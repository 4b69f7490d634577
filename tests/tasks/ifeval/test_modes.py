"""Mode `fixed` repairs what is documented, nothing else, and each score says where the other mode differs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from assay.tasks import Example, Score
from assay.tasks.ifeval import IFEval, detection, punkt

from .cases import example
from .conftest import rows

PATTERN = "the reference takes a keyword for a regular expression"
UNDETECTED = "the reference passes a text whose language cannot be detected"
CAPITAL = "the reference detects the language of a text in capitals by first letters alone, and passes it if it cannot"
SIGNS = "the reference misses or misreads a forbidden word with signs in it"
PARAGRAPH = "the reference counts empty paragraphs on the way to the nth"
NTH = {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "two"}

DIFFERENCES: tuple[tuple[str, dict[str, Any], str, bool, str], ...] = (  # ..., verdict of the reference
    ("change_case:english_lowercase", {}, "ªªªª", True, UNDETECTED),
    ("language:response_language", {"language": "en"}, "12 345", True, UNDETECTED),
    ("change_case:english_capital", {}, "ȀȀȀ", True, CAPITAL),
    (
        "change_case:english_capital",
        {},
        "FOCUS ON PERSONAL GROWTH, NEW EXPERIENCES, AND REST",
        False,
        CAPITAL,
    ),
    ("length_constraints:nth_paragraph_first_word", NTH, "one\n\n\n\ntwo", False, PARAGRAPH),
    ("keywords:existence", {"keywords": ["C++"]}, "the language C", True, PATTERN),
    (
        "keywords:frequency",
        {"keyword": "a.b", "frequency": 1, "relation": "less than"},
        "axb",
        False,
        PATTERN,
    ),
    ("keywords:forbidden_words", {"forbidden_words": ["C#"]}, "use C# now", True, SIGNS),
    ("keywords:forbidden_words", {"forbidden_words": ["a.b"]}, "axb", False, SIGNS),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "S.", "num_sections": 1},
        "St 1",
        True,
        PATTERN,
    ),
    ("detectable_content:postscript", {"postscript_marker": "PS+"}, "pss", True, PATTERN),
)


@pytest.mark.parametrize(
    ("id_", "arguments", "response", "reference", "why"), DIFFERENCES, ids=range(len(DIFFERENCES))
)
def test_the_fixed_mode_repairs_a_defect_and_both_modes_say_so(
    id_: str, arguments: dict[str, Any], response: str, reference: bool, why: str
) -> None:
    asked = example(id_, arguments)
    ours, theirs = IFEval().score(asked, response), IFEval(mode="fixed").score(asked, response)
    assert (ours.detail["strict"], theirs.detail["strict"]) == ([reference], [not reference])
    for score, other, mode in ((ours, theirs, "fixed"), (theirs, ours, "reference")):
        assert score.detail["other"] == {
            "mode": mode,
            "strict": other.detail["strict"],
            "loose": other.detail["loose"],
            "why": {"0": why},
        }


def by_key(data: Path, key: str) -> Example:
    examples = IFEval().read(data / "ifeval" / "input_data.jsonl")
    return next(example for example in examples if example.key == key)


@pytest.mark.parametrize(
    ("key", "index", "response", "reference", "why"),
    [
        (
            "30",
            2,
            '"It Is So."',
            True,
            "prompt 30 asks for lower case; the file asks for quotation marks twice",
        ),
        ("337", 0, "word " * 350, True, "prompt 337 asks for 400 words, the file for 336"),
        (
            "2078",
            0,
            "* one\n* two",
            False,
            "prompt 2078 asks for exactly one bullet point and for a few: one or more will do",
        ),
    ],
)
def test_faults_of_the_published_prompts_are_repaired(
    key: str, index: int, response: str, reference: bool, why: str, data: Path
) -> None:
    published = by_key(data, key)
    score = IFEval().score(published, response)
    assert score.detail["strict"][index] is reference
    assert score.detail["other"]["strict"][index] is not reference
    assert score.detail["other"]["why"] == {str(index): why}

    foreign = Example(published.key, "Another file's prompt.", published.data)
    assert "other" not in IFEval().score(foreign, response).detail
    renamed = Example("k", published.prompt, published.data)
    assert "other" not in IFEval().score(renamed, response).detail


@pytest.mark.usefixtures("punkt_data")
def test_one_pass_tells_the_other_modes_verdicts(data: Path, by_prompt_2023: dict[str, Example]) -> None:
    different = 0
    for row in rows(data / "ifeval" / "judged" / "gpt-4o-2024-08-06" / "eval_results_strict.jsonl"):
        asked = by_prompt_2023[row["prompt"]]
        ours = IFEval().score(asked, row["response"]).detail
        theirs = IFEval(mode="fixed").score(asked, row["response"]).detail
        told, told_back = ours.get("other", ours), theirs.get("other", theirs)
        for form in ("strict", "loose"):
            assert (told[form], told_back[form]) == (theirs[form], ours[form])
        different += "other" in ours
    assert 0 < different < 20


@pytest.mark.usefixtures("punkt_data")
def test_scores_are_the_same_on_every_thread_in_every_order_and_again(
    data: Path, by_prompt_2023: dict[str, Example]
) -> None:
    path = data / "ifeval" / "judged" / "Qwen__Qwen2.5-0.5B-Instruct-GPTQ-Int4" / "eval_results_strict.jsonl"
    pairs = [(by_prompt_2023[row["prompt"]], row["response"]) for row in rows(path)[:250]]
    pairs += [(asked, response[:30]) for asked, response in pairs]  # short texts flip most easily
    task = IFEval()
    alone = [task.score(*pair) for pair in pairs]
    for seed in (1, 2):
        detection.clear()
        punkt.clear()
        order = list(range(len(pairs)))
        Random(seed).shuffle(order)  # noqa: S311
        with ThreadPoolExecutor(8) as pool:
            together: dict[int, Score] = dict(
                zip(order, pool.map(lambda index: task.score(*pairs[index]), order), strict=True)
            )
        assert [together[index] for index in range(len(pairs))] == alone
