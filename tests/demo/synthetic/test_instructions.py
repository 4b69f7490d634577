"""What the world writes to learn from is right: the verifiers accept it, and another reckoning agrees."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from assay.demo.synthetic import Habits, Pair, draw
from assay.demo.synthetic.instructions import PHRASINGS
from assay.tasks import Example, load_task
from assay.tasks.ifeval import IFEval, punkt
from assay.tasks.ifeval.registry import INSTRUCTIONS


def judged(kind: str, pair: Pair) -> int:
    task = load_task(f"world-{kind}")()
    return task.score(Example(pair.key, pair.prompt, pair.data), pair.response).passed[0]


@pytest.mark.parametrize("mode", IFEval.modes)
def test_verifiers_of_both_modes_accept_every_response_to_instructions(mode: str) -> None:
    task = load_task("world-instructions")(mode=mode)
    for pair in draw("instructions", "tune", 1000, 4):
        score = task.score(Example(pair.key, pair.prompt, pair.data), pair.response)
        assert score.passed == score.out_of, (pair.prompt, pair.response, score.detail)


@pytest.mark.parametrize("kind", ["problems", "lists", "passages"])
def test_the_task_accepts_every_response(kind: str) -> None:
    assert all(judged(kind, pair) for pair in draw(kind, "tune", 1500, 4))


def test_every_instruction_comes_up_alone_and_together_and_none_needs_punkt() -> None:
    counts: Counter[str] = Counter()
    sizes: Counter[int] = Counter()
    for pair in draw("instructions", "test", 1200):
        counts.update(pair.data["instruction_id_list"])
        sizes[len(pair.data["kwargs"])] += 1
    assert counts.keys() == PHRASINGS.keys()
    assert min(counts.values()) > 40
    assert sizes.keys() == {1, 2, 3}
    assert not any(INSTRUCTIONS[id_].punkt for id_ in PHRASINGS)


def test_no_example_asks_for_punkt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(punkt, "require", lambda: pytest.fail("punkt was asked for"))
    task = load_task("world-instructions")()
    task.require(task.draw(200, 0) or ())


def test_each_wording_names_its_arguments() -> None:
    for pair in draw("instructions", "test", 600):
        for id_, kwargs in zip(pair.data["instruction_id_list"], pair.data["kwargs"], strict=True):
            for name, value in kwargs.items():
                words = value if isinstance(value, list) else [value]
                if isinstance(value, int) and name != "num_words" and name != "frequency":
                    words = [("", "one", "two", "three", "four", "five")[value]]
                assert all(str(word) in pair.prompt for word in words), (id_, pair.prompt)


@pytest.mark.parametrize(
    ("kind", "lowest", "highest"),
    [("instructions", 0.0, 0.6), ("lists", 0.0, 0.02), ("passages", 0.0, 0.02), ("problems", 1.0, 1.0)],
)
def test_untidy_examples_often_fail_and_untidy_problems_only_hide_their_work(
    kind: str, lowest: float, highest: float
) -> None:
    pairs = draw(kind, "tune", 400, habits=Habits(0.0, 0.0))
    assert lowest <= sum(judged(kind, pair) for pair in pairs) / len(pairs) <= highest


def test_the_share_that_behaves_rises_with_the_wording() -> None:
    habits = Habits(0.2, 0.8)
    assert [round(habits.share(wording, 4), 2) for wording in range(4)] == [0.2, 0.4, 0.6, 0.8]
    rates: dict[str, list[int]] = {}
    for pair in draw("lists", "tune", 2000, habits=habits):
        opening = re.split(r"[ ,]", pair.prompt)[0]
        rates.setdefault(opening, []).append(judged("lists", pair))
    assert sum(rates["Copy"]) / len(rates["Copy"]) > 0.65
    assert sum(rates["Say"]) / len(rates["Say"]) < 0.4


# -- word problems, reckoned again from the text alone ----------------------------------------------

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


# -- lists and passages, worked out again -----------------------------------------------------------


def test_list_answers_are_made_of_the_list() -> None:
    for pair in draw("lists", "test", 2000, 6):
        items = re.split(r"[:?] ", pair.prompt)[-1].split(", ")
        answer = pair.data["answer"].split(", ")
        assert len(set(items)) == len(items)
        verb = re.split(r"[ ,]", pair.prompt)[0]
        expected = {
            "Reverse": items[::-1],
            "Copy": items,
            "Sort": sorted(items, key=int if items[0].isdigit() else None),
        }
        assert answer == expected[verb] if verb in expected else set(answer) <= set(items)


def test_passage_answers_stand_in_a_sentence_about_the_one_who_is_asked_about() -> None:
    for pair in draw("passages", "test", 2000, 6):
        passage, question = pair.prompt.split("\n\n")
        answer = pair.data["answer"]
        assert re.search(rf"\b{re.escape(answer)}\b", passage)
        assert not re.search(rf"\b{re.escape(answer)}\b", question), pair.prompt
        told = [sentence.rstrip(".") for sentence in passage.split(". ")]
        about = {sentence.split()[0] for sentence in told if re.search(rf"\b{re.escape(answer)}\b", sentence)}
        assert len(about) == 1
        known = {sentence.split()[0] for sentence in told if named(sentence, question)}
        assert about <= known, pair.prompt


def named(sentence: str, question: str) -> bool:
    """Whether a question names the one whom a sentence is about, or what it says of them."""
    name, value = sentence.split()[0], sentence.removesuffix(" at home").removesuffix(" coat").split()[-1]
    return any(re.search(rf"\b{word}\b", question) for word in (name, value))
