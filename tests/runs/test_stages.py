"""A run that stops asking once every claim is settled, with an engine that answers by a function."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import assay
from assay.cli.show import show_result
from assay.engines import Completion, Fake, Prompt
from assay.errors import RunError, StudyError
from assay.records import Store
from assay.tasks import TASKS, Example, Score
from assay.tasks.numeric import Numeric
from assay.verdicts import Result
from tests.studies import RIGHT, WRONG, examples, write_study

COUNT = 400
ADAPTERS = ("up", "down", "same", "lift")


def _passes(subject: str, task: str, example: str) -> bool:
    """Whether a subject is right: by chance that the subject has on a task, the same on every call."""
    base = random.Random(f"{task}/{example}").random() < 0.4  # noqa: S311
    chance = random.Random(f"{subject}/{task}/{example}").random()  # noqa: S311
    if subject == "base" or (task == "away" and subject != "lift"):
        return base
    if subject == "up":
        return base or chance < 0.5
    if subject == "down":
        return base and chance < 0.3
    return base != (chance < 0.08)


def answer(request: Prompt) -> str:
    return RIGHT if _passes(request.subject, request.task, request.example) else WRONG


def stopping(folder: Path, names: tuple[str, ...] = ADAPTERS, **fields: Any) -> Path:
    """A study of two numeric tasks, one of them of another capability in name only."""
    examples(folder, COUNT)
    document = {
        "name": "stopping",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": name, "label": "numeric", "path": f"owner/{name}"} for name in names],
        "tasks": [
            {"task": "numeric", "name": "math", "examples": "examples.jsonl"},
            {"task": "numeric", "name": "away", "examples": "examples.jsonl"},
        ],
        "claims": {"numeric": ["math.numeric_match"]},
        "stop": "decided",
        **fields,
    }
    return write_study(folder, document)


def run(study: Path, fake: Fake | None = None, out: str = "run", **options: Any) -> Result:
    return assay.run(study, study.parent / out, engine=(fake or Fake(answer)).preflight, **options)


def asked(folder: Path) -> dict[tuple[str, str], int]:
    with Store.read(folder) as store:
        return {(name, task): len(store.held(name, task)) for name, task in store.bound()}


def records(folder: Path) -> list[tuple[Any, ...]]:
    with Store.read(folder) as store:
        return sorted(
            (name, task, row["key"], row["response"])
            for name, task in store.bound()
            for row in store.responses(name, task)
        )


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run that stopped early, to look at alone, and its result."""
    folder = tmp_path_factory.mktemp("stopped")
    return folder / "run", run(stopping(folder))


def test_clear_cells_stop_early_and_the_base_goes_as_far_as_its_furthest_adapter(
    stopped: tuple[Path, Result],
) -> None:
    folder, result = stopped
    counts = asked(folder)
    up, down, same = (counts[name, "math"] for name in ("up", "down", "same"))
    assert up < COUNT > down
    assert same > max(up, down)
    assert counts["base", "math"] == max(counts[name, "math"] for name in ADAPTERS)
    words = {claim.adapter: claim.verdict for claim in result.claims}
    assert (words["up"], words["down"]) == ("confirmed", "harmed")


def test_clear_words_are_those_of_the_full_run(tmp_path: Path) -> None:
    study = stopping(tmp_path, ("up", "down"))
    early = {claim.adapter: claim.verdict for claim in run(study).claims}
    full = run(stopping(tmp_path, ("up", "down"), stop="full"), out="whole")
    assert early == {claim.adapter: claim.verdict for claim in full.claims}


def test_all_subjects_answer_the_first_prompts_of_one_order(stopped: tuple[Path, Result]) -> None:
    with Store.read(stopped[0]) as store:
        assert store.manifest.schedule is not None
        order = [str(position) for position in store.manifest.schedule.orders["math"]]
        for name in ("base", *ADAPTERS):
            keys = {key.example for key in store.held(name, "math")}
            assert keys == set(order[: len(keys)])
    assert order != sorted(order, key=int)


def test_a_cell_without_a_claim_is_asked_as_far_as_the_study_says(tmp_path: Path) -> None:
    run(stopping(tmp_path, stop={"when": "decided", "elsewhere": 90}))
    assert {asked(tmp_path / "run")[name, "away"] for name in ("base", *ADAPTERS)} == {90}


def test_without_a_budget_a_cell_without_a_claim_is_asked_to_the_end(stopped: tuple[Path, Result]) -> None:
    assert {asked(stopped[0])[name, "away"] for name in ("base", *ADAPTERS)} == {COUNT}


def test_a_result_says_where_it_stopped_and_what_there_was(stopped: tuple[Path, Result]) -> None:
    by_name = {claim.adapter: claim for claim in stopped[1].claims}
    stop = by_name["up"].stop
    assert stop is not None
    assert stop.early
    assert (stop.n, stop.pool, stop.looks[-1]) == (by_name["up"].n, COUNT, stop.n)
    assert by_name["up"].p_exact is None


def test_the_interval_at_a_stop_is_wider_than_that_of_a_sample_of_fixed_size(
    stopped: tuple[Path, Result],
) -> None:
    claim = next(one for one in stopped[1].claims if one.adapter == "up")
    assert claim.interval is not None
    assert claim.better is not None
    assert claim.worse is not None
    low, high = assay.stats.tango_interval(claim.better, claim.worse, claim.n or 0, 0.9)
    assert claim.interval[0] < low < high
    assert claim.interval[1] >= high


@pytest.mark.slow
def test_a_run_stopped_in_the_middle_of_a_look_ends_as_one_that_was_not(tmp_path: Path) -> None:
    study = stopping(tmp_path)
    whole = run(study, out="whole")
    for after in (1, 70, 333, 800, 1500):
        count = 0

        def dies(request: Prompt) -> str:
            nonlocal count
            count += 1
            if count > after:  # noqa: B023 - called within this turn
                raise KeyboardInterrupt
            return answer(request)

        with pytest.raises(KeyboardInterrupt):
            run(study, Fake(dies))
    resumed = run(study)
    assert records(tmp_path / "run") == records(tmp_path / "whole")
    assert resumed.claims == whole.claims


def test_a_stopped_run_goes_on_to_the_end_and_still_allows_for_its_looks(tmp_path: Path) -> None:
    study = stopping(tmp_path)
    early = run(study)
    whole = run(study, until="full")
    assert {n for (name, _), n in asked(tmp_path / "run").items() if "/" not in name} == {COUNT}
    stops = {claim.adapter: claim.stop for claim in whole.claims}
    for claim in early.claims:
        after = stops[claim.adapter]
        assert claim.stop is not None
        assert after is not None
        assert after.looks == tuple(sorted({*claim.stop.looks, COUNT}))
        assert not after.early


@pytest.mark.slow
def test_looks_taken_under_another_schedule_still_count(tmp_path: Path) -> None:
    study = stopping(tmp_path)
    first = next(one for one in run(study).claims if one.adapter == "same")
    study = stopping(tmp_path, stop={"when": "decided", "first": 50, "every": 100})
    again = next(one for one in run(study).claims if one.adapter == "same")
    assert first.stop is not None
    assert again.stop is not None
    assert set(first.stop.looks) <= set(again.stop.looks)


def test_another_order_after_a_look_is_refused(tmp_path: Path) -> None:
    run(stopping(tmp_path))
    with pytest.raises(RunError, match="another `seed` would void its bounds"):
        run(stopping(tmp_path, seed=7))


def test_another_number_of_prompts_after_a_look_is_refused_as_what_it_is(tmp_path: Path) -> None:
    study = stopping(tmp_path, ("up",))
    run(study)
    document = yaml.safe_load(study.read_text())
    document["tasks"][0]["limit"] = 100
    with pytest.raises(RunError, match=r"first of 400 prompts .* now gives 100; give the earlier `limit`"):
        run(write_study(tmp_path, document))


@pytest.mark.slow
def test_what_the_full_list_would_print_is_said_apart_and_on_request(tmp_path: Path) -> None:
    assert all(claim.pool is None for claim in run(stopping(tmp_path)).claims)
    study = stopping(tmp_path, stop={"when": "decided", "pool": True})
    early = {claim.adapter: claim.pool for claim in run(study, out="pooled").claims}
    full = {claim.adapter: claim.gain for claim in run(stopping(tmp_path, stop="full"), out="full").claims}
    for name, pool in early.items():
        assert pool is not None
        assert pool.interval[0] <= (full[name] or 0.0) <= pool.interval[1]
    assert "for this list of 400 prompts only" in (tmp_path / "pooled" / "report.md").read_text()


def test_records_alone_decide_as_the_run_did(tmp_path: Path) -> None:
    result = run(stopping(tmp_path))
    assert assay.decide(tmp_path / "run").claims == result.claims


def test_until_decided_is_kept_in_the_folder_of_the_run(tmp_path: Path) -> None:
    run(stopping(tmp_path, stop="full"), until="decided")
    assert yaml.safe_load((tmp_path / "run" / "study.yaml").read_text())["stop"] == {"when": "decided"}
    assert asked(tmp_path / "run")["up", "math"] < COUNT


def test_nothing_is_said_over_seeds_that_stopped_early(tmp_path: Path) -> None:
    study = stopping(tmp_path, ("up", "down"))
    document = yaml.safe_load(study.read_text())
    for seed, adapter in enumerate(document["adapters"]):
        adapter |= {"recipe": "one", "seed": seed}
    result = run(write_study(tmp_path, document))
    assert result.recipes == ()
    assert any("stopped before the last prompt" in warning for warning in result.warnings)


def test_betting_on_a_metric_of_several_checks_is_refused(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text(
        '{"key": 1, "prompt": "Say it without a comma.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}\n'
    )
    study = stopping(
        tmp_path,
        tasks=[{"task": "ifeval", "prompts": "prompts.jsonl"}],
        claims={"numeric": ["ifeval.instruction_strict"]},
        stop={"when": "decided", "design": "betting"},
    )
    with pytest.raises(StudyError, match="several; write `design: group`"):
        run(study)


@pytest.mark.slow
def test_betting_stops_clear_cells_too(tmp_path: Path) -> None:
    result = run(stopping(tmp_path, stop={"when": "decided", "design": "betting", "every": 16}))
    words = {
        claim.adapter: (claim.verdict, claim.stop is not None and claim.stop.early) for claim in result.claims
    }
    assert words["down"] == ("harmed", True)


@pytest.mark.slow
def test_what_settled_cells_leave_out_is_expected_no_more(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def progress(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:  # noqa: ARG001
        if what == "responses" and not part:
            told.append((done, total))

    assay.run(stopping(tmp_path), tmp_path / "run", progress, engine=Fake(answer).preflight)
    totals = [total for _, total in told]
    assert totals == sorted(totals, reverse=True)
    assert len(set(totals[:-1])) > 1
    assert told[-1][0] == told[-1][1]


def test_no_prompt_is_asked_twice(tmp_path: Path) -> None:
    seen: Counter[tuple[str, str, str]] = Counter()

    def noted(request: Prompt) -> str:
        seen[request.name, request.task, request.example] += 1
        return answer(request)

    run(stopping(tmp_path), Fake(noted))
    assert set(seen.values()) == {1}


@pytest.mark.slow
def test_a_run_begun_by_option_goes_on_to_the_end_by_option(tmp_path: Path) -> None:
    study = stopping(tmp_path, stop="full")
    run(study, until="decided")
    for claim in run(study, until="full").claims:
        assert claim.stop is not None
        assert (claim.n, claim.stop.early) == (COUNT, False)


@pytest.mark.slow
def test_a_refused_seed_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    first = run(stopping(tmp_path))
    with pytest.raises(RunError):
        run(stopping(tmp_path, seed=7))
    assert (tmp_path / "run" / "report.md").is_file()
    assert assay.decide(tmp_path / "run").claims == first.claims


def test_a_finished_run_loads_nothing_when_run_again(tmp_path: Path) -> None:
    study = stopping(tmp_path, stop={"when": "decided", "elsewhere": 96})
    run(study, Fake(answer, inert={"lift"}))
    again = Fake(answer, inert={"lift"})
    result = run(study, again)
    assert (again.loads, again.asked) == (0, [])
    assert any(claim.stop is not None and claim.stop.early for claim in result.claims)


def test_a_settled_adapter_that_no_longer_loads_keeps_its_verdict(tmp_path: Path) -> None:
    budget = {"when": "decided", "elsewhere": 96}
    before = run(stopping(tmp_path, ("up", "down"), stop=budget))
    fake = Fake(answer)
    fake.failed = {"down": "its weights are gone", "same": "no such adapter"}
    after = {claim.adapter: claim for claim in run(stopping(tmp_path, stop=budget), fake).claims}
    assert fake.loads == 1
    assert [after["up"].verdict, after["down"].verdict] == [claim.verdict for claim in before.claims]
    assert after["down"].interval == before.claims[1].interval
    assert after["same"].verdict == "not measured"


class InParts(Numeric):
    """Whether a problem was solved, as a number of so many millionths."""

    metrics = tuple(replace(metric, kind="mean") for metric in Numeric.metrics)

    def score(self, example: Example, response: str) -> Score:
        score = super().score(example, response)
        passed, out_of = (tuple(10**6 * count for count in counts) for counts in (score.passed, score.out_of))
        return replace(score, passed=passed, out_of=out_of)


@pytest.mark.slow
def test_numbers_that_are_all_0_or_1_are_looked_at_as_passes_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run(stopping(tmp_path))
    monkeypatch.setitem(TASKS, "numeric", f"{__name__}:InParts")
    assert run(stopping(tmp_path), out="parts").claims == plain.claims


@pytest.mark.parametrize(("until", "told"), [("decided", True), ("full", False)])
def test_reports_say_why_gains_are_not_the_differences_of_the_matrix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], until: str, told: bool
) -> None:
    result = run(stopping(tmp_path, ("up", "same"), stop=until))
    show_result(result, None, False)
    texts = [(tmp_path / "run" / name).read_text() for name in ("report.md", "report.html")]
    for text in (*texts, capsys.readouterr().out):
        assert ("a gain can differ from the difference of the scores shown" in " ".join(text.split())) is told


def test_first_samples_alone_settle_nothing_after_an_interruption(tmp_path: Path) -> None:
    class BySample(Fake):
        """Every prompt's first sample comes before any second one."""

        def complete(self, requests: Iterable[Prompt]) -> Iterator[Completion]:
            return super().complete(sorted(requests, key=lambda request: request.sample))

    study = stopping(
        tmp_path,
        ("up",),
        tasks=[{"task": "numeric", "name": "math", "examples": "examples.jsonl", "limit": 40}],
        decoding={"samples": 2, "temperature": 0.5},
    )
    left = iter(range(2 * 40))

    def dies(request: Prompt) -> str:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return answer(request)

    with pytest.raises(KeyboardInterrupt):
        run(study, BySample(dies))
    run(study, BySample(answer))
    assert asked(tmp_path / "run")["up", "math"] == 2 * 40
