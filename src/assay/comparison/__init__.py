"""Compares two complete runs by their files alone: which words changed, and why. It writes nothing.

    left, right = (Side(open_decided(Path(name))) for name in ("runs/before", "runs/after"))
    for line in compare(left, right).changed:
        print(line.metric, word(line.left), word(line.right), line.why)

facts           -> what findings of a run depend on          evidence   -> scores and answers of one claim in one run
identities      -> why responses may differ                  counterfactuals -> a claim judged with one thing exchanged
causes          -> what explains other words                 comparison -> all findings of two runs
words, document -> the same for people and for machines
"""

from assay.comparison.causes import Cause
from assay.comparison.comparison import Comparison, Line, compare, word
from assay.comparison.facts import Fact, Side

__all__ = ["Cause", "Comparison", "Fact", "Line", "Side", "compare", "word"]
