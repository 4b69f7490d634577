"""lm-eval run by itself, adapter after adapter, and assay's engine in one pass say the same of every example."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assay.engines import Completion, Prompt
from assay.tasks.lm_eval import LmEvalTask, lm_eval_task
from assay.tasks.lm_eval.metrics import plain
from assay.tasks.task import Answer, Chat, Example, Score
from tests.tasks.lm_eval.local import TESTS

if TYPE_CHECKING:
    from tests.engines.torch.toys import Toy

pytestmark = [
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "transformers", "peft")),
        reason="needs torch, transformers and peft",
    ),
    pytest.mark.filterwarnings("ignore"),  # lm-eval's own
]
NAMES = ("gen_match", "gen_share", "mc_plain", "mc_inputs")
ADAPTERS = ("r4", "rslora", "patterns")
SUBJECTS = ("base", *ADAPTERS)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    import torch

    from tests.engines.torch import toys

    torch.set_num_threads(1)
    forms = {name: toys.ADAPTERS[name] for name in ADAPTERS}
    return toys.make_toy("llama", tmp_path_factory.mktemp("toy"), forms)


def ours(
    toy: Toy, folder: Path, subjects: Sequence[str], chat: Chat | None
) -> dict[tuple[str, str, str], tuple[list[Completion], Score]]:
    """By subject, task and example; the engine is asked once, for all of it."""
    from assay.engines.torch import BatchOptions, TorchEngine

    tasks: dict[str, tuple[LmEvalTask, tuple[Example, ...]]] = {}
    requests: list[Prompt] = []
    for name in NAMES:
        task = lm_eval_task(name, folder)()
        tasks[name] = (task, examples := task.draw(None, 0))
        asks = task.requests(examples, chat, task.form.shots)
        for example, asked in zip(examples, asks, strict=True):
            requests += [
                Prompt(
                    subject,
                    name,
                    example.key,
                    one.prompt,
                    request=index,
                    kind=one.kind,
                    continuation=one.continuation,
                    max_tokens=one.max_tokens or 0,
                    stop=one.stop or (),
                )
                for subject in subjects
                for index, one in enumerate(asked)
            ]
    engine = TorchEngine(toy.base, toy.adapters, BatchOptions(rows=16, tokens=400))
    found: dict[tuple[str, str, str], list[Completion]] = {}
    try:
        for one in engine.complete(requests):
            found.setdefault((one.prompt.subject, one.prompt.task, one.prompt.example), []).append(one)
    finally:
        engine.close()
    return {key: (done, judged(done, *tasks[key[1]])) for key, done in found.items()}


def judged(done: list[Completion], task: LmEvalTask, examples: Sequence[Example]) -> Score:
    done.sort(key=lambda one: one.prompt.request)
    (example,) = (one for one in examples if one.key == done[0].prompt.example)
    return task.score_answers(example, [Answer(one.text, one.logprob, one.greedy) for one in done])


def theirs(toy: Toy, folder: Path, subject: str, **more: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Task and sample, of lm-eval by itself."""
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    peft = {} if subject == "base" else {"peft": str(toy.folder / subject)}
    options = {"dtype": "float32", "device": "cpu", "batch_size": 8, "max_length": 512}
    model = HFLM(pretrained=str(toy.folder), **peft, **options)
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    found = simple_evaluate(
        model=model, tasks=list(NAMES), task_manager=manager, bootstrap_iters=0, verbosity=None, **more
    )
    assert found is not None
    for name in NAMES:
        for sample in found["samples"][name]:
            yield name, sample


def compare(toy: Toy, folder: Path, subjects: Sequence[str], chat: Chat | None = None, **more: Any) -> int:
    """How many values of examples were compared; none of them would tell much if all were the same."""
    found = ours(toy, folder, subjects, chat)
    for name in NAMES:
        scores = {who: [found[one][1].passed for one in found if one[:2] == (who, name)] for who in subjects}
        assert len({tuple(one) for one in scores.values()}) > 1, name
    values = 0
    for subject in subjects:
        for name, sample in theirs(toy, folder, subject, **more):
            done, score = found[subject, name, str(sample["doc_id"])]
            for one, (response,) in zip(done, sample["resps"], strict=True):
                assert one.prompt.text == sample["arguments"][one.prompt.request][0]
                if one.prompt.kind == "generate":
                    assert one.text == response
                else:
                    assert one.logprob == pytest.approx(response[0], abs=1e-4)
                    assert one.greedy == response[1]
            said = score.detail["values"][sample["filter"]]
            assert set(said) == set(sample["metrics"])
            for metric in sample["metrics"]:
                values += 1
                if metric == "brier_score":
                    assert said[metric][1] == pytest.approx(plain(sample[metric])[1], abs=1e-4)
                else:
                    assert said[metric] == plain(sample[metric])
    return values


@pytest.mark.parametrize(
    "subjects", [("base", "rslora"), pytest.param(SUBJECTS, marks=pytest.mark.slow)], ids=["one", "three"]
)
def test_every_example_of_the_base_and_its_adapters_is_judged_as_lm_eval_judges_it(
    toy: Toy, mine: Path, subjects: Sequence[str]
) -> None:
    # A document: two filters of one metric, two metrics, four metrics; and two documents of one metric.
    assert compare(toy, mine, subjects) == len(subjects) * (TESTS * (2 + 2 + 4) + 2)


@pytest.mark.slow
def test_so_it_is_under_a_chat_template(toy: Toy, mine: Path) -> None:
    def chat(turns: Sequence[Mapping[str, str]], begun: bool) -> str:
        return str(
            toy.base.tokenizer.apply_chat_template(
                [dict(turn) for turn in turns],
                tokenize=False,
                add_generation_prompt=not begun,
                continue_final_message=begun,
            )
        )

    assert compare(toy, mine, SUBJECTS, chat, apply_chat_template=True)
