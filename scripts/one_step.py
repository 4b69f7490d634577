"""Word problems of one step, on which a small model is half able: studies/smollm2/one-step.jsonl.

python -m scripts.one_step > studies/smollm2/one-step.jsonl
"""

from __future__ import annotations

import json
import sys
from itertools import count, islice
from random import Random

__all__ = ["COUNT", "problem", "problems"]

COUNT, SEED = 300, 20
NAMES = ("Ann", "Ben", "Clara", "David", "Emma", "Jack", "Maria", "Noah", "Olivia", "Tom")
THINGS = (
    "apples",
    "balls",
    "books",
    "cards",
    "coins",
    "cookies",
    "flowers",
    "marbles",
    "pencils",
    "stickers",
)
SUMS = (
    "{name} has {a} {things} and buys {b} more. How many {things} does {name} have now?",
    "{name} had {a} {things}. {other} gave {name} {b} more. How many {things} does {name} have in total?",
    "There are {a} {things} on the table and {b} {things} in the box. How many {things} are there altogether?",
)
DIFFERENCES = (
    "{name} has {a} {things} and gives {b} to {other}. How many {things} does {name} have left?",
    "There were {a} {things} in a box. {name} took {b} of them. How many {things} are left in the box?",
    "{name} had {a} {things} and lost {b}. How many {things} are left?",
)


def problem(random: Random) -> tuple[str, int]:
    """A question and its answer: a sum up to 17, or a difference."""
    name, other = random.sample(NAMES, 2)
    b, a = sorted((random.randint(1, 5), random.randint(2, 12)))
    adds = random.random() < 0.5 or a == b
    text = random.choice(SUMS if adds else DIFFERENCES)
    words = text.format(name=name, other=other, things=random.choice(THINGS), a=a, b=b)
    return words, a + b if adds else a - b


def problems(number: int = COUNT) -> list[tuple[str, int]]:
    """Distinct questions with their answers, the same on every call."""
    drawn = dict(problem(Random(f"{SEED}/{index}")) for index in islice(count(), 2 * number))  # noqa: S311
    return list(drawn.items())[:number]


if __name__ == "__main__":
    for key, (question, answer) in enumerate(problems()):
        sys.stdout.write(json.dumps({"key": str(key), "prompt": question, "answer": answer}) + "\n")
