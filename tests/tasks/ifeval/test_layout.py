"""The layout of a response: what is JSON, whatever its depth."""

from __future__ import annotations

import pytest

from assay.tasks.ifeval import IFEval
from tests.tasks.ifeval.cases import example


@pytest.mark.parametrize(("depth", "passes"), [(500, True), (501, False), (100_000, False)])
def test_json_is_read_to_500_levels_whatever_the_stack(depth: int, passes: bool) -> None:
    asked = example("detectable_format:json_format", {})
    brackets_in_a_text = '"' + "[" * 1_000 + '"'
    text = "[" * depth + brackets_in_a_text + "]" * depth
    assert IFEval().score(asked, text).detail["strict"] == [passes]
