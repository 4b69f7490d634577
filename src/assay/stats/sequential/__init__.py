"""Stopping early: evidence that stays valid after earlier looks, and when a verdict can no longer change.

Two designs. Group-sequential: looks at a schedule, at bounds from an error-spending function; it keeps the
full run's power. Betting: any look at any time, exact, at a loss of power. Both give a `Gain` that `judge`
reads. The pool answer is separate and is about this prompt list only. Nothing here uses a model.
"""

from assay.stats.sequential.betting import log_wealth, log_wealth_of_counts, log_wealth_without_replacement
from assay.stats.sequential.boundaries import critical_values, crossing_probabilities
from assay.stats.sequential.confidence import betting_interval, betting_p_above, pool_interval
from assay.stats.sequential.design import DEFAULT_SPENDING, Design, Standing, settled, settled_for_gate, stand
from assay.stats.sequential.evidence import BettingGain, Evidence, RepeatedGain
from assay.stats.sequential.futility import chance_of_change, predictive_power
from assay.stats.sequential.pool import POOL_WORDS, PoolAnswer, pool_answer
from assay.stats.sequential.spending import HwangShihDeCani, OBrienFleming, Pocock, Spending

__all__ = [
    "DEFAULT_SPENDING",
    "POOL_WORDS",
    "BettingGain",
    "Design",
    "Evidence",
    "HwangShihDeCani",
    "OBrienFleming",
    "Pocock",
    "PoolAnswer",
    "RepeatedGain",
    "Spending",
    "Standing",
    "betting_interval",
    "betting_p_above",
    "chance_of_change",
    "critical_values",
    "crossing_probabilities",
    "log_wealth",
    "log_wealth_of_counts",
    "log_wealth_without_replacement",
    "pool_answer",
    "pool_interval",
    "predictive_power",
    "settled",
    "settled_for_gate",
    "stand",
]
