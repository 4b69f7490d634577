"""What is sent to a model, when its response ends, and that answers written as asked are read."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from assay.cli import main
from assay.errors import StudyError
from assay.runs.tasks import resolve_tasks
from assay.study import Study
from assay.tasks import TASKS, Example, load_task
from assay.tasks.few_shot import EXAMPLES
from assay.tasks.ifeval import IFEval
from assay.tasks.numbers import last_number, stated_number
from assay.tasks.numeric import Numeric

PENS = Example("0", "Ann has 3 pens and buys 2. How many has she?", {"answer": "5"})

# Each problem once more, in its own numbers.
RIGHT = {
    "A bakery": 6 * (14 + 9),
    "Nadia": 50 - (2 * 12 + 3),
    "A tank": 240 * 0.75 / 15,
    "Lena": (17 - 3) * 2 + 5,
    "A jacket": 80 * 0.85 - 8,
    "Two towns": 84 / (18 + 24),
    "A machine": (40 - 10) * 45,
    "Ivo": 4 * 80 - 71 - 84 - 79,
}


# -- the words -------------------------------------------------------------------------------------


def test_a_user_turn_asks_for_steps_and_a_last_line() -> None:
    assert Numeric().prompt(PENS, chat=True, shots=0) == (
        "Ann has 3 pens and buys 2. How many has she?\n\n"
        "Work step by step, and end with a last line that holds only #### and the answer as a number."
    )


def test_without_a_template_worked_examples_come_before_the_question() -> None:
    assert Numeric().prompt(PENS, chat=False, shots=2) == (
        "Question: A bakery packs rolls in bags of 6. It sells 14 bags in the morning and 9 bags in the "
        "afternoon. How many rolls does it sell that day?\n"
        "Answer: The bakery sells 14 + 9 = 23 bags. That is 23 * 6 = 138 rolls.\n"
        "#### 138\n\n"
        "Question: Nadia has $50. She buys 2 books at $12 each and a pen for $3. "
        "How much money does she have left?\n"
        "Answer: The books cost 2 * 12 = 24 dollars. With the pen she spends 24 + 3 = 27 dollars. "
        "She has 50 - 27 = 23 dollars left.\n"
        "#### 23\n\n"
        "Question: Ann has 3 pens and buys 2. How many has she?\nAnswer:"
    )


def test_without_worked_examples_the_question_stands_alone() -> None:
    assert Numeric().prompt(PENS, chat=False, shots=0) == f"Question: {PENS.prompt}\nAnswer:"


def test_a_study_may_ask_for_worked_examples_in_a_user_turn() -> None:
    plain, turn = (Numeric().prompt(PENS, chat, shots=3) for chat in (False, True))
    assert turn == plain.removesuffix("\nAnswer:") + "\n\n" + Numeric().prompt(PENS, True, 0).split("\n\n")[1]


@pytest.mark.parametrize("chat", [True, False])
def test_ifeval_sends_the_prompt_as_it_is(chat: bool) -> None:
    example = Example("1", "Write a poem.\nUse no commas. ", {})
    assert IFEval().prompt(example, chat, shots=0) == "Write a poem.\nUse no commas. "


def test_the_plain_form_is_the_one_of_lm_eval() -> None:
    folder = pytest.importorskip("lm_eval.tasks", reason="lm-eval is not installed")
    import jinja2
    import yaml

    root = Path(folder.__file__).parent
    config = yaml.safe_load((root / "gsm8k/gsm8k.yaml").read_text())
    sent = jinja2.Template(config["doc_to_text"]).render(question=PENS.prompt)
    assert Numeric().prompt(PENS, chat=False, shots=0) == sent
    assert Numeric.form.stop == tuple(config["generation_kwargs"]["until"])
    stripped = (root / "ifeval/ifeval.yaml").read_text().replace("!function ", "")
    config = yaml.safe_load(stripped)
    assert (config["doc_to_text"], config["num_fewshot"]) == ("prompt", 0)
    settings = config["generation_kwargs"]
    assert (IFEval.form.stop, IFEval.form.max_tokens) == (tuple(settings["until"]), settings["max_gen_toks"])


# -- limits ----------------------------------------------------------------------------------------


def test_a_chat_template_brings_no_worked_examples_and_no_stop_texts() -> None:
    form = Numeric.form
    assert (form.shots_with(False), form.stop_with(False)) == (4, ("Question:", "</s>", "<|im_end|>"))
    assert (form.shots_with(True), form.stop_with(True)) == (0, ())


@pytest.mark.parametrize("kind", [load_task(name) for name in TASKS])
def test_a_form_asks_for_no_more_worked_examples_than_there_are(kind: type[IFEval | Numeric]) -> None:
    assert kind.form.shots <= kind.form.most_shots
    assert kind.form.most_shots == (len(EXAMPLES) if kind is Numeric else 0)


def test_no_stop_text_stands_in_a_worked_answer() -> None:
    assert not [answer for _, answer in EXAMPLES for stop in Numeric.form.stop if stop in answer]


def study(**entry: object) -> Study:
    return Study.from_dict(
        {
            "name": "x",
            "bases": [{"name": "b", "model": "org/b"}],
            "adapters": [{"name": "a", "label": "numeric", "path": "org/a"}],
            "tasks": [entry],
        }
    )


@pytest.mark.parametrize(
    ("task", "shots", "message"),
    [
        ("ifeval", 2, "this task has no worked examples; remove the line"),
        ("ifeval", 0, "this task has no worked examples; remove the line"),
        ("numeric", 9, "9 worked examples, of 8 that this task has; ask for fewer"),
    ],
)
def test_worked_examples_that_a_task_does_not_have_are_refused(task: str, shots: int, message: str) -> None:
    with pytest.raises(StudyError) as refused:
        resolve_tasks(study(task=task, shots=shots))
    assert str(refused.value).endswith(f": {message}")


@pytest.mark.parametrize("shots", [0, 1, 8])
def test_worked_examples_that_a_task_has_can_be_asked_for(shots: int) -> None:
    resolve_tasks(study(task="numeric", shots=shots))
    assert Numeric().prompt(PENS, chat=False, shots=shots).count("Question:") == shots + 1


def test_the_command_lists_each_form(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["assay", "tasks", "--json"])
    with pytest.raises(SystemExit):
        main()
    listed = {task["task"]: task for task in json.loads(capsys.readouterr().out)}
    ifeval, numeric = listed["ifeval"], listed["numeric"]
    assert (ifeval["max_tokens"], ifeval["shots"], ifeval["stop"]) == (1280, 0, [])
    assert (numeric["max_tokens"], numeric["shots"], numeric["stop"][0]) == (1024, 4, "Question:")


# -- worked examples -------------------------------------------------------------------------------


@pytest.mark.parametrize(("question", "answer"), EXAMPLES)
def test_a_worked_example_states_the_right_number(question: str, answer: str) -> None:
    (right,) = [value for start, value in RIGHT.items() if question.startswith(start)]
    for read in (stated_number, last_number):
        found = read(answer)
        assert found is not None
        assert found.text == f"{right:g}"
    example = Example("0", question, {"answer": f"{right:g}"})
    assert Numeric().score(example, answer).passed == (1, 1, 1, 1)


@pytest.mark.parametrize(("question", "answer"), EXAMPLES)
def test_every_step_of_a_worked_example_is_right_and_leads_to_its_answer(question: str, answer: str) -> None:
    steps = re.findall(r"(\d+(?: [-+*/] \d+)+) = (\d+)", answer)
    assert len(steps) == answer.count("=")
    known = {*re.findall(r"\d+", question), *re.findall(r"\d+", answer.split("=")[0])}
    known |= {"60", "100", "2", "4"}  # minutes an hour, percent, twice, `a fourth test`
    for expression, result in steps:
        assert eval(expression) == int(result), expression  # noqa: S307 - digits and operators only
        assert set(re.findall(r"\d+", expression)) <= known, expression
        known.add(result)
    assert answer.endswith(f"\n#### {steps[-1][1]}")


def test_no_worked_example_stands_in_gsm8k(shared: Path) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[a-z0-9]+", text.lower())
        return {tuple(words[i : i + 9]) for i in range(len(words) - 8)}

    ours = {run for question, _ in EXAMPLES for run in runs(question)}
    for example in Numeric().read(shared / "data/gsm8k/test.jsonl"):
        assert not runs(example.prompt) & ours, example.prompt


# -- answers written as asked ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "last", ["#### 5", "####5", "#### 5.", "#### **5**", "`#### 5`", "#### $5$", "#### 5.00"]
)
def test_an_answer_in_the_form_asked_for_is_read(last: str) -> None:
    steps = "#### Step 1: what she has\nShe has 3 pens.\n#### Step 2\nShe buys 2, so 3 + 2 = 5.\n\n"
    assert Numeric().score(PENS, steps + last).passed == (1, 1, 1, 1)


def test_an_answer_that_goes_on_with_another_question_is_read_up_to_the_stop_text() -> None:
    response = " She has 3 + 2 = 5 pens.\n#### 5\n\nQuestion: Bo has 9 cats.\nAnswer: 9\n#### 9"
    cut = min(response.find(stop) for stop in Numeric.form.stop_with(chat=False) if stop in response)
    assert Numeric().score(PENS, response[:cut]).passed == (1, 1, 1, 1)
