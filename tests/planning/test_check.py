"""A check within a time budget, on the clock of a fake engine. No model is loaded."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

import assay
from assay.audit import check
from assay.demo.recorded import EXAMPLE
from assay.engines import Completion, Fake, Prompt
from assay.errors import RunError, StudyError
from assay.planning import BudgetChoice, recorded_choice, resolve_within
from assay.planning.budget import FEWEST, Budget, TaskTime, choose
from assay.runs import Run
from assay.runs.check import CheckSettings, check_study, resolve_check
from assay.runs.resolve import plan_of
from assay.runs.tasks import resolve_tasks
from assay.runs.workload import Work
from assay.stats import Verdict
from assay.study import load_study
from tests.studies import examples, jsonl

pytestmark = pytest.mark.usefixtures("place")
PROMPTS = 400
SETTINGS: CheckSettings = {"prompts": "prompts.jsonl", "examples": "gsm.jsonl", "max_tokens": 10}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder in ("adapters/qa", "models/tiny"):
        Path(folder).mkdir(parents=True)
    examples(tmp_path, PROMPTS, "gsm.jsonl")
    rows = (
        {
            "key": i,
            "prompt": f"No commas, {i}.",
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{}],
        }
        for i in range(PROMPTS)
    )
    jsonl(tmp_path / "prompts.jsonl", rows)
    return tmp_path


class Timed(Fake):
    """Takes 10 ms a token on a clock of its own. The base passes half of the prompts; of those that it fails the adapter
    passes a share `better`, and of the others it fails a share `worse`."""

    def __init__(self, better: float = 0.0, worse: float = 0.0) -> None:
        super().__init__(self.respond)
        self.now, self.better, self.worse = 0.0, better, worse

    def respond(self, prompt: Prompt) -> str:
        number, adapter = int(prompt.example), prompt.subject == "qa"
        if prompt.task == "gsm8k":
            return f"#### {1 + number % 2}" + " so" * adapter
        drawn = Random(number)  # noqa: S311 - a fake
        passes, turn = drawn.random() < 0.5, drawn.random()
        if adapter and turn < (self.worse if passes else self.better):
            passes = not passes
        return "fine" if passes else "bad, this"

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        for completion in super().complete(prompts):
            self.now += 0.010 * (completion.tokens or 0)
            yield completion

    def clock(self) -> float:
        return self.now


def within(
    seconds: float, fake: Timed, folder: Path = Path("run"), **more: Any
) -> tuple[dict[str, int], BudgetChoice]:
    """The examples of the plan, by task, and the choice."""
    study, _ = check_study("adapters/qa", "models/tiny", "instruction", **SETTINGS, **more)
    resolving = partial(resolve_check, study, fake.preflight)
    plan, choice = resolve_within(resolving, seconds, folder, clock=fake.clock)
    assert isinstance(plan.work, Work)
    assert plan.stop.when == "decided"
    return {name: len(asked) for name, asked in plan.work.examples.items()}, choice


def test_the_plan_has_the_prompts_that_were_chosen_and_the_claims_task_first() -> None:
    sizes, choice = within(60, Timed())
    assert sizes == choice.limits
    assert sizes["gsm8k"] == FEWEST
    assert FEWEST < sizes["ifeval"] < PROMPTS
    assert choice.time <= 60


def test_a_prompt_takes_its_longest_responses_of_base_and_adapter_and_second_passes() -> None:
    _, choice = within(60, Timed())
    for task in choice.tasks:
        assert task.seconds == pytest.approx(2 * 10 * 0.010 * 1.1, rel=0.2)


def test_the_time_of_the_trial_is_part_of_the_budget() -> None:
    fake = Timed()
    _, choice = within(60, fake)
    assert fake.now > 0
    assert choice.spent >= fake.now


def test_with_time_enough_every_prompt_is_asked() -> None:
    assert within(100_000, Timed())[0] == {"ifeval": PROMPTS, "gsm8k": PROMPTS}


def test_the_choice_is_shown_before_the_run() -> None:
    study, _ = check_study("adapters/qa", "models/tiny", "instruction", **SETTINGS)
    fake, shown = Timed(), []

    def progress(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:  # noqa: ARG001
        shown.append((what, done, total, note))

    resolve_within(partial(resolve_check, study, fake.preflight), 100_000, Path("run"), progress, fake.clock)
    assert shown[-1] == ("prompts within the budget", 800, 800, "400 of ifeval, 400 of gsm8k")


def test_a_limit_holds_within_a_budget() -> None:
    assert within(100_000, Timed(), limit=50)[0] == {"ifeval": 50, "gsm8k": 50}


def test_too_short_a_budget_is_refused_and_leaves_nothing(place: Path) -> None:
    with pytest.raises(
        StudyError, match=r"^--budget: too short: 32 prompts of each task take up to \d+s here"
    ):
        within(5, Timed())
    assert not (place / "run").exists()


def checked(budget: float | None, fake: Timed, out: str = "run") -> Any:
    return check(
        "adapters/qa",
        "models/tiny",
        "instruction",
        out,
        engine=fake.preflight,
        budget=budget,
        **SETTINGS,
    )


def test_the_choice_is_recorded_and_continued_without_another_trial() -> None:
    first = checked(3600, Timed(0.6))
    assert recorded_choice(Path("run")) == first.budget
    fake = Timed(0.6)
    again = checked(3600, fake)
    assert (again.budget, again.result.claims) == (first.budget, first.result.claims)
    assert fake.asked == []


def test_prompts_in_clusters_are_refused_within_a_budget_in_the_words_of_a_check(place: Path) -> None:
    rows = map(json.loads, (place / "prompts.jsonl").read_text(encoding="utf-8").splitlines())
    jsonl(place / "prompts.jsonl", [row | {"cluster": index // 4} for index, row in enumerate(rows)])
    with pytest.raises(StudyError) as refused:
        checked(3600, Timed(0.6))
    assert str(refused.value) == (
        "--prompts: task 'ifeval' cannot stop early, because its prompts come in groups; leave out --budget: such a check "
        "may stop early"
    )
    assert checked(None, Timed(0.6)).result.claims[0].n == PROMPTS // 4


def test_another_budget_for_the_same_run_is_refused() -> None:
    checked(3600, Timed(0.6))
    with pytest.raises(
        RunError, match=r"begun with a budget of 3600 s, .*; give that --budget, or another --out$"
    ):
        checked(60, Timed(0.6))


def test_a_run_without_a_budget_has_no_choice() -> None:
    assert checked(None, Timed(0.6)).budget is None
    assert recorded_choice(Path("run")) is None


@pytest.mark.parametrize(
    ("better", "worse", "words"),
    [
        (0.0, 0.0, ["no gain"]),
        (0.3, 0.2, ["undecided", "gain"]),
        (0.2, 0.3, ["undecided"]),
        (0.7, 0.0, ["confirmed"]),
    ],
)
def test_few_prompts_say_less_and_never_the_contrary(better: float, worse: float, words: list[str]) -> None:
    """The same responses within a budget and in full."""
    fake = Timed(better, worse)
    study, _ = check_study("adapters/qa", "models/tiny", "instruction", **SETTINGS)
    plan, choice = resolve_within(
        partial(resolve_check, study, fake.preflight), 40, Path("few"), clock=fake.clock
    )
    with Run.start(plan, "few") as run:
        run.generate()
        run.score()
        (few,) = run.analyze().claims
    (full,) = checked(None, Timed(better, worse), "full").result.claims
    assert few.n is not None
    assert few.n <= choice.limits["ifeval"] < PROMPTS == full.n
    assert few.verdict == full.verdict or few.verdict in (Verdict.UNDECIDED, Verdict.GAIN)
    assert few.verdict in words


@pytest.mark.parametrize("seconds", [200, 400])
def test_recorded_responses_of_so_few_prompts_never_contradict_all_of_them(seconds: int) -> None:
    """The example that ships, with the prompts that a budget would choose."""
    study = load_study(EXAMPLE / "study.yaml")
    plan = plan_of(study, resolve_tasks(study))
    choice = choose(plan, [TaskTime(task, 300, 1.0) for task in plan.tasks], Budget(seconds))
    assert sum(choice.limits.values()) == seconds
    shutil.copytree(EXAMPLE, "example")
    for task, count in choice.limits.items():
        for path in Path("example").glob(f"*-{task}.jsonl.gz"):
            lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
            path.write_bytes(b"".join(lines[:count]))
    few = assay.run(load_study("example/study.yaml").limited(choice.limits).stopping("decided"), "few")
    full = {"numeric": Verdict.CONFIRMED, "instruction": Verdict.NO_GAIN, "inert": Verdict.NOT_APPLIED}
    for claim in few.claims:
        assert claim.n is None or claim.n <= choice.limits[claim.metric.partition(".")[0]]
        assert claim.verdict in (full[claim.adapter], Verdict.GAIN, Verdict.UNDECIDED)
    words = {claim.adapter: claim.verdict for claim in few.claims}
    assert words["instruction"] is Verdict.UNDECIDED or seconds > 200
    assert words["inert"] is Verdict.NOT_APPLIED
