"""Digests of tokenizer and template follow their content, and what differs from the base's is told once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.inspecting.texts import Texts, text_warnings
from tests.inspecting.adapters import write_tokenizer


def test_a_template_is_no_part_of_the_tokenizer_wherever_it_is_kept(tmp_path: Path) -> None:
    first = write_tokenizer(tmp_path / "a", ["x"], "{{ messages }}")
    (first / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 9}))
    second = write_tokenizer(tmp_path / "b", ["x"])
    settings = {"model_max_length": 9, "chat_template": "{{ messages }}"}
    (second / "tokenizer_config.json").write_text(json.dumps(settings))
    assert Texts(first).digests() == Texts(second).digests()
    assert None not in Texts(first).digests().values()


def test_a_folder_without_them_has_neither(tmp_path: Path) -> None:
    assert Texts(tmp_path).digests() == {"tokenizer": None, "template": None}


@pytest.mark.parametrize(
    ("tokens", "template", "expected"),
    [
        (["x", "y"], "{{ messages }}", []),
        (["x", "y"], None, []),
        (["x", "y"], "{{ messages }}!", ["chat template"]),
        (["x", "y", "z"], None, ["1 tokens that the base's lacks ('z')"]),
        (["y", "x"], None, ["2 tokens"]),
        (["x"], None, []),
        (["x", "y"], "{{- messages }}", []),  # the same text
        (
            ["x", "y"],
            "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
            ["is not the base's", "'assistant:'"],
        ),
    ],
)
def test_differences_from_the_base(
    tokens: list[str], template: str | None, expected: list[str], tmp_path: Path
) -> None:
    base = Texts(write_tokenizer(tmp_path / "base", ["x", "y"], "{{ messages }}"))
    own = Texts(write_tokenizer(tmp_path / "own", tokens, template))
    texts = list(text_warnings(own, base))
    assert len(texts) == len(expected)
    assert all(part in text for part, text in zip(expected, texts, strict=True))


def test_a_base_that_lists_no_tokens_is_compared_with_nothing(tmp_path: Path) -> None:
    own = Texts(write_tokenizer(tmp_path / "own", ["x"]))
    assert list(text_warnings(own, Texts(tmp_path))) == []


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (None, ""),
        ("x", ""),
        ("y", ""),
        ("z", "eos_token: z in its tokenizer_config.json is none of those"),
        ("w", "no token of the base"),
    ],
)
def test_an_end_token_that_is_none_of_the_bases_is_told(
    end: str | None, expected: str, tmp_path: Path
) -> None:
    base, own = write_tokenizer(tmp_path / "base", ["x", "y", "z"]), tmp_path / "own"
    own.mkdir()
    (base / "generation_config.json").write_text(json.dumps({"eos_token_id": [0]}))
    (base / "tokenizer_config.json").write_text(json.dumps({"eos_token": "y"}))
    (own / "tokenizer_config.json").write_text(json.dumps({"eos_token": end}))
    texts = list(text_warnings(Texts(own), Texts(base)))
    assert len(texts) == bool(expected)
    assert expected in "".join(texts)
