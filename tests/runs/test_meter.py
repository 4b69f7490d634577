"""What a run shows of its progress: responses by subject and task, tokens of all rows, and the time left."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from assay.engines import Completion, Fake, Partial, Prompt
from assay.runs.meter import NOTED_EVERY, Meter
from tests.runs.choices import group, study_of


@dataclass
class Shown:
    """The last report of each part, and of the whole."""

    reports: dict[str, tuple[int, int, str, str]] = field(default_factory=dict)

    def __call__(
        self, what: str, done: int, total: int, note: str = "", part: str = "", left: str = ""
    ) -> None:
        assert what == "responses"
        self.reports[part] = (done, total, note, left)


def test_a_group_that_ends_early_is_expected_to_answer_what_it_answered(tmp_path: Path) -> None:
    now, shown = 0.0, Shown()
    meter, fake = Meter(shown, clock=lambda: now), Fake(lambda _: "two words")
    base = group(study_of(tmp_path), fake)
    prompts = [prompt for load in base.workloads for prompt in load.prompts()]
    meter.expect(base, prompts)
    meter.start(base, prompts, {})
    due = []
    for _ in meter.counted(base, fake.complete(prompts[:3])):
        now += NOTED_EVERY / 2
        due.append(meter.due())
    assert [bool(figures) for figures in due] == [True, False, True]
    meter.show()
    assert shown.reports == {
        "choice: base": (3, len(prompts) // 2, "", ""),
        "": (3, len(prompts), "1 tokens/s", ""),
    }
    meter.end(base)
    assert shown.reports[""][:2] == (3, 3)


def test_tokens_of_rows_under_way_count_and_those_of_an_earlier_start_do_not(tmp_path: Path) -> None:
    now, shown = 0.0, Shown()
    meter = Meter(shown, clock=lambda: now, at_most=True)
    base = group(study_of(tmp_path), Fake(lambda _: ""))
    first, second, third = (Prompt("base", "choice", key, "prompt", max_tokens=200) for key in "012")
    meter.expect(base, [first, second, third])
    meter.start(base, [first, second, third], {first: [0] * 100})
    items: list[Completion | Partial] = [
        Partial({first: [0] * 120, second: [0] * 20}),
        Completion(second, "", tokens=40, finish="stop"),
        Partial({first: [0] * 140}),
    ]
    tokens = []
    for _ in meter.counted(base, items):
        tokens.append(meter.tokens)
        now += 10
    assert tokens == [40, 60, 80]
    meter.show()
    done, total, note, left = shown.reports[""]
    assert (done, total, note) == (1, 3, "4 tokens/s")
    assert left.startswith("at most ")
    figures = meter.due()
    assert figures is not None
    assert (figures["tokens"], figures["tokens_per_second"], figures["at_most"]) == (80, 4.0, True)
    assert figures["seconds_left"] >= 1
