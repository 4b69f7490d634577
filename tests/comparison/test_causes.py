"""Each cause of other words, in runs that differ in it alone, and in several at once."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.comparison import Cause, Line, Side, compare, word
from assay.comparison.causes import causes_of
from assay.comparison.evidence import ClaimEvidence
from assay.comparison.words import explains, moved_words
from assay.engines import Fake, Prompt
from assay.runs.decided import open_decided, reading
from tests.runs.generating import PASSES, answer, generating
from tests.studies import RIGHT, WRONG, edit, jsonl, one_task_study, table

BASE, UP = table(60, 10, 400, 200)


def decide(study: Path, folder: Path) -> Path:
    assay.run(study, folder)
    return folder


def made(
    folder: Path, change: Callable[[dict[str, Any]], object] | None = None, **adapters: list[bool]
) -> Path:
    """A run of recorded responses in this folder. change: to the study's document."""
    study = one_task_study(folder / "in", BASE, adapters or {"a": UP})
    if change is not None:
        edit(study, change)
    return decide(study, folder / "run")


@pytest.fixture(scope="module")
def before_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 prompts, 60 better and 10 worse: confirmed at 5 points."""
    return made(tmp_path_factory.mktemp("before"))


@pytest.fixture
def before(before_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(before_once, tmp_path / "before"))


def line_of(left: Path, right: Path, *adapters: str) -> Line:
    """The line of the first claim."""
    sides = [
        Side(open_decided(run), name) for run, name in zip((left, right), adapters or ("", ""), strict=True)
    ]
    return compare(*sides).lines[0]


def changed(left: Path, right: Path) -> tuple[str, str, dict[tuple[str, ...], Cause]]:
    line = line_of(left, right)
    assert line.changed
    return word(line.left), word(line.right), {cause.kinds: cause for cause in line.causes}


def only(causes: Mapping[tuple[str, ...], Cause], kind: str, word: str = "yes") -> Cause:
    """The one difference, which explains the change."""
    assert list(causes) == [(kind,)]
    assert explains(causes[kind,]) == word
    return causes[kind,]


def test_the_same_words_have_no_cause(before: Path, tmp_path: Path) -> None:
    line = line_of(before, made(tmp_path / "after", lambda study: study.update(alpha=0.04)))
    assert word(line.left) == word(line.right) == "confirmed"
    assert (line.changed, line.causes, line.why) == (False, (), "")


def test_fewer_prompts(before: Path, tmp_path: Path) -> None:
    after = made(tmp_path / "after", lambda study: study["tasks"][0].update(limit=3))
    left, right, causes = changed(before, after)
    assert (left, right) == ("confirmed", "undecided, the base at a floor")
    cause = only(causes, "prompts", "enough")
    assert (cause.left, cause.right) == ("400 prompts", "3 prompts, 3 shared")
    assert (cause.alone, cause.without) == (right, None)


def test_more_prompts(before: Path, tmp_path: Path) -> None:
    """The left run has no responses to the prompts that it lacks, so only one side can be judged on the other's."""
    fewer = made(tmp_path / "fewer", lambda study: study["tasks"][0].update(limit=3))
    left, _, causes = changed(fewer, before)
    cause = only(causes, "prompts", "needed")
    assert (cause.alone, cause.without) == (None, left)


def test_prompts_are_shared_by_their_content_not_by_their_place(before: Path, tmp_path: Path) -> None:
    source = tmp_path / "after" / "in"
    study = one_task_study(source, BASE[60:210][::-1], {"a": UP[60:210][::-1]})
    rows = [json.loads(line) for line in (source / "examples.jsonl").read_text().splitlines()]
    jsonl(
        source / "examples.jsonl",
        ({**row, "question": f"question {209 - i}", "key": str(209 - i)} for i, row in enumerate(rows)),
    )
    for name in ("base", "a"):
        rows = [json.loads(line) for line in (source / f"{name}.jsonl").read_text().splitlines()]
        jsonl(source / f"{name}.jsonl", ({**row, "key": str(209 - i)} for i, row in enumerate(rows)))
    _, right, causes = changed(before, decide(study, tmp_path / "after" / "run"))
    cause = only(causes, "prompts", "enough")
    assert cause.right == "150 prompts, 150 shared"
    assert cause.alone == right


def test_another_margin(before: Path, tmp_path: Path) -> None:
    left, right, causes = changed(before, made(tmp_path / "after", lambda study: study.update(margin=0.12)))
    assert (left, right) == ("confirmed", "gain")
    cause = only(causes, "margin")
    assert (cause.left, cause.right, cause.moved) == ("5 points", "12 points", None)


def test_another_alpha(tmp_path: Path) -> None:
    down = table(40, 25, 400, 200)[1]
    left = made(tmp_path / "before", lambda study: study.update(alpha=0.05), a=down)
    right = made(tmp_path / "after", lambda study: study.update(alpha=0.01), a=down)
    *_, causes = changed(left, right)
    assert (only(causes, "alpha").left, only(causes, "alpha").right) == ("0.05", "0.01")


def test_more_claims_in_the_family(tmp_path: Path) -> None:
    up = table(40, 25, 400, 200)[1]
    study = {"family": "study"}
    left = made(tmp_path / "before", lambda document: document.update(study), a=up)
    right = made(tmp_path / "after", lambda document: document.update(study), a=up, b=UP, c=UP)
    _, _, causes = changed(left, right)
    cause = only(causes, "family")
    assert cause.left == "1 claim"
    assert cause.right == "3 claims, with b gains math.numeric_match, c gains math.numeric_match"


def test_another_rule(before: Path, tmp_path: Path) -> None:
    after = Path(shutil.copytree(before, tmp_path / "after"))
    path = before / "verdicts.json"
    path.write_text(path.read_text().replace('"rule": 2', '"rule": 1').replace('"confirmed"', '"gain"'))
    left, right, causes = changed(before, after)
    assert (left, right) == ("gain", "confirmed")
    cause = causes["rule",]
    assert list(causes) == [("rule",)]
    assert (cause.alone, cause.enough, cause.without) == ("confirmed", True, None)
    assert explains(cause) == "enough"


def test_other_responses_of_the_adapter(before: Path, tmp_path: Path) -> None:
    left, right, causes = changed(before, made(tmp_path / "after", a=table(10, 60, 400, 200)[1]))
    assert (left, right) == ("confirmed", "harmed (material)")
    cause = only(causes, "adapter")
    assert "adapter: 100 of 400 responses differ" in cause.right
    assert cause.moved == pytest.approx(-0.25)


def test_a_change_that_two_differences_make_together(before: Path, tmp_path: Path) -> None:
    """Neither a somewhat larger margin nor a somewhat smaller gain is enough alone."""
    after = made(tmp_path / "after", lambda study: study.update(margin=0.07), a=table(46, 10, 400, 200)[1])
    left, right, causes = changed(before, after)
    assert (left, right) == ("confirmed", "gain")
    assert {kinds[0]: explains(cause) for kinds, cause in causes.items()} == {
        "adapter": "needed",
        "margin": "needed",
    }
    assert line_of(before, after).why == "adapter and margin"


def test_a_difference_that_changes_nothing_explains_nothing(before: Path, tmp_path: Path) -> None:
    after = made(tmp_path / "after", lambda study: study.update(alpha=0.049), a=table(10, 60, 400, 200)[1])
    *_, causes = changed(before, after)
    assert {kinds[0]: explains(cause) for kinds, cause in causes.items()} == {"adapter": "yes", "alpha": "no"}


def test_an_adapter_that_is_not_applied_any_more(before: Path, tmp_path: Path) -> None:
    left, right, causes = changed(before, made(tmp_path / "after", a=BASE))
    assert (left, right) == ("confirmed", "not applied")
    cause = causes["evidence",]
    assert cause.left == "measured"
    assert "identical to the base's" in cause.right
    assert (cause.alone, cause.enough, cause.needed) == ("not applied", True, None)
    assert causes["adapter",].enough is None


def test_two_adapters_of_one_run(tmp_path: Path) -> None:
    run = made(tmp_path, a=UP, b=table(10, 60, 400, 200)[1])
    line = line_of(run, run, "a", "b")
    assert [cause.kinds for cause in line.causes] == [("adapter",)]
    assert line.why == "adapter"


def test_a_claim_of_one_run_only(before: Path, tmp_path: Path) -> None:
    sides = [Side(open_decided(run)) for run in (before, made(tmp_path / "after", b=UP))]
    found = compare(*sides).changed
    assert [(line.adapter, line.why) for line in found] == [
        ("a", "only in the left run"),
        ("b", "only in the right run"),
    ]


# -- runs that generate ----------------------------------------------------------------------------


def generated(folder: Path, engine: Fake, **fields: Any) -> Path:
    study = generating(folder / "in", ("good",), **fields)
    assay.run(study, folder / "run", engine=engine.preflight)
    return folder / "run"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("a", "b"):
        (tmp_path / name / "in").mkdir(parents=True)
    return tmp_path / "a", tmp_path / "b"


def mostly(share: int, subject: str = "good") -> Callable[[Prompt], str]:
    """Answers of which every `share`-th of a subject is another one."""

    def other(request: Prompt) -> str:
        right = PASSES[request.subject][int(request.example)]
        if request.subject == subject and int(request.example) % share == 0:
            right = False
        return RIGHT if right else WRONG

    return other


def test_the_same_identities_with_other_answers_are_noise(folders: tuple[Path, Path]) -> None:
    left = generated(folders[0], Fake(answer), margin=0.2)
    right = generated(folders[1], Fake(mostly(2)), margin=0.2)
    *_, causes = changed(left, right)
    cause = only(causes, "noise")
    assert cause.limit == 0.0
    assert cause.moved is not None
    assert cause.moved < 0
    assert moved_words(cause).endswith("beyond the noise limit of 0.0")


def test_without_a_second_pass_no_noise_limit_is_given(folders: tuple[Path, Path]) -> None:
    left = generated(folders[0], Fake(answer), margin=0.2, noise_prompts=0)
    right = generated(folders[1], Fake(mostly(2)), margin=0.2, noise_prompts=0)
    *_, causes = changed(left, right)
    assert only(causes, "noise").limit is None
    assert moved_words(causes["noise",]).endswith("no noise limit was measured")


def test_another_noise_limit(folders: tuple[Path, Path]) -> None:
    left = generated(folders[0], Fake(answer))
    right = Path(shutil.copytree(left, folders[1] / "run"))
    path = right / "verdicts.json"
    document = json.loads(path.read_text())
    document["engine_noise"][0] |= {"limit": 0.5, "identical": False}
    document["claims"][0]["within_noise"] = True
    path.write_text(json.dumps(document))
    first, second, causes = changed(left, right)
    assert second == f"{first}, within the engine's noise"
    assert only(causes, "noise limit").right == "50.0 points"


def test_other_settings(folders: tuple[Path, Path]) -> None:
    def by_length(request: Prompt) -> str:
        return mostly(2)(request) if request.max_tokens > 64 else answer(request)

    left = generated(folders[0], Fake(by_length), decoding={"max_tokens": 64})
    right = generated(folders[1], Fake(by_length), decoding={"max_tokens": 128})
    *_, causes = changed(left, right)
    cause = only(causes, "settings")
    assert (cause.left, cause.right.partition(";")[0]) == ("max_tokens 64", "max_tokens 128")


def test_another_base_is_not_separated_from_what_it_does_to_its_adapter(folders: tuple[Path, Path]) -> None:
    contents = {"base": "base v1", "good": "good"}
    left = generated(folders[0], Fake(answer, contents=contents))
    right = generated(folders[1], Fake(mostly(2), contents={**contents, "base": "base v2"}))
    *_, causes = changed(left, right)
    assert only(causes, "base").right.endswith("base: 0, adapter: 55 of 200 responses differ")


def test_other_weights_of_the_adapter_and_noise_of_the_base(folders: tuple[Path, Path]) -> None:
    left = generated(folders[0], Fake(answer, contents={"good": "good v1"}))

    def other(request: Prompt) -> str:
        return mostly(2)(request) if request.subject == "good" else mostly(100, "base")(request)

    right = generated(folders[1], Fake(other, contents={"good": "good v2"}))
    *_, causes = changed(left, right)
    assert {kinds[0]: explains(cause) for kinds, cause in causes.items()} == {"noise": "no", "adapter": "yes"}


def test_looks_are_a_cause_apart_from_the_prompts(folders: tuple[Path, Path]) -> None:
    """A run that stopped early used fewer prompts, and its bounds allow for the looks."""
    left = generated(folders[0], Fake(answer))
    right = generated(folders[1], Fake(answer), stop={"when": "decided", "first": 50, "every": 50})
    opened = [open_decided(run) for run in (left, right)]
    with reading(left) as ours, reading(right) as theirs:
        evidence = [
            ClaimEvidence(run, store, run.result.claims[0])
            for run, store in zip(opened, (ours, theirs), strict=True)
        ]
        causes = {cause.kinds[0]: cause for cause in causes_of(*evidence)}
    stop = opened[1].result.claims[0].stop
    assert stop is not None
    assert stop.early
    assert set(causes) == {"prompts", "looks", "noise limit"} - (
        set() if evidence[0].limit != evidence[1].limit else {"noise limit"}
    )
    assert causes["prompts"].right == f"{stop.n} prompts, {stop.n} shared"
    assert causes["looks"].left == "no look"
    assert causes["looks"].right.startswith("group design, looks at 50")
    assert causes["looks"].without is not None
    assert causes["looks"].alone is None


# -- verifiers -------------------------------------------------------------------------------------


def judged_by(folder: Path, pattern: str) -> Path:
    """A run on a task file whose check is this pattern; the responses are the same each time."""
    study = one_task_study(folder / "in", BASE, {"a": UP})
    jsonl(
        folder / "in" / "tone.jsonl", ({"key": str(i), "prompt": f"question {i}"} for i in range(len(BASE)))
    )
    (folder / "in" / "tone.yaml").write_text(
        f"capability: numeric\nprompts: tone.jsonl\ncheck: {{regex: '{pattern}'}}\n"
    )
    edit(study, lambda document: document.update(tasks=[{"task": "tone.yaml", "name": "math"}]))
    return decide(study, folder / "run")


def test_another_verifier_is_applied_to_the_responses_of_the_other_run(tmp_path: Path) -> None:
    left, right, causes = changed(judged_by(tmp_path / "a", "1"), judged_by(tmp_path / "b", "2"))
    assert (left, right) == ("confirmed", "harmed (material)")
    cause = only(causes, "verifier")
    assert (cause.alone, cause.without) == (right, left)
    assert cause.moved == pytest.approx(-0.25)


def test_a_verifier_that_this_assay_no_longer_has_leaves_the_cause_open(tmp_path: Path) -> None:
    left, right = judged_by(tmp_path / "a", "1"), judged_by(tmp_path / "b", "2")
    with sqlite3.connect(left / "records.sqlite") as db:
        ((scorer,),) = db.execute("SELECT DISTINCT scorer FROM scores")
        db.execute("UPDATE claims SET block = replace(block, ?, 'tone/0/old')", (scorer,))
        db.execute("UPDATE scores SET scorer = 'tone/0/old'")
    db.close()
    *_, causes = changed(left, right)
    cause = causes["verifier",]
    assert (cause.left, cause.enough, cause.needed) == ("tone/0/old", True, None)
