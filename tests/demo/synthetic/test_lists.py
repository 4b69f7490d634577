"""Lists, worked out again from the text alone."""

from __future__ import annotations

import re

from assay.demo.synthetic import draw


def test_list_answers_are_made_of_the_list() -> None:
    for pair in draw("lists", "test", 2000, 6):
        items = re.split(r"[:?] ", pair.prompt)[-1].split(", ")
        answer = pair.data["answer"].split(", ")
        assert len(set(items)) == len(items)
        verb = re.split(r"[ ,]", pair.prompt)[0]
        expected = {
            "Reverse": items[::-1],
            "Copy": items,
            "Sort": sorted(items, key=int if items[0].isdigit() else None),
        }
        assert answer == expected[verb] if verb in expected else set(answer) <= set(items)
