"""Adapters on disk are looked at by their headers, with the words that a preflight has for them."""

from __future__ import annotations

from pathlib import Path

from assay.engines.adapter_review import reviewer
from tests.engines.vllm.conftest import lora, make_adapter, make_base


def test_a_sound_adapter_needs_no_word(tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    review = reviewer(str(base))
    assert review(make_adapter(tmp_path / "math", base_model_name_or_path="org/base")) == []


def test_how_one_is_read_and_why_one_does_not_load_are_told(tmp_path: Path) -> None:
    review = reviewer(str(make_base(tmp_path / "base")))
    wrapped = {f"_orig_mod.{key}": shape for key, shape in lora().items()}
    [note] = review(make_adapter(tmp_path / "compiled", wrapped))
    assert "torch.compile" in note
    [cause] = review(make_adapter(tmp_path / "empty", {}))
    assert "DeepSpeed ZeRO-3" in cause
    [absent] = review(tmp_path / "absent")
    assert "no folder" in absent


def test_of_a_base_on_the_hub_the_name_is_known(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "math", base_model_name_or_path="org/other")
    [warning] = reviewer("org/base")(folder)
    assert warning.startswith("base_model_name_or_path: org/other")
    [precision] = reviewer("org/other-4bit")(folder)
    assert "it is run on 4 bits" in precision
