"""A run goes on with actors where it stopped without: what answers is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import assay
from tests.engines.ray.fakes import Here, looking
from tests.engines.ray.sessions import make, study_of


def test_responses_made_without_actors_are_not_asked_again(tmp_path: Path) -> None:
    made: list[Here] = []

    def begin(order: Any) -> Here:
        made.append(Here(order, lambda _: make()))
        return made[-1]

    study = study_of(tmp_path / "study", "torch")
    assay.run(study, tmp_path / "run", engine=make().preflight)
    study.write_text(study.read_text().replace("name: torch", "name: ray:torch"))
    assay.run(study, tmp_path / "run", engine=looking(make(), begin))
    assert not any(one.asked for one in made)
