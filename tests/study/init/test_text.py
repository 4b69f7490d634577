"""The text of a draft: YAML that loads to the same study, with a comment where the user decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.study.init import draft
from assay.study.init.text import study_text
from assay.study.names import fit_name
from tests.study.init.drafts import BASE, CARD, SUITE, adapter, drafted


def test_a_guessed_label_says_so_on_its_line(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "a", card=CARD)
    adapter(tmp_path / "mine", "b-math-instruct")
    adapter(tmp_path / "mine", "c", card="---\ntags: math-reasoning\n---\n")
    text = draft(tmp_path / "mine", BASE, SUITE).text
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("label:")]
    assert [" ".join(line.split()) for line in lines] == [
        "label: instruction # guessed from its model card's datasets (alpaca): check it",
        "label: numeric # guessed from its name (math): check it",
        "label: numeric # guessed from its model card's tags (math): check it",
    ]


def test_a_label_that_nothing_hints_at_is_left_to_the_user(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "run-17", card="---\n: : not yaml [\n---\n")
    found = draft(tmp_path / "mine", BASE, SUITE)
    assert found.study.adapters[0].label == "unknown"
    assert "write instruction or numeric" in found.text
    assert any("no hint at its label" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    "name",
    [
        "1:30",
        "017",
        "2024-01-01",
        "yes",
        "null",
        "a: b",
        "#x",
        "- x",
        "é ü",
        "'q\"",
        "{x}",
        "1e3",
        "*",
    ],
)
def test_names_that_yaml_would_read_otherwise_stay_texts(tmp_path: Path, name: str) -> None:
    adapter(tmp_path / "mine", name, base_model_name_or_path=f"x/{name}\n# y")
    (one,) = drafted(tmp_path / "mine").adapters
    assert one.name == fit_name(name, "")


@given(st.text(max_size=20))
def test_any_text_fits_as_a_name(text: str) -> None:
    name = fit_name(text, "otherwise")
    found = study_text(name, (name, "owner/base", False), [], SUITE)
    assert "\n  - task: ifeval\n" in found
    assert name
    assert "/" not in name
    assert name == name.strip()
