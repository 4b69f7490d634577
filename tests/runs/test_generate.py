"""A study that generates, from preflight to gate, with an engine that answers by a function."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.engines import Completion, Fake, Prompt
from assay.errors import OutputError, RunError
from assay.interop.exporters.responses import export_responses
from assay.records import Store
from assay.runs import Run
from tests.interruptions import interrupted_at
from tests.often import first_often
from tests.runs.generating import BASE, COUNT, PASSES, answer, generating, records, run, verdicts
from tests.stepping import Stepping
from tests.studies import RIGHT, WRONG


def test_a_study_is_generated_and_judged(tmp_path: Path) -> None:
    result = run(generating(tmp_path), Fake(answer))
    assert verdicts(result) == {"good": "confirmed", "bad": "harmed"}
    assert result.claims[0].gain == (60 - 10) / COUNT


def test_claims_are_stamped_before_the_first_response(tmp_path: Path) -> None:
    def see(request: Prompt) -> str:
        with Store.read(tmp_path / "run") as store:
            assert store.declared()[0].records_before == 0
        return answer(request)

    declared = run(generating(tmp_path), Fake(see)).claims_declared
    assert (declared.when, declared.history[0].records_before) == ("before", 0)


def test_base_and_adapters_are_loaded_once_and_asked_each_prompt_once(tmp_path: Path) -> None:
    fake = Fake(answer)
    run(generating(tmp_path), fake)
    assert fake.loads == 1
    asked = Counter((one.name, one.example) for one in fake.asked)
    assert set(asked.values()) == {1}
    names = Counter(one.name for one in fake.asked)
    assert names["good/again"] + names.pop("bad/again") == COUNT
    del names["good/again"]
    assert names == {"base": COUNT, "good": COUNT, "bad": COUNT, "base/again": COUNT}


def test_a_run_that_is_whole_loads_nothing(tmp_path: Path) -> None:
    study = generating(tmp_path)
    first = run(study, Fake(answer))
    fake = Fake(answer)
    assert run(study, fake) == first
    assert (fake.loads, fake.asked) == (0, [])


def stepping(limit: int, subjects: tuple[str, ...] = ("base", "good", "bad")) -> Stepping:
    """Eight words from each of these subjects, one from others; interrupted after so many steps."""
    fake = Stepping(answer)

    def slowly(request: Prompt) -> str:
        if fake.steps > limit:
            raise KeyboardInterrupt
        return ("a " * 7 if request.subject in subjects else "") + answer(request)

    fake.answer = slowly
    return fake


def test_generations_under_way_are_continued_where_an_interrupted_run_left_them(tmp_path: Path) -> None:
    study = generating(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(study, stepping(3, ("base",)))
    rest = stepping(99, ("base",))
    run(study, rest)
    assert {prompt.subject for prompt in rest.asked if not prompt.variant} == {"base"}
    (tmp_path / "other").mkdir()
    run(generating(tmp_path / "other"), stepping(99, ("base",)))
    assert records(tmp_path) == records(tmp_path / "other")


@pytest.mark.parametrize("change", [{"decoding": {"max_tokens": 99}}, {}], ids=["protocol", "weights"])
def test_generations_of_other_content_are_started_again(change: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(generating(tmp_path), stepping(3))
    rest = stepping(5)
    if not change:
        rest.contents = dict.fromkeys(("base", "good", "bad"), "other")
    with pytest.raises(KeyboardInterrupt):
        run(generating(tmp_path, **change), rest)
    assert rest.begun == {}


def test_no_generation_is_under_way_in_a_run_that_is_complete(tmp_path: Path) -> None:
    run(generating(tmp_path), stepping(99))
    with closing(sqlite3.connect(tmp_path / "run" / "records.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM partial_rows").fetchone() == (0,)


def test_changing_one_adapter_generates_that_adapter_alone(tmp_path: Path) -> None:
    run(generating(tmp_path), Fake(answer))
    document = [
        {"name": "good", "label": "numeric", "path": "owner/good"},
        {"name": "bad", "label": "numeric", "path": "owner/newer"},
    ]
    fake = Fake(answer)
    run(generating(tmp_path, adapters=document), fake)
    asked = Counter(one.name for one in fake.asked)
    assert asked["bad"] == COUNT
    assert set(asked) == {"bad", "bad/again"}


def test_a_name_changed_alone_generates_nothing_when_content_is_the_same(tmp_path: Path) -> None:
    run(generating(tmp_path, ("good",)), Fake(answer))
    fake = Fake(answer, contents={"renamed": "good owner/good"})
    renamed = [{"name": "renamed", "label": "numeric", "path": "owner/good"}]
    result = run(generating(tmp_path, adapters=renamed), fake)
    assert (fake.asked, verdicts(result)) == ([], {"renamed": "confirmed"})


def test_other_limits_are_another_protocol_and_are_generated_anew(tmp_path: Path) -> None:
    run(generating(tmp_path), Fake(answer))
    fake = Fake(answer)
    run(generating(tmp_path, decoding={"max_tokens": 9}), fake)
    assert {one.name for one in fake.asked} == {
        "base", "good", "bad", "base/again", "good/again", "bad/again",
    }  # fmt: skip


def test_only_what_follows_the_mark_is_judged(tmp_path: Path) -> None:
    def think(request: Prompt) -> str:
        return f"{WRONG} no, </think> {answer(request)}" if request.example != "0" else "</thi"

    result = run(generating(tmp_path, decoding={"after": "</think>"}), Fake(think))
    assert result.claims[0].gain == pytest.approx((60 - 10 - 1) / COUNT, abs=0.01)
    assert any("does not occur in 1 of 200 responses of 'good'" in warning for warning in result.warnings)


def test_a_thought_that_never_closes_is_judged_as_empty_and_counted(tmp_path: Path) -> None:
    def think(request: Prompt) -> str:
        return f"<think>no</think>{answer(request)}" if request.example != "0" else f"<think>{RIGHT}"

    result = run(generating(tmp_path, decoding={"after": "</think>"}), Fake(think))
    assert any("1 response of 'good' to math has no answer" in warning for warning in result.warnings)
    assert not any("scored whole" in warning for warning in result.warnings)


def test_a_base_that_agrees_with_itself_has_a_noise_floor_of_0(tmp_path: Path) -> None:
    (floor,) = run(generating(tmp_path), Fake(answer)).noise_floor or ()
    assert (floor.n, floor.differ, floor.better, floor.worse, floor.gain) == (COUNT, 0, 0, 0, 0)
    assert floor.warning is None
    assert max(map(abs, floor.interval)) < 0.03


def test_a_base_that_does_not_agree_with_itself_is_warned_of(tmp_path: Path) -> None:
    def drift(request: Prompt) -> str:
        return RIGHT if request.variant else answer(request)

    result = run(generating(tmp_path), Fake(drift))
    (floor,) = result.noise_floor or ()
    assert (floor.better > 0, floor.worse) == (True, 0)
    assert any(warning.endswith(floor.warning or "-") for warning in result.warnings)
    assert "excludes 0" in (floor.warning or "")


def test_the_noise_floor_is_no_subject_of_the_study(tmp_path: Path) -> None:
    def drift(request: Prompt) -> str:
        return RIGHT if request.variant else answer(request)

    study = generating(tmp_path)
    with_noise = run(study, Fake(drift))
    assert [row.subject for row in with_noise.matrix.rows] == ["base", "good", "bad"]
    with Run.open(tmp_path / "run") as opened:
        export_responses(opened.plan, opened.records, tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert Counter(row["adapter"] for row in rows) == {None: COUNT, "good": COUNT, "bad": COUNT}


@pytest.mark.parametrize("instant", first_often([350, 1, 2, 127, 201, 599, 601, 700]))
def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path, instant: int) -> None:
    study = generating(tmp_path)
    for folder in ("whole", "stopped"):
        (tmp_path / folder).mkdir()
    whole = run(generating(tmp_path / "whole"), Fake(answer))
    stopped = Fake(interrupted_at(instant, answer))
    study = generating(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        run(study, stopped)
    held = records(tmp_path / "stopped")
    rest = Fake(answer)
    assert run(study, rest).claims == whole.claims
    assert records(tmp_path / "stopped") == records(tmp_path / "whole")
    assert len(held) == instant - 1  # what had come was kept
    assert len(rest.asked) == len(records(tmp_path / "whole")) - len(held)


def test_the_same_weights_under_two_names_are_asked_once(tmp_path: Path) -> None:
    asked = Fake(
        lambda request: RIGHT if request.subject != "base" else answer(request),
        contents={"same1": "one", "same2": "one"},
    )
    result = run(generating(tmp_path, ("same1", "same2")), asked)
    assert Counter(one.name for one in asked.asked)["same2"] == 0
    assert result.claims[0].gain == result.claims[1].gain


def test_names_of_the_same_weights_that_cannot_be_loaded_are_each_told_why(tmp_path: Path) -> None:
    fake = Fake(answer, contents={"same1": "one", "same2": "one"})
    fake.failed = dict.fromkeys(("same1", "same2"), "no memory")
    result = run(generating(tmp_path, ("same1", "same2")), fake)
    assert [(claim.verdict, claim.reason) for claim in result.claims] == [("not measured", "no memory")] * 2
    assert not fake.asked


def test_one_of_two_names_of_the_same_weights_answers_where_the_other_cannot(tmp_path: Path) -> None:
    fake = Fake(
        lambda request: RIGHT if request.subject != "base" else answer(request),
        contents={"same1": "one", "same2": "one"},
    )
    fake.failed["same1"] = "no memory"
    result = run(generating(tmp_path, ("same1", "same2")), fake)
    assert verdicts(result)["same2"] == "confirmed"
    assert {one.name for one in fake.asked} == {"base", "base/again", "same2", "same2/again"}


def test_progress_tells_each_part_and_the_whole(tmp_path: Path) -> None:
    told: list[tuple[str, int, int, str]] = []

    def progress(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:  # noqa: ARG001
        if what == "responses":
            told.append((part, done, total, note))

    study = generating(tmp_path)
    assay.run(study, tmp_path / "run", progress, Fake(answer).preflight)
    assert ("math: good", COUNT, COUNT, "") in told
    last = [entry for entry in told if not entry[0]][-1]
    assert last[1:3] == (5 * COUNT, 5 * COUNT)
    assert last[3].endswith("tokens/s")


def test_each_base_is_loaded_in_turn_with_its_own_adapters(tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "bases": [{"name": "base", "model": "owner/a"}, {"name": "other", "model": "owner/b"}],
        "adapters": [
            {"name": "good", "label": "numeric", "base": "base", "path": "owner/good"},
            {"name": "bad", "label": "numeric", "base": "other", "path": "owner/bad"},
        ],
    }
    fake = Fake(answer)
    result = run(generating(tmp_path, **fields), fake)
    assert fake.loads == 2
    assert [claim.base for claim in result.claims] == ["base", "other"]
    assert [floor.base for floor in result.noise_floor or ()] == ["base", "other"]


def test_software_that_changed_between_two_sides_of_a_gain_is_warned_of(tmp_path: Path) -> None:
    older, newer = Fake(answer, provenance={"torch": "1"}), Fake(answer, provenance={"torch": "2"})
    assert run(generating(tmp_path, ("good",)), older).versions["torch"] == "1"
    mixed = run(generating(tmp_path), newer)
    assert any(
        "responses of 'bad' and those that they are compared with" in warning for warning in mixed.warnings
    )
    assert not any("responses of 'good'" in warning for warning in mixed.warnings)


def test_a_completion_of_another_text_than_asked_is_never_kept_twice(tmp_path: Path) -> None:
    class Twice(Fake):
        def complete(self, requests: Any) -> Any:
            for one in super().complete(requests):
                yield one
                yield Completion(one.prompt, "#### 77")

    result = run(generating(tmp_path), Twice(answer))
    assert verdicts(result) == {"good": "confirmed", "bad": "harmed"}


def test_a_folder_with_what_is_no_run_is_left_alone(tmp_path: Path) -> None:
    study = generating(tmp_path)
    (tmp_path / "run" / "report.html").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"report.html: is not a file; move it away"):
        run(study, Fake(answer))
    (tmp_path / "run" / "report.html").rmdir()
    with closing(sqlite3.connect(tmp_path / "run" / "records.sqlite")) as db:
        db.execute("CREATE TABLE theirs (a)")
    with pytest.raises(RunError, match="another program's database"):
        run(study, Fake(answer))


def test_a_run_taken_up_under_other_software_is_warned_of(tmp_path: Path) -> None:
    study = generating(tmp_path, ("good",))
    with pytest.raises(KeyboardInterrupt):
        run(study, Fake(interrupted_at(COUNT + 1, answer), provenance={"torch": "1"}))  # the base is whole
    result = run(study, Fake(answer, provenance={"torch": "2"}))
    assert any("'good' and those that they are compared with" in warning for warning in result.warnings)
    assert any("'base/again' and those" in warning for warning in result.warnings)


def test_a_live_adapter_that_answers_as_its_base_keeps_what_it_kept(tmp_path: Path) -> None:
    PASSES["same"] = BASE
    claims = {"numeric": [{"metric": "math.numeric_match", "kind": "keeps"}]}
    result = run(generating(tmp_path, ("same",), claims=claims), Fake(answer))
    assert verdicts(result) == {"same": "kept"}
    assert any(
        "all 200 responses of 'same' to math are identical to the base's" in warning
        for warning in result.warnings
    )


def test_a_block_that_was_left_and_taken_up_again_is_declared_after(tmp_path: Path) -> None:
    for margin in (0.05, 0.2):
        with pytest.raises(KeyboardInterrupt):
            run(generating(tmp_path, margin=margin), Fake(interrupted_at(1, answer)))
    run(generating(tmp_path, margin=0.2), Fake(answer))
    again = run(generating(tmp_path, margin=0.05), Fake(answer))
    assert [entry.records_before for entry in again.claims_declared.history] == [0, 0, 5 * COUNT]
    assert again.claims_declared.when == "after"


def test_settings_that_were_tried_before_are_told(tmp_path: Path) -> None:
    first = run(generating(tmp_path, decoding={"max_tokens": 50}), Fake(answer))
    assert not any("other settings" in warning for warning in first.warnings)
    second = run(generating(tmp_path, decoding={"max_tokens": 60}), Fake(answer))
    assert any(
        "holds 600 responses that were generated under other settings" in warning
        for warning in second.warnings
    )


def test_the_noise_floor_counts_one_sample_a_prompt(tmp_path: Path) -> None:
    fake = Fake(lambda request: f"{answer(request)} {request.variant}")
    (floor,) = run(generating(tmp_path, decoding={"samples": 3, "temperature": 0.5}), fake).noise_floor or ()
    assert (floor.n, floor.differ) == (COUNT, COUNT)
    assert Counter(one.name for one in fake.asked)["base/again"] == COUNT


def test_seeds_asked_under_different_templates_are_warned_of(tmp_path: Path) -> None:
    adapters = [
        {"name": name, "label": "numeric", "path": f"owner/{name}", "recipe": "r", "seed": seed}
        for seed, name in enumerate(("good", "bad"))
    ]
    fake = Fake(answer, templates={"bad": "[own]{prompt}"})
    result = run(generating(tmp_path, adapters=adapters), fake)
    assert any("adapters of the recipe 'r' have different chat templates" in w for w in result.warnings)
