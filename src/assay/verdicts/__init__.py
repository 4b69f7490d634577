"""The findings of a study: verdicts on claims, recipes, drift, agreement. Pure: it knows no store and no report."""

from assay.verdicts.analyze import analyze
from assay.verdicts.evidence import Evidence
from assay.verdicts.result import (
    Cell,
    ClaimResult,
    DriftResult,
    LabelResult,
    Matrix,
    Measured,
    RecipeResult,
    Result,
)

__all__ = [
    "Cell",
    "ClaimResult",
    "DriftResult",
    "Evidence",
    "LabelResult",
    "Matrix",
    "Measured",
    "RecipeResult",
    "Result",
    "analyze",
]
