"""The verdict words: the meaning of each, its display, and its place in the default gate. They know no gain."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

__all__ = ["Tone", "Verdict"]

Tone = Literal["good", "bad", "open"]


class Verdict(StrEnum):
    """What the evidence says of a claim. Each is equal to its word: `Verdict.NO_GAIN == "no gain"`."""

    CONFIRMED = "confirmed"
    GAIN = "gain"
    TRIVIAL = "trivial"
    NO_GAIN = "no gain"
    HARMED = "harmed"
    KEPT = "kept"
    UNDECIDED = "undecided"
    NOT_APPLIED = "not applied"
    NOT_MEASURED = "not measured"

    @property
    def sentence(self) -> str:
        """The meaning, for someone who has not read the documentation."""
        return _TABLE[self][0]

    @property
    def tone(self) -> Tone:
        """`good` passes the default gate, `bad` fails it, `open` leaves an adapter undecided."""
        return _TABLE[self][1]

    @property
    def glyph(self) -> str:
        """A sign that distinguishes it without colour."""
        return _TABLE[self][2]

    @property
    def rises(self) -> bool:
        """Whether it says that the adapter gains."""
        return self in (Verdict.CONFIRMED, Verdict.GAIN, Verdict.TRIVIAL)


_TABLE: dict[Verdict, tuple[str, Tone, str]] = {
    Verdict.CONFIRMED: ("The adapter gains at least the margin on prompts of this kind.", "good", "▲"),
    Verdict.GAIN: (
        "The adapter gains on prompts of this kind; whether the gain reaches the margin is open.",
        "good",
        "△",
    ),
    Verdict.TRIVIAL: (
        "The adapter gains on prompts of this kind, but less than the margin.",
        "bad",
        "▵",
    ),
    Verdict.NO_GAIN: (
        "A gain of the margin or more is excluded: a finding, not a failure to find a gain.",
        "bad",
        "○",
    ),
    Verdict.HARMED: ("The adapter does worse than its base on prompts of this kind.", "bad", "▼"),
    Verdict.KEPT: ("A fall of the margin or more is excluded on prompts of this kind.", "good", "■"),
    Verdict.UNDECIDED: (
        "The evidence is compatible with several verdicts; more prompts or more seeds are needed.",
        "open",
        "?",
    ),
    Verdict.NOT_APPLIED: (
        "The adapter changes nothing: it answers exactly as its base does, so no gain can be tested.",
        "bad",
        "∅",
    ),
    Verdict.NOT_MEASURED: (
        "There is no usable evidence for this claim; the reason is given beside it.",
        "open",
        "–",
    ),
}
