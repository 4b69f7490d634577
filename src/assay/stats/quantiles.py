"""Two-sided quantiles of the normal and of Student's t, for a confidence strictly between 0 and 1."""

from __future__ import annotations

from scipy.special import ndtri, stdtrit

__all__ = ["normal_quantile", "t_quantile"]


def normal_quantile(confidence: float) -> float:
    """The z that a standard normal stays within, on both sides, with this probability."""
    return -float(ndtri(_tail(confidence)))


def t_quantile(confidence: float, df: float) -> float:
    """The t that Student's t with `df` degrees of freedom stays within, on both sides."""
    return -float(stdtrit(df, _tail(confidence)))


def _tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie strictly between 0 and 1, as 0.95 does; got {confidence}")
    return (1 - confidence) / 2
