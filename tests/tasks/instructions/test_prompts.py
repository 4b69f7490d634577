"""A prompt file is read whole, or refused with the file, the line, the key, what was found and the fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.errors import TaskError
from assay.tasks.ifeval import IFEval
from assay.tasks.ifeval.registry import LANGUAGES

GOOD: dict[str, Any] = {
    "key": 1000,
    "prompt": "Three words.",
    "instruction_id_list": ["length_constraints:number_words"],
    "kwargs": [{"num_words": 3, "relation": "at least"}],
}


def write(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(TaskError) as refused:
        IFEval().read(path)
    return str(refused.value).removeprefix(f"{path}:")


def test_null_and_empty_arguments_are_absent_and_ids_may_carry_a_prefix(tmp_path: Path) -> None:
    row = GOOD | {
        "key": "a",
        "instruction_id_list": ["en:length_constraints:number_words", "punctuation:no_comma"],
        "kwargs": [{"num_words": 3, "relation": "at least", "letter": None, "keywords": []}, None],
    }
    (example,) = IFEval().read(write(tmp_path, row))
    assert example.key == "a"
    assert example.data == {
        "instruction_id_list": ["length_constraints:number_words", "punctuation:no_comma"],
        "kwargs": [{"num_words": 3, "relation": "at least"}, {}],
    }


WHERE = "1: key 1000: kwargs[0] (length_constraints:number_words): "


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": None}, "1: `key` is None; write a text or a whole number"),
        ({"key": True}, "1: `key` is True; write a text or a whole number"),
        ({"prompt": " "}, "1: key 1000: `prompt` is ' '; write the text of the prompt"),
        (
            {"instruction_id_list": []},
            "1: key 1000: `instruction_id_list` is []; a list of instruction ids is expected",
        ),
        ({"kwargs": {}}, "1: key 1000: `kwargs` is {}; a list of objects is expected"),
        (
            {"kwargs": []},
            "1: key 1000: 1 in `instruction_id_list` but 0 in `kwargs`; give each instruction its object of "
            "arguments, {} if it takes none",
        ),
        (
            {"instruction_id_list": ["length_constraints:number_word"]},
            "1: key 1000: instruction_id_list[0]: unknown instruction 'length_constraints:number_word'; "
            "did you mean 'length_constraints:number_words'?",
        ),
        (
            {"kwargs": [{"num_words": 3}]},
            f'{WHERE}`relation` is missing (found: num_words); "at least" or "less than" is expected',
        ),
        (
            {"kwargs": [{"num_words": 3, "relation": "at most"}]},
            f"""{WHERE}`relation` is 'at most'; "at least" or "less than" is expected""",
        ),
        (
            {"kwargs": [{"num_words": "3", "relation": "at least"}]},
            f"{WHERE}`num_words` is '3'; a whole number, 1 or more is expected",
        ),
        (
            {"kwargs": [{"num_words": 0, "relation": "at least"}]},
            f"{WHERE}`num_words` is 0; a whole number, 1 or more is expected",
        ),
        (
            {"kwargs": [{"num_words": True, "relation": "at least"}]},
            f"{WHERE}`num_words` is True; a whole number, 1 or more is expected",
        ),
        (
            {"kwargs": [{"num_words": 3, "relation": "at least", "letter": "q"}]},
            f"{WHERE}unknown argument `letter`; this instruction takes num_words, relation",
        ),
        (
            {
                "instruction_id_list": ["length_constraints:nth_paragraph_first_word"],
                "kwargs": [{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "then"}],
            },
            "1: key 1000: kwargs[0] (length_constraints:nth_paragraph_first_word): `nth_paragraph` is 3 of 2 in "
            "`num_paragraphs`; a paragraph of these is expected",
        ),
        (
            {"instruction_id_list": ["keywords:existence"], "kwargs": [{"keywords": ["a", ""]}]},
            "1: key 1000: kwargs[0] (keywords:existence): `keywords` is ['a', '']; a list of texts is expected",
        ),
        (
            {"instruction_id_list": ["keywords:existence"], "kwargs": [{"keywords": "fox"}]},
            "1: key 1000: kwargs[0] (keywords:existence): `keywords` is 'fox'; a list of texts is expected",
        ),
        (
            {
                "instruction_id_list": ["keywords:letter_frequency"],
                "kwargs": [{"letter": "qu", "let_frequency": 1, "let_relation": "at least"}],
            },
            "1: key 1000: kwargs[0] (keywords:letter_frequency): `letter` is 'qu'; one character is expected",
        ),
        (
            {"instruction_id_list": ["language:response_language"], "kwargs": [{"language": "English"}]},
            "1: key 1000: kwargs[0] (language:response_language): `language` is 'English'; "
            f"one of {', '.join(LANGUAGES)} is expected",
        ),
    ],
)
def test_a_malformed_row_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert refusal(write(tmp_path, GOOD | change)) == message


def test_keys_and_prompts_are_unique(tmp_path: Path) -> None:
    same_key = GOOD | {"prompt": "Another.", "key": "1000"}
    assert (
        refusal(write(tmp_path, GOOD, same_key))
        == "2: the same key as on line 1 ('1000'); keep one, or give each its own"
    )
    same_prompt = GOOD | {"key": 1001}
    assert refusal(write(tmp_path, GOOD, same_prompt)).startswith("2: the same prompt as on line 1 (")


def test_an_empty_a_cut_and_a_foreign_file_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert "no examples" in refusal(path)
    path.write_text(json.dumps(GOOD)[:-5], encoding="utf-8")
    assert "the file may be cut off" in refusal(path)
    path.write_bytes(json.dumps(GOOD | {"prompt": "é"}, ensure_ascii=False).encode("latin1"))
    assert "not UTF-8" in refusal(path)
    with pytest.raises(TaskError, match="cannot be read"):
        IFEval().read(tmp_path / "absent.jsonl")
