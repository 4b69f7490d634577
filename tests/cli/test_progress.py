"""Progress as it is shown: lines for a log, bars for a terminal. The clock is passed in."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from assay.cli.progress import MOST_PARTS, Bars, Lines, show_progress


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def lines() -> tuple[Clock, Lines, list[str]]:
    clock, written = Clock(), list[str]()
    return clock, Lines(clock, written.append), written


def bars(clock: Clock | None = None, width: int = 80, height: int = 40) -> Bars:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    return Bars(clock or Clock(), console)


def drawn(bars: Bars) -> list[str]:
    with bars.console.capture() as capture:
        bars.console.print(bars)
    return capture.get().splitlines()


# -- lines ---------------------------------------------------------------------------------------


def test_the_whole_has_a_line_at_every_tenth() -> None:
    _, tell, written = lines()
    for done in range(1001):
        tell("scoring ifeval", done, 1000)
    assert written == [f"scoring ifeval: {done:,} of 1,000\n" for done in range(0, 1001, 100)]


def test_a_line_has_the_note_and_the_time_left_by_the_share_done() -> None:
    clock, tell, written = lines()
    tell("responses", 0, 9738, "412 tokens/s")
    clock.now += 60
    tell("responses", 1391, 9738, "412 tokens/s")
    assert written == [
        "responses: 0 of 9,738 (412 tokens/s)\n",
        "responses: 1,391 of 9,738 (412 tokens/s, 6 min left)\n",
    ]


def test_what_was_done_when_first_told_does_not_count_for_the_pace() -> None:
    clock, tell, written = lines()
    tell("responses", 500, 1000)
    clock.now += 100
    tell("responses", 600, 1000)
    assert written[-1] == "responses: 600 of 1,000 (7 min left)\n"


def test_slow_work_has_a_line_in_half_a_minute_and_fast_calls_no_more() -> None:
    clock, tell, written = lines()
    tell("responses", 0, 10_000)
    for done in range(1, 76):
        clock.now += 1
        tell("responses", done, 10_000)
    assert [line.split(" (")[0].strip() for line in written] == [
        f"responses: {done} of 10,000" for done in (0, 25, 50, 75)
    ]


def test_work_that_says_nothing_has_a_line_in_half_a_minute_too() -> None:
    clock, tell, written = lines()
    tell("responses kept from before", 7, 7)
    tell("responses", 3, 100)
    for _ in range(60):
        clock.now += 1
        tell.remind()
    assert written[1:] == ["responses: 3 of 100\n"] * 3
    tell("responses", 100, 100)
    clock.now += 60
    tell.remind()
    assert written[4:] == ["responses: 100 of 100\n"]


def test_the_time_left_is_the_one_that_the_work_gives() -> None:
    clock, tell, written = lines()
    tell("responses", 0, 100, "412 tokens/s")
    clock.now += 60
    tell("responses", 50, 100, "412 tokens/s", left="at most 6 min left")
    assert written[-1] == "responses: 50 of 100 (412 tokens/s, at most 6 min left)\n"


def test_a_part_that_moves_keeps_a_slow_whole_from_looking_dead() -> None:
    clock, tell, written = lines()
    tell("responses", 0, 100)
    clock.now += 61
    tell("responses", 2, 50, part="ifeval: a")
    assert written == ["responses: 0 of 100\n"] * 2


def test_a_complete_part_has_one_line_and_an_incomplete_one_none() -> None:
    _, tell, written = lines()
    for done in (0, 540, 541, 541):
        tell("responses", done, 541, part="ifeval: math-1")
    tell("responses", 0, 0, part="nothing to do")
    assert written == ["ifeval: math-1: all 541\n"]


def test_a_complete_whole_is_not_told_again_however_long_it_stands() -> None:
    clock, tell, written = lines()
    tell("responses", 5, 5)
    clock.now += 1000
    tell("responses", 5, 5)
    assert written == ["responses: 5 of 5\n"]


def test_work_that_falls_back_has_started_again() -> None:
    clock, tell, written = lines()
    tell("responses", 0, 10)
    clock.now += 10
    tell("responses", 10, 10)
    tell("responses", 3, 3, part="a")
    tell("responses", 0, 10)
    clock.now += 5
    tell("responses", 5, 10)
    tell("responses", 3, 3, part="a")
    assert written == [
        *("responses: 0 of 10\n", "responses: 10 of 10\n", "a: all 3\n"),
        *("responses: 0 of 10\n", "responses: 5 of 10 (5 s left)\n", "a: all 3\n"),
    ]


def test_foreign_names_are_shown_not_sent() -> None:
    _, tell, written = lines()
    tell("re\x1b[31m", 1, 1, "\x07")
    tell("x", 1, 1, part="a\nb\x1b")
    assert "\x1b" not in "".join(written)
    assert "\x07" not in "".join(written)
    assert written[-1] == "a b\\u001b: all 1\n"


def test_elsewhere_than_on_a_terminal_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(Clock(), Console(file=io.StringIO(), force_terminal=False)) as tell:
        assert isinstance(tell, Lines)
        tell("scoring x", 1, 2)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "scoring x: 1 of 2\n")


# -- bars ----------------------------------------------------------------------------------------


def test_a_bar_has_its_count_its_note_and_the_time_left() -> None:
    clock = Clock()
    tell = bars(clock, width=100)
    for done in (0, 3246, 6492):
        tell("responses", done, 9738, "412 tokens/s")
        clock.now += 600
    (bar,) = drawn(tell)
    assert bar.startswith("responses ")
    assert bar.rstrip().endswith(" 6,492/9,738 412 tokens/s, 10 min left")
    assert bar.count("━") > 20


def test_a_bar_has_the_time_left_that_the_work_gives() -> None:
    clock = Clock()
    tell = bars(clock, width=100)
    for done in (0, 50):
        tell("responses", done, 100, left="at most 6 min left")
        clock.now += 600
    assert drawn(tell)[0].rstrip().endswith(" 50/100 at most 6 min left")


def test_work_that_falls_back_shows_no_time_of_its_first_round() -> None:
    clock = Clock()
    tell = bars(clock)
    for done in (0, 5, 10, 0):
        tell("responses", done, 10)
        clock.now += 10
    assert drawn(tell)[0].rstrip().endswith("0/10")


def test_parts_stand_under_the_whole_unfinished_ones_first() -> None:
    tell = bars()
    tell("responses", 15, 40)
    for name, done in (("done", 10), ("waiting", 0), ("under way", 5)):
        tell("responses", done, 10, part=name)
    assert [line.strip().split("  ")[0].split(" ━")[0] for line in drawn(tell)] == [
        "responses",
        "under way",
        "waiting",
        "done",
    ]


def test_of_many_parts_twenty_are_drawn_and_the_rest_is_summed_up() -> None:
    tell = bars()
    tell("responses", 900, 3000)
    for part in range(300):
        tell("responses", 10 if part < 90 else 0, 10, part=f"part {part}")
    found = drawn(tell)
    assert len(found) == 1 + MOST_PARTS + 1
    assert found[1].strip().startswith("part 90 ")
    assert found[-1].strip().startswith("and 280 more ")
    assert found[-1].rstrip().endswith("900/2,800")


def test_bars_fit_a_low_and_narrow_terminal() -> None:
    tell = bars(width=50, height=10)
    tell("responses", 1, 300, "412 tokens/s")
    for part in range(300):
        tell("responses", 0, 10, part=f"a task of long name: an adapter of long name {part}")
    found = drawn(tell)
    assert len(found) < 10
    assert max(map(len, found)) <= 50


def test_a_complete_whole_has_no_parts_left_to_draw() -> None:
    tell = bars()
    tell("responses", 10, 10)
    tell("responses", 10, 10, part="a")
    tell("scoring ifeval", 1, 10)
    tell("nothing", 0, 0)
    assert [line.split(" ━")[0].strip() for line in drawn(tell)] == ["responses", "scoring ifeval", "nothing"]


def test_foreign_names_in_bars_are_shown_not_sent() -> None:
    tell = bars()
    tell("[red]re\x1b[31m", 1, 2, "\x07")
    assert drawn(tell)[0].startswith("[red]re\\u001b[31m ")
    assert "\x07" not in drawn(tell)[0]


def test_a_call_costs_the_same_with_thousands_of_parts() -> None:
    with bars() as tell:
        started = time.process_time()
        for done in range(5):
            for part in range(5000):
                tell("responses", done, 4, part=f"part {part}")
            tell("responses", done, 4)
        assert time.process_time() - started < 2


def test_a_terminal_is_left_as_it_was() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, height=20, color_system=None)
    with show_progress(Clock(), console) as tell:
        tell("responses", 1, 2)
        assert isinstance(tell, Bars)
    assert out.getvalue().endswith("\x1b[2K")  # the line is erased
