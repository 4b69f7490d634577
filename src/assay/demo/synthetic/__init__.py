"""Synthetic data, a small world of plain English: four tasks with their own examples, and text to learn them from.

    from assay.demo.synthetic import draw
    draw("problems", "test", 300)            # prompts, responses, and what judges a response

    words, sentences        the vocabulary (three YAML files)      portable_random   draws that never change
    prose                   texts about a topic                  difficulty        how hard, how well behaved
    instructions, compose   verifiable instructions and responses that follow them
    requests, problems, lists, passages   kinds of example
    kind, draw              facts, splits, distinct examples     task              how each kind is measured

It knows no model. Nothing in it is about the real world: a fox may be polite and a harbour small.
"""

from assay.demo.synthetic.difficulty import DIFFICULTY, TIDY, Difficulty, Habits
from assay.demo.synthetic.draw import KINDS, VERSION, draw, stream
from assay.demo.synthetic.kind import SPLITS, Pair, Split, split_of
from assay.demo.synthetic.task import WorldInstructions, WorldLists, WorldPassages, WorldProblems

__all__ = [
    "DIFFICULTY",
    "KINDS",
    "SPLITS",
    "TIDY",
    "VERSION",
    "Difficulty",
    "Habits",
    "Pair",
    "Split",
    "WorldInstructions",
    "WorldLists",
    "WorldPassages",
    "WorldProblems",
    "draw",
    "split_of",
    "stream",
]
