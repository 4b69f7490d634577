"""Forecasts of a study: what it can show and what it costs, before anything is spent on it. It stores no response.

forecast -> all of it, of a study as far as it could be resolved      trial -> time, from a few generated responses
power -> gains that its prompts and seeds can show                    cost -> responses and tokens
guesses, pilot -> what power and cost assume                          early, walks -> where a run may stop
budget, check -> as many prompts as fit into a time budget
"""

from assay.planning.budget import BudgetChoice, TaskChoice, parse_budget
from assay.planning.check import recorded_choice, resolve_within
from assay.planning.cost import Cost, Length, TaskCost
from assay.planning.early import Early, EarlyCost, ExpectedStop
from assay.planning.forecast import Forecast, forecast
from assay.planning.guesses import Guesses
from assay.planning.pilot import Pilot, PilotCell, PilotMetric, PilotSeeds
from assay.planning.power import MetricPower, PowerRow, RecipePower
from assay.planning.trial import Time, Trial

__all__ = [
    "BudgetChoice",
    "Cost",
    "Early",
    "EarlyCost",
    "ExpectedStop",
    "Forecast",
    "Guesses",
    "Length",
    "MetricPower",
    "Pilot",
    "PilotCell",
    "PilotMetric",
    "PilotSeeds",
    "PowerRow",
    "RecipePower",
    "TaskChoice",
    "TaskCost",
    "Time",
    "Trial",
    "forecast",
    "parse_budget",
    "recorded_choice",
    "resolve_within",
]
