"""Word problems, worked out again from the text alone."""

from __future__ import annotations

import re

from assay.demo.synthetic import draw

OPENING = (
    (r"(\w+) fills (\d+) boxes\. There are (\d+) \w+ in each box\.", "boxes"),
    (r"There are (\d+) boxes in the room of (\w+) and each box holds (\d+) \w+\.", "room"),
    (r"(\w+) has (\d+) boxes with (\d+) \w+ in each\.", "boxes"),
    (r"(?:There are|\w+ has|\w+ owns) (\d+) \w+(?: on the desk of \w+)?\.", "one"),
)


HAPPENS = (
    (r"buys (\d+) bags with (\d+)|gets (\d+) bags of (\d+)|brings (\d+) bags\. Each bag holds (\d+)", "bags"),
    (r"buys (\d+) more|gives (?:her|him) (\d+) more|finds (\d+) more", "gain"),
    (r"gives (\d+) \w+ to|sells (\d+) of|loses (\d+)", "lose"),
    (r"(?:has|owns) (\d+) times as many", "times"),
)


IDLE = r"\w+ is \d+ years old\.|The shop is \d+ miles[^.]*\.|\w+ paid \d+ coins[^.]*\.|It took \d+ minutes[^.]*\.|\w+ lives at number \d+[^.]*\."


def reckoned(prompt: str) -> int:
    """The answer, read off the prompt by patterns of its own."""
    text = " ".join(re.sub(IDLE, "", prompt).split())
    value, rest = 0, text
    for pattern, form in OPENING:
        if found := re.match(pattern, text):
            numbers = [int(group) for group in found.groups() if group.isdigit()]
            value = numbers[0] if form == "one" else numbers[0] * numbers[1]
            rest = text[found.end() :]
            break
    for sentence in re.split(r"(?<=[.?]) (?!Each)", rest.strip()):
        for pattern, form in HAPPENS:
            if found := re.search(pattern, sentence):
                numbers = [int(group) for group in found.groups() if group]
                value = {
                    "bags": value + numbers[0] * numbers[-1],
                    "gain": value + numbers[0],
                    "lose": value - numbers[0],
                    "times": value * numbers[0],
                }[form]
                break
        else:
            if found := re.fullmatch(r"\w+ (?:has|owns) (\d+) \w+\.", sentence):
                other = int(found[1])
                together = re.search(r"[Tt]ogether|in all", prompt)
                value = value + other if together else abs(value - other)
    return value


def test_answers_agree_with_a_reckoning_from_the_text_alone() -> None:
    for pair in draw("problems", "test", 2500, 5):
        assert reckoned(pair.prompt) == int(pair.data["answer"]) > 0, pair.prompt


def test_every_calculation_in_the_work_is_right_and_the_last_one_gives_the_answer() -> None:
    for pair in draw("problems", "tune", 2000, 5):
        results = []
        for left, sign, right, result in re.findall(r"(\d+) ([-+*]) (\d+) = (\d+)", pair.response):
            a, b = int(left), int(right)
            assert {"+": a + b, "-": a - b, "*": a * b}[sign] == int(result), pair.response
            results.append(result)
        assert results[-1] == pair.data["answer"]
        assert len(results) == pair.data["steps"]
