from __future__ import annotations

import pytest

from assay.inspecting.inspection import Inspection, Status, exit_code


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ((), 0),
        (("usable",), 0),
        (("usable", "warnings"), 2),
        (("warnings", "unusable", "usable"), 1),
    ],
)
def test_the_worst_status_decides_the_exit_code(statuses: tuple[Status, ...], code: int) -> None:
    assert exit_code(Inspection("a", "LoRA", status, ()) for status in statuses) == code
