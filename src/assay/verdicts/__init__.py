"""Claims, and what the evidence says of them."""

from assay.verdicts.claims import Claim, claim_block, declare
from assay.verdicts.decide import decide
from assay.verdicts.result import (
    Cell,
    ClaimResult,
    DriftResult,
    LabelResult,
    Matrix,
    RecipeResult,
    Result,
)

__all__ = [
    "Cell",
    "Claim",
    "ClaimResult",
    "DriftResult",
    "LabelResult",
    "Matrix",
    "RecipeResult",
    "Result",
    "claim_block",
    "decide",
    "declare",
]
