"""Sizes and counts that published, rounded proportions can come from, in whole-number arithmetic.

A proportion from one run over n prompts is k/n. Rounded to three decimals it rules most n out, and for an
n that remains several paired tables fit, each with its own verdict. Averages over runs need not be k/n.

    >>> attainable_sizes([".250", ".143"], limit=100)
    [28, 56, 84]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from assay.stats.gains import PairedGain
from assay.stats.verdict import Verdict
from assay.stats.verdicts import ClaimKind, Finding, judge, verdict

__all__ = [
    "AttainableTable",
    "Rounding",
    "attainable_counts",
    "attainable_sizes",
    "attainable_tables",
    "attainable_words",
]

Rounding = Literal["half_up", "half_even"]


@dataclass(frozen=True, slots=True)
class AttainableTable:
    """A paired table that two rounded proportions allow, and what it would say."""

    b: int
    """Prompts that only the adapter passes."""
    c: int
    """Prompts that only the base passes."""
    finding: Finding
    """What it would say."""


def attainable_counts(proportion: str | Decimal, n: int, rounding: Rounding = "half_up") -> range:
    """Every k of n prompts whose share rounds to the proportion as it was printed; often none.

    proportion: with all its decimals, as `.250`, from 0 to 1. A float is refused: it has lost its zeros.
    Raises ValueError for anything else.
    """
    digits, unit = _printed(proportion)
    if n < 1:
        raise ValueError(f"n must be one prompt at least; got {n}")
    if rounding not in ("half_up", "half_even"):
        raise ValueError(f"rounding is 'half_up' or 'half_even'; got {rounding!r}")
    # k/n lies between (digits - 1/2)/unit and (digits + 1/2)/unit; the rounding says which ends belong.
    even = rounding == "half_even" and digits % 2 == 0
    lowest, touches = divmod((2 * digits - 1) * n, 2 * unit)
    takes_low_end = rounding == "half_up" or even
    first = lowest if touches == 0 and takes_low_end else lowest + 1
    highest, beyond = divmod((2 * digits + 1) * n, 2 * unit)
    last = highest if beyond or even else highest - 1
    return range(max(first, 0), min(last, n) + 1)


def attainable_sizes(
    proportions: Iterable[str | Decimal], limit: int, rounding: Rounding = "half_up"
) -> list[int]:
    """Every n up to the limit at which each of the proportions is some k/n of one run."""
    printed = list(proportions)
    return [n for n in range(1, limit + 1) if all(attainable_counts(one, n, rounding) for one in printed)]


def attainable_tables(
    base: str | Decimal,
    adapter: str | Decimal,
    n: int,
    margin: float,
    alpha: float,
    *,
    kind: ClaimKind = "gains",
    rounding: Rounding = "half_up",
) -> list[AttainableTable]:
    """Every (b, c) of n prompts that gives both proportions, with its finding, from the fewest changes up.

    margin, alpha and kind as `judge` takes them. Empty where no run over n prompts gives them.
    """
    pairs = [
        (after, before)
        for before in attainable_counts(base, n, rounding)
        for after in attainable_counts(adapter, n, rounding)
    ]
    tables = {
        (after - before + lost, lost)
        for after, before in pairs
        for lost in range(max(0, before - after), min(before, n - after) + 1)
    }
    return [
        AttainableTable(b, c, judge(PairedGain(b, c, n), kind, margin, alpha))
        for b, c in sorted(tables, key=lambda table: (sum(table), table))
    ]


def attainable_words(
    base: str | Decimal,
    adapter: str | Decimal,
    n: int,
    margin: float,
    alpha: float,
    *,
    kind: ClaimKind = "gains",
    rounding: Rounding = "half_up",
) -> frozenset[Verdict]:
    """The verdicts of `attainable_tables`, without a finding for each table.

    At one difference a word only weakens as more prompts change in both directions, so that tables between two of
    the same word have it too.
    """
    words: set[Verdict] = set()
    for before in attainable_counts(base, n, rounding):
        for after in attainable_counts(adapter, n, rounding):

            def word(lost: int, won: int = after - before) -> Verdict:
                return verdict(PairedGain(won + lost, lost, n), kind, margin, alpha)

            words |= _between(word, max(0, before - after), min(before, n - after))
    return frozenset(words)


def _between(word: Callable[[int], Verdict], first: int, last: int) -> set[Verdict]:
    """Every word from the first to the last place, by halving."""
    found, open_ = {word(first), word(last)}, [(first, last)]
    while open_:
        low, high = open_.pop()
        middle = (low + high) // 2
        if middle > low and word(low) != word(high):
            found.add(word(middle))
            open_ += [(low, middle), (middle, high)]
    return found


def _printed(proportion: str | Decimal) -> tuple[int, int]:
    """The digits and what they count: `.250` is 250 of 1000."""
    if not isinstance(proportion, str | Decimal):
        raise ValueError(f"give the proportion as it was printed, as '.250'; got the number {proportion!r}")
    try:
        value = Decimal(proportion)
    except ArithmeticError:
        raise ValueError(f"{proportion!r} is not a number") from None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= value <= 1:
        raise ValueError(f"a proportion lies between 0 and 1; got {proportion!r}")
    unit = 10 ** max(-exponent, 0)
    return int(value * unit), unit
