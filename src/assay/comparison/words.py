"""A comparison in words, for the command line and for the browser. It computes nothing."""

from __future__ import annotations

from assay.comparison.causes import Cause

__all__ = ["KINDS", "explains", "moved_words", "name", "why"]

KINDS = {
    "rule": "rule of the words",
    "evidence": "evidence",
    "prompts": "prompts",
    "verifier": "verifier",
    "adapter": "adapter",
    "base": "base",
    "reference": "reference",
    "engine": "engine",
    "settings": "settings",
    "noise": "noise",
    "looks": "looks",
    "noise limit": "noise limit",
    "margin": "margin",
    "alpha": "alpha",
    "family": "number of claims",
}
"""Each kind of cause, for a reader."""


def name(cause: Cause) -> str:
    """`base and settings`."""
    *others, last = (KINDS[kind] for kind in cause.kinds)
    return f"{', '.join(others)} and {last}" if others else last


def explains(cause: Cause) -> str:
    """Whether a difference explains the change: `yes`, `enough`, `needed`, `no`, or `not known`."""
    if cause.enough and cause.needed:
        return "yes"
    if cause.enough or cause.needed:
        return "enough" if cause.enough else "needed"
    return "not known" if cause.enough is None and cause.needed is None else "no"


def moved_words(cause: Cause) -> str:
    """How far a cause moves the gain; of noise, beside the limit. Empty where it changes no score."""
    if cause.moved is None:
        return ""
    moves = f"moves the gain by {100 * cause.moved:+.1f} points"
    if "noise" not in cause.kinds:
        return moves
    if cause.limit is None:
        return f"{moves}; no noise limit was measured"
    side = "within" if abs(cause.moved) <= cause.limit + 1e-12 else "beyond"
    return f"{moves}, {side} the noise limit of {100 * cause.limit:.1f}"


def why(left: bool, right: bool, causes: tuple[Cause, ...]) -> str:
    """What explains that a finding has other words. left, right: whether the run has such a finding."""
    if not left or not right:
        return f"only in the {'left' if left else 'right'} run"
    for word in ("yes", "enough", "needed"):
        if names := [name(cause) for cause in causes if explains(cause) == word]:
            return " or ".join(names) if word == "enough" else " and ".join(names)
    if not causes:
        return ""
    known = all(cause.enough is not None or cause.needed is not None for cause in causes)
    listed = ", ".join(map(name, causes))
    return f"together: {listed}" if known and len(causes) > 1 else f"not known; these differ: {listed}"
