"""Generated records as they were written, with how they ended."""

from __future__ import annotations

from pathlib import Path

import assay
from assay.engines import Fake
from assay.records import Store
from assay.records.written import written
from tests.studies import examples, write_study


def test_every_so_manieth_example_is_read_with_tokens_and_finish(tmp_path: Path) -> None:
    examples(tmp_path, 10)
    document = {
        "name": "written",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": "a", "label": "numeric", "path": "owner/a"}],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        "decoding": {"max_tokens": 3},
    }
    texts = Fake(
        lambda asked: f"answer {asked.example} is" + (" long indeed" if asked.example == "4" else "")
    )
    assay.run(write_study(tmp_path, document), tmp_path / "run", engine=texts.preflight)
    with Store.read(tmp_path / "run") as store:
        found = sorted(written(store, "a", "math", step=4))
        everything = list(written(store, "a", "math"))
        nobody = list(written(store, "nobody", "math"))
    assert [row[0] for row in found] == [0, 4, 8]
    assert found[0] == (0, "answer 0 is", 3, "stop")
    assert found[1][2:] == (3, "length")
    assert len(everything) == 10
    assert nobody == []
