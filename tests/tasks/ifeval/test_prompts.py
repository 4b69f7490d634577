"""The published prompts are read whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.tasks.ifeval import IFEval
from assay.tasks.ifeval.registry import INSTRUCTIONS


@pytest.mark.parametrize("name", ["input_data.jsonl", "input_data_2023.jsonl"])
def test_both_published_files_are_read(name: str, data: Path) -> None:
    examples = IFEval().read(data / "ifeval" / name)
    counts = [len(example.data["instruction_id_list"]) for example in examples]
    assert [counts.count(number) for number in (1, 2, 3)] == [305, 179, 57]
    assert examples[0].key == "1000"
    assert {id_ for example in examples for id_ in example.data["instruction_id_list"]} == set(INSTRUCTIONS)
    asked = {example.key: example.data["kwargs"] for example in examples}
    assert asked["2785"][1] == {"num_placeholders": 1 if "2023" in name else 3}
