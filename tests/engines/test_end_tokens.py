"""An adapter's own end token is compared with those of its base, by files alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.engines.end_tokens import end_warning, other_tokens, own_end, read_vocabulary
from assay.errors import EngineError

VOCABULARY = {"a": 0, "<end>": 1, "<turn>": 2}


@pytest.mark.parametrize("entry", ["<turn>", {"content": "<turn>", "lstrip": False}])
@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json"])
def test_it_is_read_from_either_file(tmp_path: Path, entry: Any, name: str) -> None:
    assert own_end(tmp_path) is None
    (tmp_path / name).write_text(json.dumps({"eos_token": entry}))
    assert own_end(tmp_path) == "<turn>"


def test_one_of_the_bases_is_no_warning() -> None:
    assert end_warning("<turn>", {1, 2}, VOCABULARY) == ""


def test_another_is_named_with_the_bases() -> None:
    text = end_warning("<turn>", {1}, VOCABULARY)
    assert text.startswith("eos_token: <turn> in its tokenizer_config.json is none of those")
    assert text.endswith("(<end> (1))")


def test_one_that_the_base_lacks_cannot_end_anything() -> None:
    assert "no token of the base" in end_warning("<new>", {1}, VOCABULARY)


@pytest.mark.parametrize(
    "model", [{"vocab": {"a": 0, "b": 1}}, {"vocab": [["a", -0.5], ["b", -1.5]]}, {"vocab": {"a": 0}}]
)
def test_the_vocabulary_is_that_of_the_tokenizer_and_what_was_added(tmp_path: Path, model: Any) -> None:
    added = [{"content": "b", "id": 1}]
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": model, "added_tokens": added}))
    (tmp_path / "added_tokens.json").write_text('{"c": 2}')
    assert read_vocabulary(tmp_path) == {"a": 0, "b": 1, "c": 2}


def test_what_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text('{"model": 3}')
    with pytest.raises(EngineError, match="is not a tokenizer"):
        read_vocabulary(tmp_path)


def test_tokens_that_the_base_lacks_or_numbers_otherwise_are_named() -> None:
    base = {"a": 0, "b": 1}
    assert other_tokens({"a": 0}, base) == ""
    assert "2 tokens that the base's lacks ('b', 'c')" in other_tokens({"a": 0, "b": 5, "c": 2}, base)
