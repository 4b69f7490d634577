"""Few-shot examples for `numeric`: word problems with worked answers, for a model without a chat template.

They are our own, from no benchmark. The first ones are given first; a change to any of them is a new `Form.version`.
"""

from __future__ import annotations

__all__ = ["EXAMPLES", "few_shot_text"]

EXAMPLES = (
    (
        "A bakery packs rolls in bags of 6. It sells 14 bags in the morning and 9 bags in the afternoon. "
        "How many rolls does it sell that day?",
        "The bakery sells 14 + 9 = 23 bags. That is 23 * 6 = 138 rolls.\n#### 138",
    ),
    (
        "Nadia has $50. She buys 2 books at $12 each and a pen for $3. How much money does she have left?",
        "The books cost 2 * 12 = 24 dollars. With the pen she spends 24 + 3 = 27 dollars. "
        "She has 50 - 27 = 23 dollars left.\n#### 23",
    ),
    (
        "A tank of 240 liters is 3/4 full. A pump empties it at 15 liters a minute. "
        "How many minutes does it take until the tank is empty?",
        "There are 240 * 3 / 4 = 180 liters in the tank. Emptying it takes 180 / 15 = 12 minutes.\n#### 12",
    ),
    (
        "Lena is 17 years old. Omar is twice as old as Lena was 3 years ago. How old will Omar be in 5 years?",
        "Lena was 17 - 3 = 14 years old. Omar is 2 * 14 = 28 years old now. "
        "In 5 years he will be 28 + 5 = 33 years old.\n#### 33",
    ),
    (
        "A jacket costs $80. In a sale its price falls by 15%, and a coupon takes off $8 more. "
        "How many dollars does the jacket cost in the end?",
        "The sale takes off 80 * 15 / 100 = 12 dollars. That leaves 80 - 12 = 68 dollars. "
        "With the coupon the jacket costs 68 - 8 = 60 dollars.\n#### 60",
    ),
    (
        "Two towns are 84 kilometers apart. A cyclist leaves each of them at noon to meet the other, "
        "one at 18 and one at 24 kilometers an hour. After how many hours do they meet?",
        "Together they ride 18 + 24 = 42 kilometers an hour. They meet after 84 / 42 = 2 hours.\n#### 2",
    ),
    (
        "A machine prints 45 pages a minute. It is switched on at 9:20, stands still for 10 minutes, "
        "and is switched off at 10:00. How many pages does it print?",
        "It is switched on for 60 - 20 = 40 minutes. It prints for 40 - 10 = 30 minutes. "
        "That makes 45 * 30 = 1350 pages.\n#### 1350",
    ),
    (
        "Ivo scored 71, 84 and 79 points in three tests. How many points does he need in a fourth test "
        "for an average of 80?",
        "An average of 80 over 4 tests takes 80 * 4 = 320 points. So far he has 71 + 84 + 79 = 234 points. "
        "He needs 320 - 234 = 86 points.\n#### 86",
    ),
)
"""Question and answer; the answer ends in a last line `#### n`."""


def few_shot_text(shots: int) -> str:
    """The first `shots` of them, each followed by an empty line."""
    return "".join(f"Question: {question}\nAnswer: {answer}\n\n" for question, answer in EXAMPLES[:shots])
