"""Names are bound to content: nothing is measured under a name whose content is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import RunError
from assay.records import Store
from tests.records.stored import EXAMPLES, completion, enter


def test_two_names_with_other_content_never_share_a_row(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [completion("0", "a")], "base")
        enter(store, [completion("0", "b", name="adapter")], "adapter")
        assert [record["text"] for record in store.responses("base", "math")] == ["a"]
        assert [record["text"] for record in store.responses("adapter", "math")] == ["b"]
        assert store.same_text("adapter", "base", "math") == (0, 1)


def test_other_examples_under_one_task_name_are_refused(tmp_path: Path) -> None:
    with Store.write(tmp_path) as store:
        store.bind_task("math", "numeric", EXAMPLES)
        store.bind_task("math", "numeric", EXAMPLES)
        with pytest.raises(
            RunError, match=r"measured 5 examples .* now gives 4 .* file and the `limit` of then"
        ):
            store.bind_task("math", "numeric", EXAMPLES[:4])
