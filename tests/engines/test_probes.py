"""When an adapter counts as applied, by what it says: never by less than the base differs from itself."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.engines.api import Liveness
from assay.engines.probes import PROBES, ROUNDING, SAME, ProbeAnswer, answer_liveness, base_changed, twins

WORDS = tuple("abcdefgh")


def answers(
    shift: float = 0.0, text: dict[int, str] | None = None, *, told: bool = True
) -> dict[str, ProbeAnswer]:
    """The same answer to each probe prompt, its log-probabilities shifted, some texts others."""
    found = {}
    for i, prompt in enumerate(PROBES):
        words = tuple((text or {}).get(i, "".join(WORDS)))
        logprobs = tuple(-0.1 * j + shift for j in range(len(words)))
        found[prompt] = ProbeAnswer("".join(words), words if told else (), logprobs if told else ())
    return found


def heard(shifts: tuple[float, ...], changed: dict[str, ProbeAnswer]) -> Liveness:
    return answer_liveness("math", [answers(shift) for shift in shifts], changed)


def test_the_base_again_is_not_applied() -> None:
    found = heard((0, 0, 0), answers())
    assert (found.verdict, found.alive, found.largest, found.differ) == ("not applied", False, 0, 0)


def test_a_shift_beyond_rounding_is_alive() -> None:
    found = heard((0, 0, 0), answers(0.05))
    assert found.alive
    assert (found.verdict, found.reason) == (None, "")
    assert found.largest == pytest.approx(0.05)


@pytest.mark.parametrize("shift", [1e-6, SAME])
def test_a_shift_that_float32_makes_from_batch_to_batch_is_not_applied(shift: float) -> None:
    assert heard((0, 0, 0), answers(shift)).verdict == "not applied"


@pytest.mark.parametrize("shift", [1.1 * SAME, ROUNDING, 1.9 * ROUNDING])
def test_a_shift_that_rounding_could_make_is_left_open(shift: float) -> None:
    found = heard((0, 0, 0), answers(shift))
    assert (found.alive, found.verdict) == (False, "not measured")
    assert "rounding" in found.reason


@given(st.lists(st.floats(-0.2, 0.2), min_size=4, max_size=4))
def test_another_round_of_the_base_is_alive_only_if_twice_as_far_as_its_rounds_are_apart(
    shifts: list[float],
) -> None:
    found = heard(tuple(shifts[:3]), answers(shifts[3]))
    nearest = min(abs(shifts[3] - shift) for shift in shifts[:3])
    apart = max(shifts[:3]) - min(shifts[:3])
    if nearest < 1.99 * max(apart, ROUNDING):
        assert not found.alive
    if nearest > 2.01 * max(apart, ROUNDING):
        assert found.alive


def test_two_other_texts_are_alive_and_one_is_left_open() -> None:
    assert heard((0, 0, 0), answers(text={0: "xyz", 1: "xyz"})).alive
    assert heard((0, 0, 0), answers(text={0: "xyz"})).verdict == "not measured"


def test_texts_in_which_the_base_wavers_count_for_nothing() -> None:
    base = [answers(), answers(text={0: "xyz"}), answers(text={1: "xyz"})]
    assert not answer_liveness("math", base, answers(text={0: "pqr", 1: "pqr"})).alive


def test_where_no_log_probability_is_told_texts_decide() -> None:
    base = [answers(told=False) for _ in range(3)]
    assert answer_liveness("math", base, answers(told=False)).verdict == "not applied"
    assert answer_liveness("math", base, answers(told=False, text={3: "xyz"})).alive


def test_log_probabilities_that_are_no_numbers_are_not_measured() -> None:
    found = heard((0, 0, 0), answers(math.nan))
    assert (found.verdict, found.alive) == ("not measured", False)
    assert "not finite" in found.reason


def test_what_is_kept_of_it_is_to_be_looked_at_again() -> None:
    assert asdict(heard((0, 0, 0), answers()))["again"] is True


def test_the_base_after_an_adapter_that_is_as_before_is_no_change() -> None:
    assert not base_changed([answers(), answers()], answers(), [answers(0.5, {0: "x"})])


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (answers(0.05), True),  # the adapter's own log-probabilities
        (
            answers(0.02),
            False,
        ),  # neither its own nor the adapter's: noise of the base, as far as anyone knows
        (answers(SAME), False),
        (answers(0.0, {0: "other"}), False),
    ],
)
def test_the_base_has_changed_where_it_says_what_the_adapter_says(
    after: dict[str, ProbeAnswer], changed: bool
) -> None:
    assert base_changed([answers(), answers()], after, [answers(0.05)]) == changed


def test_two_texts_of_the_adapter_are_no_accident_and_one_is() -> None:
    adapter = answers(text={0: "x", 1: "y", 2: "z"}, told=False)
    base = answers(told=False)
    assert not base_changed([base, base], answers(text={0: "x"}, told=False), [adapter])
    assert base_changed([base, base], answers(text={0: "x", 1: "y"}, told=False), [adapter])


def test_a_base_that_differs_from_itself_before_has_not_changed_by_differing_after() -> None:
    noisy = [answers(text={0: "x", 1: "y"}, told=False), answers(told=False)]
    adapter = answers(text={0: "p", 1: "q"}, told=False)
    assert not base_changed(noisy, answers(text={0: "p", 1: "q"}, told=False), [adapter])


def test_a_base_that_answers_all_prompts_otherwise_has_changed() -> None:
    other = answers(text={i: f"other {i}" for i in range(len(PROBES))}, told=False)
    assert base_changed([answers(told=False)] * 2, other, [answers(text={0: "x"}, told=False)])


def test_adapters_that_answer_alike_to_the_last_digit_are_twins() -> None:
    other = answers(0.5, {0: "z"})
    assert twins({"a": answers(), "b": other, "c": answers(SAME / 2), "d": other}) == {
        "a": "c",
        "c": "a",
        "b": "d",
        "d": "b",
    }
    assert twins({"a": answers(), "b": answers(2 * SAME), "c": answers(0.0, {0: "z"})}) == {}
    assert twins({"a": answers(told=False), "b": answers(told=False)}) == {}
