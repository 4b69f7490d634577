from __future__ import annotations

import pytest

from assay.verdicts.parts import Matrix, Row, Stop


def test_a_stop_is_early_where_prompts_are_left() -> None:
    assert Stop(64, 541, (64,), "group").early
    assert not Stop(541, 541, (64, 541), "group").early


def test_a_matrix_is_a_data_frame_with_subjects_down() -> None:
    pytest.importorskip("pandas")
    rows = (Row("base", None, {"m.x": 0.5, "m.y": None}, {}), Row("a", "base", {"m.x": 0.6, "m.y": 0.1}, {}))
    frame = Matrix(("m.y", "m.x"), rows).to_pandas()
    assert list(frame.columns) == ["m.y", "m.x"]
    assert frame.loc["a", "m.x"] == 0.6
