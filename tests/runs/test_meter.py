"""What a run shows of its progress: responses by subject and task, and the whole."""

from __future__ import annotations

from pathlib import Path

from assay.engines import Fake
from assay.runs.meter import NOTED_EVERY, Meter
from tests.runs.choices import group, study_of


def test_a_group_that_ends_early_is_expected_to_answer_what_it_answered(tmp_path: Path) -> None:
    shown: dict[str, tuple[int, int, str]] = {}

    def progress(what: str, done: int, total: int, note: str = "", part: str = "") -> None:
        assert what == "responses"
        shown[part] = (done, total, note)

    now = 0.0
    meter, fake = Meter(progress, clock=lambda: now), Fake(lambda _: "two words")
    base = group(study_of(tmp_path), fake)
    prompts = [prompt for load in base.workloads for prompt in load.prompts()]
    meter.expect(base, prompts)
    meter.start()
    due = []
    for _ in meter.counted(base, fake.complete(prompts[:3])):
        now += NOTED_EVERY / 2
        due.append(meter.due())
    assert [bool(figures) for figures in due] == [True, False, True]
    meter.show()
    assert shown == {"choice: base": (3, len(prompts) // 2, ""), "": (3, len(prompts), "1 tokens/s")}
    meter.end(base)
    assert shown[""][:2] == (3, 3)
