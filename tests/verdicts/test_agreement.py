"""Two benchmarks of one capability, with gains laid out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import assay
from assay.stats import PairedGain, mover_difference
from assay.verdicts.descriptive import Agreement
from tests.studies import examples, responses, write_study

N = 400
GAINS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    # (better, worse) on `first`, then on `second`
    "both": ((80, 20), (90, 20)),
    "split": ((80, 20), (20, 80)),
    "open": ((80, 20), (45, 32)),
    "near": ((33, 15), (28, 18)),
    "down": ((20, 80), (10, 90)),
}


def study(
    folder: Path,
    adapters: dict[str, dict[str, object]] | None = None,
    gains: dict[str, tuple[tuple[int, int], tuple[int, int]]] = GAINS,
    **fields: object,
) -> Path:
    examples(folder, N)

    base = [i >= N // 2 for i in range(N)]

    def passes(name: str, index: int) -> list[bool]:
        better, worse = gains[name][index]
        return [i < better if i < N // 2 else i < N - worse for i in range(N)]

    tasks = ("first", "second")
    document = {
        "name": "agree",
        "bases": [
            {
                "name": "base",
                "responses": {task: responses(folder / f"base-{task}.jsonl", base) for task in tasks},
            }
        ],
        "adapters": [
            {
                "name": name,
                "label": "numeric",
                "responses": {
                    task: responses(folder / f"{name}-{task}.jsonl", passes(name, index))
                    for index, task in enumerate(tasks)
                },
                **(adapters or {}).get(name, {}),
            }
            for name in gains
        ],
        "tasks": [{"task": "numeric", "name": task, "examples": "examples.jsonl"} for task in tasks],
        **fields,
    }
    return write_study(folder, document)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> assay.Result:
    folder = tmp_path_factory.mktemp("agreement")
    return assay.run(study(folder), folder / "run")


@pytest.fixture(scope="module")
def found(result: assay.Result) -> Agreement:
    (agreement,) = result.agreement
    return agreement


def test_gains_stand_side_by_side_with_the_verdicts_of_their_claims(
    result: assay.Result, found: Agreement
) -> None:
    assert found.capability == "numeric"
    assert found.metrics == ("first.numeric_match", "second.numeric_match")
    words = {(claim.adapter, claim.metric): claim.verdict for claim in result.claims}
    for row in found.adapters:
        for metric, gain, (better, worse) in zip(found.metrics, row.gains, GAINS[row.adapter], strict=True):
            assert gain is not None
            assert gain.gain == pytest.approx((better - worse) / N)
            assert gain.interval == pytest.approx(PairedGain(better, worse, N).interval(0.9))
            assert gain.verdict == words[row.adapter, metric]


def test_a_verdict_depends_on_the_benchmark_where_one_passes_and_another_fails(found: Agreement) -> None:
    told = {
        row.adapter: (tuple(gain.verdict for gain in row.gains if gain), row.depends)
        for row in found.adapters
    }
    assert told["split"] == (("confirmed", "harmed"), True)
    assert told["open"] == (("confirmed", "undecided"), False)
    assert told["both"] == (("confirmed", "confirmed"), False)
    assert told["down"] == (("harmed", "harmed"), False)
    assert found.depends == ("split",)


def test_the_sentence_names_who_depends_and_whether_the_gains_differ(found: Agreement) -> None:
    assert found.statement == (
        "numeric is measured by first.numeric_match, second.numeric_match. The verdict depends on the benchmark chosen "
        "for 1 of 5 adapters with a claim on several of them: split passes on one and fails on another; in 1 of these "
        "the gains themselves are shown to differ."
    )
    (split,) = (row for row in found.adapters if row.depends)
    one, other = ((gain.gain, *gain.interval) for gain in split.gains if gain and gain.interval)
    assert mover_difference(one, other)[1] > 0
    assert split.differs


def test_signs_are_counted_and_those_that_are_sure_apart(found: Agreement) -> None:
    (pair,) = found.pairs
    assert (pair.adapters, pair.same_sign, pair.opposite_sign) == (5, 4, 1)
    # `near` and `open` have an interval that holds 0 on the second benchmark.
    assert (pair.surely_same, pair.surely_opposite) == (2, 1)


def test_few_prompts_that_differ_are_sure_of_nothing_that_a_verdict_would_not_say(tmp_path: Path) -> None:
    laid = {"few": ((2, 0), (4, 0)), "many": ((6, 0), (0, 6))}
    (agreement,) = assay.run(study(tmp_path, gains=laid), tmp_path / "run").agreement
    (pair,) = agreement.pairs
    few, _ = agreement.adapters
    assert few.gains[0] is not None
    assert few.gains[0].interval is not None
    assert few.gains[0].interval[0] <= 0
    assert (pair.same_sign, pair.surely_same) == (1, 0)
    assert (pair.opposite_sign, pair.surely_opposite) == (1, 1)


def test_a_gain_of_0_has_no_sign_and_two_recipes_no_rank_correlation(tmp_path: Path) -> None:
    laid = {"nil": ((20, 20), (80, 20)), "up": ((80, 20), (80, 20))}
    (agreement,) = assay.run(study(tmp_path, gains=laid), tmp_path / "run").agreement
    (pair,) = agreement.pairs
    assert (pair.adapters, pair.same_sign, pair.opposite_sign) == (2, 1, 0)
    assert [(rank.configurations, rank.value) for rank in pair.ranks] == [(2, None)]


def test_promises_of_different_kinds_do_not_make_a_verdict_depend_on_the_benchmark(tmp_path: Path) -> None:
    # A gain of 0 on both: `kept` where it promised to keep, `no gain` where it promised to gain.
    laid = {"nil": ((10, 10), (10, 10))}
    claims = {"numeric": [{"metric": "first.numeric_match", "kind": "keeps"}, "second.numeric_match"]}
    result = assay.run(study(tmp_path, gains=laid, claims=claims), tmp_path / "run")
    assert [claim.verdict for claim in result.claims] == ["kept", "no gain"]
    (agreement,) = result.agreement
    assert agreement.depends == ()
    assert "none passes on one and fails on another" in agreement.statement


def test_where_only_another_metric_is_claimed_that_one_is_compared(tmp_path: Path) -> None:
    claims = {"numeric": ["first.format_match", "second.numeric_match"]}
    (agreement,) = assay.run(study(tmp_path, claims=claims), tmp_path / "run").agreement
    assert agreement.metrics == ("first.format_match", "second.numeric_match")
    assert all(gain and gain.verdict for row in agreement.adapters for gain in row.gains)
    assert agreement.depends == ("split",)


def test_an_adapter_without_responses_to_one_benchmark_counts_in_no_pair(tmp_path: Path) -> None:
    path = study(tmp_path)
    document = yaml.safe_load(path.read_text())
    del document["adapters"][1]["responses"]["second"]
    path.write_text(yaml.safe_dump(document))
    (agreement,) = assay.run(path, tmp_path / "run").agreement
    (split,) = (row for row in agreement.adapters if row.adapter == "split")
    assert split.gains[1] is None
    assert not split.depends
    assert (agreement.pairs[0].adapters, agreement.pairs[0].ranks[0].configurations) == (4, 4)


def test_the_rank_correlation_has_an_interval_from_four_recipes_on(found: Agreement) -> None:
    ((rank,),) = [pair.ranks for pair in found.pairs]
    # Ranks 4 4 4 2 1 (three ties) on the first, 5 2 4 3 1 on the second.
    assert (rank.base, rank.configurations) == ("base", 5)
    assert rank.value == pytest.approx(6 / (8 * 10) ** 0.5)
    assert rank.interval is not None
    assert rank.interval[0] < 0 < rank.interval[1]


def test_seeds_of_a_recipe_are_one_point(tmp_path: Path) -> None:
    seeds = {
        name: {"recipe": "r", "seed": seed} for seed, name in enumerate(("both", "split", "open"), start=1)
    }
    ((agreement),) = assay.run(study(tmp_path, seeds), tmp_path / "run").agreement
    (rank,) = agreement.pairs[0].ranks
    assert (rank.configurations, rank.interval) == (3, None)


def test_without_a_claim_on_both_no_verdict_depends_on_the_choice(tmp_path: Path) -> None:
    path = study(tmp_path, claims={"numeric": ["first.numeric_match"]})
    (agreement,) = assay.run(path, tmp_path / "run").agreement
    assert agreement.depends == ()
    assert "No adapter makes a claim on more than one of them" in agreement.statement
    assert all(row.gains[1] and row.gains[1].verdict is None for row in agreement.adapters)


def test_page_and_markdown_say_plainly_that_the_verdict_depends_on_the_benchmark(tmp_path: Path) -> None:
    assay.run(study(tmp_path), tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text()
    text = (tmp_path / "run" / "report.md").read_text()
    assert "depends on the benchmark chosen for 1 of 5 adapters" in page
    assert text.index("depends on the benchmark chosen for 1 of 5 adapters") < text.index("## Verdicts")
    assert '<section id="agreement"' in page
    assert "| split | +15.0" in text
    assert "yes, and the gains differ" in text


def test_a_training_counts_once_by_its_result_or_last_checkpoint(tmp_path: Path) -> None:
    steps = {
        name: {"recipe": "r", "step": step} for step, name in enumerate(("both", "split", "open"), start=1)
    }
    (agreement,) = assay.run(study(tmp_path, steps), tmp_path / "run").agreement
    assert [row.adapter for row in agreement.adapters] == ["open", "near", "down"]
    assert agreement.pairs[0].adapters == 3


def test_an_adapter_is_compared_at_the_scale_that_is_claimed(tmp_path: Path) -> None:
    scales: dict[str, dict[str, object]] = {"split": {"scale": [0.5, 2.0]}}
    path = study(
        tmp_path,
        scales,
        {"split": GAINS["split"]},
        claims={
            "numeric": [{"metric": f"{task}.numeric_match", "scale": 0.5} for task in ("first", "second")]
        },
    )
    document = yaml.safe_load(path.read_text())
    files = document["adapters"][0]["responses"]
    for task, name in files.items():
        for scale in ("0.5", "2"):
            (tmp_path / f"at-{scale}-{name}").write_bytes((tmp_path / name).read_bytes())
        files[task] = f"at-{{scale}}-{name}"
    path.write_text(yaml.safe_dump(document))
    (agreement,) = assay.run(path, tmp_path / "run").agreement
    assert agreement.depends == ("split@0.5",)


def test_a_missing_gain_at_a_floor_fails_on_no_benchmark(tmp_path: Path) -> None:
    gains = {"a": ((80, 20), (0, 0)), "b": ((80, 20), (90, 20))}
    path = study(tmp_path, gains=gains)
    for name in ("base", "a"):
        responses(tmp_path / f"{name}-second.jsonl", [i < 4 for i in range(N)])
    result = assay.run(path, tmp_path / "run")
    words = {(claim.adapter, claim.metric): claim.words for claim in result.claims}
    assert words["a", "second.numeric_match"] == "no gain, the base at a floor"
    (agreement,) = result.agreement
    assert agreement.depends == ()


def test_controls_take_no_part(tmp_path: Path) -> None:
    adapters: dict[str, dict[str, object]] = {"split": {"control": "gains"}}
    (agreement,) = assay.run(study(tmp_path, adapters), tmp_path / "run").agreement
    assert [row.adapter for row in agreement.adapters] == ["both", "open", "near", "down"]
    assert agreement.pairs[0].adapters == 4
    assert agreement.depends == ()
