"""What changed in the responses where an adapter gained or fell, against counts made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

import assay
from assay.engines import Fake, Prompt
from assay.stats import PairedGain
from assay.tasks import Example
from assay.verdicts.descriptive import Change
from assay.verdicts.response_changes import READ, differences, type_differences
from tests.studies import RIGHT, WRONG, examples, jsonl, one_task_study, responses, table, write_study

N = 120
REFUSAL = "I'm sorry, but I can't help with that."
LOOP = "and so on and on " * 6


def answers(folder: Path, name: str, texts: list[str]) -> str:
    rows = ({"key": str(i), "response": text} for i, text in enumerate(texts))
    return jsonl(folder / f"{name}.jsonl", rows).name


@pytest.fixture(scope="module")
def fallen(tmp_path_factory: pytest.TempPathFactory) -> Change:
    """The base is right on all; the adapter refuses 20 prompts, leaves 10 empty, and repeats itself on 30."""
    folder = tmp_path_factory.mktemp("changes")
    examples(folder, N)
    document = {
        "name": "fallen",
        "bases": [{"name": "base", "responses": {"math": responses(folder / "base.jsonl", [True] * N)}}],
        "adapters": [
            {
                "name": "fallen",
                "label": "numeric",
                "responses": {
                    "math": answers(
                        folder, "fallen", [REFUSAL] * 20 + [" "] * 10 + [LOOP] * 30 + [RIGHT] * (N - 60)
                    )
                },
            }
        ],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
    }
    (change,) = assay.run(write_study(folder, document), folder / "run").changes
    return change


def test_shares_are_counted_with_the_interval_of_a_gain(fallen: Change) -> None:
    assert (fallen.adapter, fallen.task, fallen.metric) == ("fallen", "math", "math.numeric_match")
    assert (fallen.prompts, fallen.gain, fallen.level) == (N, -0.5, 0.95)
    found = {difference.measure: difference for difference in fallen.differences}
    for measure, count in (("refused", 20), ("empty", 10), ("repeated", 30)):
        assert found[measure].base == 0
        assert found[measure].adapter == pytest.approx(count / N)
        assert found[measure].interval == pytest.approx(PairedGain(count, 0, N).interval(0.95))
    assert found["extractable"].difference == pytest.approx(-60 / N)


def test_lengths_get_students_interval(fallen: Change) -> None:
    (found,) = (one for one in fallen.differences if one.measure == "characters")
    lengths = np.array(
        [len(REFUSAL)] * 20 + [1] * 10 + [len(LOOP)] * 30 + [len(RIGHT)] * (N - 60), dtype=float
    )
    change = lengths - len(RIGHT)
    half = t.ppf(0.975, N - 1) * change.std(ddof=1) / np.sqrt(N)
    assert found.difference == pytest.approx(change.mean())
    assert found.interval == pytest.approx((change.mean() - half, change.mean() + half))


def test_what_the_records_do_not_say_is_left_out(fallen: Change) -> None:
    assert not {"tokens", "truncated"} & {one.measure for one in fallen.differences}
    assert fallen.types == ()


def test_two_prompts_that_differ_are_no_gain_to_describe(tmp_path: Path) -> None:
    base, adapter = table(2, 0, N)
    result = assay.run(one_task_study(tmp_path, base, {"a": adapter}), tmp_path / "run")
    (claim,) = result.claims
    assert claim.interval is not None
    assert claim.interval[0] <= 0
    assert claim.verdict == "undecided"
    assert not result.changes


def test_an_adapter_that_neither_gains_nor_falls_is_left_out(tmp_path: Path) -> None:
    base, adapter = table(45, 32, 400, 200)
    assert assay.run(one_task_study(tmp_path, base, {"open": adapter}), tmp_path / "run").changes == ()


def test_generated_responses_have_tokens_and_truncation_and_early_stops_their_own_prompts(
    tmp_path: Path,
) -> None:
    def answer(request: Prompt) -> str:
        if request.subject == "base":
            return RIGHT
        return "word " * 9 + WRONG

    examples(tmp_path, 400)
    document = {
        "name": "stopping",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": "down", "label": "numeric", "path": "owner/down"}],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        "decoding": {"max_tokens": 8},
        "stop": "decided",
    }
    result = assay.run(write_study(tmp_path, document), tmp_path / "run", engine=Fake(answer).preflight)
    (claim,) = result.claims
    (change,) = result.changes
    assert claim.stop is not None
    assert claim.stop.early
    assert change.prompts == claim.n
    found = {one.measure: one for one in change.differences}
    assert found["truncated"].difference == 1
    assert found["tokens"].difference == pytest.approx(8 - 2)
    assert found["tokens"].interval == pytest.approx((6, 6))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=60))
def test_exchanging_the_sides_turns_every_difference(rows: list[tuple[int, int]]) -> None:
    before, after = (
        np.array([[side] * len(READ) for side in column], dtype=float) for column in zip(*rows, strict=True)
    )
    groups = np.arange(len(rows))
    for one, other in zip(
        differences(before, after, groups), differences(after, before, groups), strict=True
    ):
        assert (one.difference, one.base) == (-other.difference, other.adapter)
        if one.interval is not None and other.interval is not None:
            assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]), abs=1e-9)


def test_prompts_of_one_cluster_are_one_piece_of_evidence() -> None:
    draw = np.random.default_rng(5)
    before, after = (draw.integers(0, 2, (80, len(READ))).astype(float) for _ in range(2))
    alone = list(differences(before, after, np.arange(80)))
    copied = list(
        differences(np.repeat(before, 5, axis=0), np.repeat(after, 5, axis=0), np.repeat(np.arange(80), 5))
    )
    for one, other in zip(alone, copied, strict=True):
        assert other.difference == pytest.approx(one.difference)
        assert one.interval is not None
        assert other.interval == pytest.approx(one.interval, abs=0.02)


def test_a_measure_that_is_unknown_of_one_prompt_is_left_out() -> None:
    before = np.zeros((30, len(READ)))
    before[3, READ.index("tokens")] = np.nan
    found = [one.measure for one in differences(before, np.ones((30, len(READ))), np.arange(30))]
    assert found == [measure for measure in READ if measure != "tokens"]


def test_types_are_counted_by_check_and_a_type_asked_twice_of_a_prompt_counts_twice() -> None:
    asked = [
        Example("a", "?", {"instruction_id_list": ["x", "x", "y"]}),
        Example("b", "?", {"instruction_id_list": ["x"]}),
        Example("c", "?", {"instruction_id_list": ["y"]}),
    ]
    before = {"a": [True, True, False], "b": [True], "c": [True]}
    after = {"a": [True, False, True], "b": [False]}
    x, y = type_differences(asked, before, after, np.arange(3))
    assert (x.type, x.checks, x.base) == ("x", 3, 1)
    assert x.adapter == pytest.approx(1 / 3)
    assert (y.type, y.checks, y.base, y.adapter) == ("y", 1, 0, 1)
    assert y.interval == pytest.approx(PairedGain(1, 0, 1).interval(0.95))


def test_types_of_wordings_of_one_request_are_one_piece_of_evidence() -> None:
    asked = [Example(str(i), "?", {"instruction_id_list": ["x"]}) for i in range(200)]
    before = {example.key: [int(example.key) % 50 >= 10] for example in asked}
    after = {example.key: [int(example.key) % 50 >= 4] for example in asked}
    (alone,) = type_differences(asked[:50], before, after, np.arange(50))
    (copied,) = type_differences(asked, before, after, np.tile(np.arange(50), 4))
    assert copied.checks == 200
    assert copied.difference == pytest.approx(alone.difference)
    assert copied.interval[0] < alone.interval[0]
    assert copied.interval[1] > alone.interval[1] - 0.01


def test_page_and_markdown_call_it_descriptive(tmp_path: Path) -> None:
    base, adapter = table(60, 10, 200, 100)
    assay.run(one_task_study(tmp_path, base, {"up": adapter}), tmp_path / "run")
    for name in ("report.html", "report.md"):
        text = (tmp_path / "run" / name).read_text()
        assert "What changed in the responses (descriptive)" in text
        assert "need not be its cause" in text
