"""A claim against another subject: the same prompts, the same rules, and words that say so."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

import assay
from assay import stats
from assay.cli.show import show_gate, show_result
from assay.engines import Fake, Prompt
from assay.engines.api import AGAIN
from assay.errors import StudyError
from assay.interop.exporters.card import to_card
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.trackers import entries
from assay.plan import claim_block
from assay.runs import Run
from assay.stats import PairedGain
from assay.verdicts import Result
from tests.runs.generating import COUNT as PROMPTS
from tests.runs.generating import PASSES, generating, run
from tests.studies import RIGHT, WRONG, examples, jsonl, responses, table, write_study

COUNT = 300
AGAINST = {"metric": "math.numeric_match", "against": "champ"}
CLAIMS = {"numeric": ["math.numeric_match", AGAINST]}


def passes(name: str, task: str) -> list[bool]:
    """Of each subject on each task: where the champion is good, the challenger is better and worse elsewhere."""
    base, champ = table(*{"math": (40, 10), "other": (12, 10)}[task], COUNT, 120)
    if name == "base":
        return base
    flips = {"math": (25, 5), "other": (2, 40)}[task] if name == "new" else (0, 0)
    right = [i for i, passed in enumerate(champ) if passed][: flips[1]]
    wrong = [i for i, passed in enumerate(champ) if not passed][: flips[0]]
    return [passed != (i in right or i in wrong) for i, passed in enumerate(champ)]


def study(folder: Path, base: str = "base", names: tuple[str, ...] = ("champ", "new"), **fields: Any) -> Path:
    """A study on two tasks of recorded responses; base: whose responses are the base's."""
    folder.mkdir()
    examples(folder, COUNT)
    files = {
        name: {
            task: responses(folder / f"{name}-{task}.jsonl", passes(name, task)) for task in ("math", "other")
        }
        for name in {base, *names}
    }
    document = {
        "name": "champions",
        "bases": [{"name": "base", "responses": files[base]}],
        "adapters": [{"name": name, "label": "numeric", "responses": files[name]} for name in names],
        "tasks": [
            {"task": "numeric", "name": task, "examples": "examples.jsonl"} for task in ("math", "other")
        ],
        "claims": CLAIMS,
        "off_target": ["other.numeric_match"],
        **fields,
    }
    return write_study(folder, document)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("against")
    assay.run(study(home / "study"), home / "run")
    return home / "run"


@pytest.fixture
def result(folder: Path) -> Result:
    return assay.open_result(folder)


def test_its_figures_are_those_of_a_calculation_by_hand(result: Result) -> None:
    (claim,) = [claim for claim in result.claims if claim.against]
    assert (claim.adapter, claim.base, claim.against) == ("new", "base", "champ")
    champ, new = passes("champ", "math"), passes("new", "math")
    better = sum(after > before for before, after in zip(champ, new, strict=True))
    worse = sum(after < before for before, after in zip(champ, new, strict=True))
    assert (better, worse) == (claim.better, claim.worse) == (25, 5)
    assert (claim.base_score, claim.score) == (sum(champ) / COUNT, sum(new) / COUNT)
    found = stats.judge(PairedGain(25, 5, COUNT), "gains", 0.05, 0.05 / 2)
    assert (claim.verdict, claim.interval, claim.p) == (found.verdict, (found.low, found.high), found.p)
    assert claim.verdict == "gain"


def test_it_is_the_verdict_of_a_study_whose_base_is_the_reference(result: Result, tmp_path: Path) -> None:
    one = study(tmp_path / "one", "champ", ("new",), claims={"numeric": ["math.numeric_match"]}, alpha=0.025)
    other = assay.run(one, tmp_path / "run")
    (claim,) = [claim for claim in result.claims if claim.against]
    kept = (
        "verdict",
        "n",
        "base_score",
        "score",
        "gain",
        "interval",
        "p",
        "p_exact",
        "better",
        "worse",
        "level",
    )
    for name in kept:
        assert getattr(claim, name) == getattr(other.claims[0], name), name


def test_drift_and_harm_elsewhere_are_against_the_reference_too(result: Result, tmp_path: Path) -> None:
    one = study(tmp_path / "one", "champ", ("new",), claims={"numeric": ["math.numeric_match"]})
    other = assay.run(one, tmp_path / "run")
    drifts = [drift for drift in result.drift if drift.against]
    assert [replace(drift, against=None) for drift in drifts] == list(other.drift)
    (cell,) = [cell for cell in result.cells if cell.against]
    (alone,) = [cell for cell in other.cells if cell.kind == "exploratory"]
    assert (cell.adapter, cell.metric, cell.against) == ("new", "other.numeric_match", "champ")
    kept = ("gain", "interval", "harm_excluded", "better", "worse", "p", "kind")
    assert [getattr(cell, name) for name in kept] == [getattr(alone, name) for name in kept]


def test_claims_against_the_base_are_what_they_are_without_it(result: Result, tmp_path: Path) -> None:
    claims = {"numeric": ["math.numeric_match", {"metric": "math.numeric_match", "kind": "keeps"}]}
    plain = assay.run(study(tmp_path / "plain", claims=claims), tmp_path / "run")
    kept = {claim.adapter: claim for claim in plain.claims if claim.kind == "gains"}
    (new,) = [claim for claim in result.claims if claim.adapter == "new" and not claim.against]
    assert replace(new, study_interval=None) == replace(kept["new"], study_interval=None)
    assert [cell for cell in result.cells if not cell.against and cell.kind == "descriptive"] == [
        cell for cell in plain.cells if cell.kind == "descriptive"
    ]
    assert result.matrix == plain.matrix


def test_the_champion_makes_no_claim_against_itself(result: Result) -> None:
    assert [(claim.adapter, claim.against) for claim in result.claims] == [
        ("champ", None),
        ("new", None),
        ("new", "champ"),
    ]
    assert result.claims[0].level == pytest.approx(0.9)
    assert result.counts.claims == 3


def test_a_label_may_claim_against_a_champion_only(tmp_path: Path) -> None:
    only = assay.run(study(tmp_path / "only", claims={"numeric": [AGAINST]}), tmp_path / "run")
    assert [(claim.adapter, claim.against) for claim in only.claims] == [("new", "champ")]
    assert [adapter.adapter for adapter in assay.gate(tmp_path / "run").adapters] == ["new"]
    described = {(cell.adapter, cell.metric): cell.kind for cell in only.cells if not cell.against}
    assert described["new", "math.numeric_match"] == described["new", "other.numeric_match"] == "descriptive"


def test_every_report_says_against_what(
    folder: Path, result: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = assay.gate(folder)
    names = [rule.name for adapter in gate.adapters for rule in adapter.rules]
    assert "math.numeric_match (gains, against champ)" in names
    assert "other.numeric_match (off-target, against champ)" in names
    text, page = ((folder / name).read_text() for name in ("report.md", "report.html"))
    assert r"math.numeric\_match gains against champ" in text
    assert r"other.numeric\_match against champ" in text
    assert "gains on math.numeric_match <b>against champ</b>" in page
    assert '<th role="columnheader" scope="col" class="r">Reference</th>' in page
    show_result(result, None, False)
    show_gate(gate)
    assert "against champ" in capsys.readouterr().out
    assert asdict(result)["claims"][2]["against"] == "champ"
    with Run.open(folder) as opened:
        finished = Finished(opened, result)
        assert "against champ" in to_card(finished, "new")
        assert any("against champ" in key for entry in entries(finished) for key in entry.metrics)


def test_the_claim_block_names_the_reference(folder: Path) -> None:
    with Run.open(folder) as opened:
        block = claim_block(opened.plan)
    assert [claim.get("against") for claim in block["claims"]] == [None, None, "champ"]
    assert [claim["base"] for claim in block["claims"]] == ["base"] * 3
    assert "against" not in block["claims"][0]


@pytest.mark.parametrize("against", ["chump", "Champ"])
def test_a_reference_that_is_no_subject_is_refused(tmp_path: Path, against: str) -> None:
    claims = {"numeric": [{"metric": "math.numeric_match", "against": against}]}
    with pytest.raises(
        StudyError, match=r'claims.numeric\[0\].against: no subject ".hump|"; did you mean "champ"'
    ):
        assay.run(study(tmp_path / "study", claims=claims))


def answer(request: Prompt) -> str:
    """The champion answers as the base does."""
    subject = "base" if request.subject == "other" else request.subject
    return RIGHT if PASSES[subject][int(request.example)] else WRONG


OTHER = {"metric": "math.numeric_match", "against": "other"}


@pytest.mark.parametrize("stop", ["full", "decided"])
def test_against_a_champion_that_answers_as_the_base_does_it_is_the_verdict_against_the_base(
    tmp_path: Path, stop: str
) -> None:
    fake = Fake(answer)
    names = ("good", "other", "bad")
    claims = {"numeric": ["math.numeric_match", OTHER]}
    result = run(generating(tmp_path, names, claims=claims, stop=stop), fake)
    pairs = {(claim.adapter, claim.against): claim for claim in result.claims}
    for name in ("good", "bad"):
        own, other = pairs[name, None], pairs[name, "other"]
        assert replace(other, against=None) == own
        assert own.verdict in ("confirmed", "harmed")
        if stop == "decided":
            assert own.stop
            assert own.stop.n < PROMPTS
    asked = {
        name: sum(p.subject == name and not p.variant for p in fake.asked if p.task == "math")
        for name in names
    }
    assert asked["other"] >= max(asked["good"], asked["bad"])


def test_a_champion_that_was_refused_leaves_the_claim_not_measured_and_the_others_decided(
    tmp_path: Path,
) -> None:
    fake = Fake(answer, refused={"other": "its weights are broken"})
    claims = {"numeric": ["math.numeric_match", OTHER]}
    for stop in ("full", "decided"):
        (tmp_path / stop).mkdir()
        result = run(generating(tmp_path / stop, ("good", "other"), claims=claims, stop=stop), fake)
        words = {(claim.adapter, claim.against): claim for claim in result.claims}
        assert words["good", None].verdict == "confirmed"
        assert words["good", "other"].verdict == "not measured"
        assert "'other', which it is compared with, was not measured: its weights" in str(
            words["good", "other"].reason
        )


def test_a_challenger_with_its_own_template_is_compared_under_it(tmp_path: Path) -> None:
    fake = Fake(answer, templates={"base": "[{prompt}]", "good": "<{prompt}>"})
    claims = {"numeric": [OTHER]}
    result = run(generating(tmp_path, ("good", "other"), claims=claims), fake)
    (claim,) = result.claims
    assert claim.verdict == "confirmed", claim.reason
    under = {(p.subject, p.text[0]) for p in fake.asked}
    assert {("good", "<"), ("other", "<"), ("other", "["), ("base", "<")} <= under
    assert ("good", "[") not in under


@pytest.mark.parametrize("stop", ["full", "decided"])
def test_another_base_without_adapters_is_asked_everything_that_a_claim_against_it_needs(
    tmp_path: Path, stop: str
) -> None:
    tasks = [{"task": "numeric", "name": name, "examples": "examples.jsonl"} for name in ("math", "more")]
    study = generating(
        tmp_path,
        ("good",),
        bases=[{"name": name, "model": f"owner/{name}"} for name in ("base", "other")],
        adapters=[{"name": "good", "base": "base", "label": "numeric", "path": "owner/good"}],
        claims={"numeric": [OTHER]},
        tasks=tasks,
        off_target=["more.numeric_match"],
        stop=stop,
    )
    result = run(study, Fake(answer))
    (claim,) = result.claims
    assert (claim.verdict, claim.n, claim.reason) == ("confirmed", PROMPTS, None)
    (cell,) = (cell for cell in result.cells if cell.against)
    assert (cell.metric, cell.n) == ("more.numeric_match", PROMPTS)


def test_a_champion_that_other_software_generated_is_warned_of(tmp_path: Path) -> None:
    run(generating(tmp_path, ("good",)), Fake(answer, provenance={"torch": "1"}))
    study = generating(tmp_path, ("good", "other"), claims={"numeric": ["math.numeric_match", OTHER]})
    result = run(study, Fake(answer, provenance={"torch": "2"}))
    assert any("'good' and those that they are compared with" in warning for warning in result.warnings)


def test_checks_of_responses_that_are_compared_twice_count_once(tmp_path: Path) -> None:
    prompts = [
        {"key": i, "prompt": f"prompt {i}", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
        for i in range(10)
    ]
    jsonl(tmp_path / "prompts.jsonl", prompts)
    files = {
        name: jsonl(tmp_path / f"{name}.jsonl", [{"key": i, "response": name} for i in range(10)]).name
        for name in ("base", "champ", "new")
    }
    metric = "ifeval.prompt_strict"
    document = {
        "name": "checks",
        "bases": [{"name": "base", "responses": {"ifeval": files["base"]}}],
        "adapters": [
            {"name": name, "label": "instruction", "responses": {"ifeval": files[name]}}
            for name in ("champ", "new")
        ],
        "tasks": [{"task": "ifeval", "prompts": "prompts.jsonl"}],
        "claims": {"instruction": [metric, {"metric": metric, "against": "champ"}]},
    }
    (mode,) = assay.run(write_study(tmp_path, document), tmp_path / "run").modes
    assert mode.checks == 3 * 10 * 2  # strict and loose


def test_noise_of_the_base_of_either_side_counts(tmp_path: Path) -> None:
    def noisy(request: Prompt) -> str:
        """The champion changes half of its answers; the challenger's base is another one, without noise."""
        name = "good" if request.subject == "good" else "base"
        changed = request.subject == "other" and request.variant == AGAIN and int(request.example) % 2
        return RIGHT if PASSES[name][int(request.example)] != bool(changed) else WRONG

    adapters = [
        {"name": name, "base": base, "label": "numeric", "path": f"owner/{name}"}
        for name, base in (("good", "base"), ("other", "else"))
    ]
    bases = [{"name": name, "model": f"owner/{name}"} for name in ("base", "else")]
    claims = {"numeric": ["math.numeric_match", OTHER]}
    result = run(generating(tmp_path, bases=bases, adapters=adapters, claims=claims), Fake(noisy))
    marked = {(claim.adapter, claim.against): claim.within_noise for claim in result.claims}
    assert marked["good", "other"]
    assert not marked["good", None]
