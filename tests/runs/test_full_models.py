"""A full model of its own weights is compared with its base as an adapter is, and loaded after it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import assay
from assay.engines import Fake, ModelRef, Prompt
from assay.engines.fake import FakePreflight
from assay.errors import EngineError, StudyError
from assay.interop.exporters.card import to_card
from assay.interop.exporters.finished import Finished
from assay.plan import EngineSettings
from assay.report.text.diagnostics import applied_statement
from assay.runs import Run
from assay.stats import PairedGain, judge
from assay.verdicts import Result
from tests.runs.generating import BASE, COUNT, GOOD, answer, generating, run


def with_models(folder: Path, *models: str, names: tuple[str, ...] = ("good",), **fields: Any) -> Path:
    """A study of adapters, and full models in place of some."""
    folder.mkdir(exist_ok=True)
    study = generating(folder, (*names, *models), **fields)
    document = yaml.safe_load(study.read_text())
    for entry in document["adapters"]:
        if entry["name"] in models:
            entry["model"] = entry.pop("path")
    study.write_text(yaml.safe_dump(document, sort_keys=False))
    return study


def claims(result: Result) -> dict[str, Any]:
    return {claim.adapter: claim for claim in result.claims}


def asked(fake: Fake, subject: str) -> list[Prompt]:
    return [prompt for prompt in fake.asked if prompt.subject == subject and prompt.variant != "again"]


def test_its_verdict_is_that_of_a_calculation_by_hand_and_of_the_same_responses_of_an_adapter(
    tmp_path: Path,
) -> None:
    result = run(with_models(tmp_path / "model", "bad", "good", names=()), Fake(answer))
    (tmp_path / "adapter").mkdir()
    adapters = run(generating(tmp_path / "adapter", ("bad", "good")), Fake(answer))
    assert claims(result) == claims(adapters)
    better = sum(after > before for before, after in zip(BASE, GOOD, strict=True))
    worse = sum(after < before for before, after in zip(BASE, GOOD, strict=True))
    found = judge(PairedGain(better, worse, COUNT), "gains", 0.05, 0.05)
    good = claims(result)["good"]
    assert (good.verdict, good.interval, good.better, good.worse) == (
        found.verdict,
        (found.low, found.high),
        better,
        worse,
    )
    assert result.models == ("bad", "good")
    assert adapters.models == ()
    assert result.counts == adapters.counts


def test_it_is_loaded_after_its_base_and_alone(tmp_path: Path) -> None:
    fake = Fake(answer)
    run(with_models(tmp_path, "bad"), fake)
    assert fake.loads == 2
    order = list(dict.fromkeys(prompt.subject for prompt in fake.asked))
    assert order[-1] == "bad"
    assert set(order[:-1]) == {"base", "good"}


def test_a_base_answers_for_a_full_model_even_without_an_adapter(tmp_path: Path) -> None:
    fake = Fake(answer, inert=["good"])
    result = run(with_models(tmp_path, "bad"), fake)
    assert claims(result)["good"].verdict == "not applied"
    assert claims(result)["bad"].verdict == "harmed"
    assert len(asked(fake, "base")) == len(asked(fake, "bad")) == COUNT


def test_one_that_answers_as_its_base_does_is_not_applied(tmp_path: Path) -> None:
    fake = Fake(
        lambda prompt: answer(replace(prompt, subject="base" if prompt.subject == "bad" else prompt.subject))
    )
    result = run(with_models(tmp_path, "bad"), fake)
    claim = claims(result)["bad"]
    assert (claim.verdict, claim.reason) == (
        "not applied",
        f"all {COUNT} responses are identical to the base's: it changes nothing",
    )


def test_one_that_preflight_refuses_is_not_measured_and_the_others_run(tmp_path: Path) -> None:
    result = run(with_models(tmp_path, "bad"), Fake(answer, refused={"bad": "no config.json"}))
    assert (claims(result)["bad"].verdict, claims(result)["bad"].reason) == ("not measured", "no config.json")
    assert claims(result)["good"].verdict == "confirmed"


class Broken(FakePreflight):
    """A model that does not load."""

    def load(self) -> AbstractContextManager[Fake]:
        raise EngineError("memory ran out", fix="use a smaller one")


def test_one_that_cannot_be_loaded_is_not_measured_and_the_others_run(tmp_path: Path) -> None:
    fake = Fake(answer)

    def preflight(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> FakePreflight:
        kind = Broken if base.name == "bad" else FakePreflight
        return kind(fake, settings, base, adapters)

    result = assay.run(with_models(tmp_path, "bad"), tmp_path / "run", engine=preflight)
    assert claims(result)["bad"].verdict == "not measured"
    assert "memory ran out; use a smaller one" in str(claims(result)["bad"].reason)
    assert claims(result)["good"].verdict == "confirmed"


def test_one_with_its_own_template_is_compared_with_the_base_under_it(tmp_path: Path) -> None:
    fake = Fake(answer, templates={"base": "[{prompt}]", "bad": "<{prompt}>"})
    result = run(with_models(tmp_path, "bad"), fake)
    assert claims(result)["bad"].verdict == "harmed"
    assert {(prompt.subject, prompt.text[0]) for prompt in fake.asked} == {
        ("base", "["),
        ("base", "<"),
        ("good", "["),
        ("bad", "<"),
    }
    assert any("bad: it brings its own chat template" in problem for problem in result.problems)


def test_it_gets_every_prompt_where_adapters_stop_early(tmp_path: Path) -> None:
    fake = Fake(answer)
    result = run(with_models(tmp_path, "bad", stop="decided"), fake)
    good, bad = claims(result)["good"], claims(result)["bad"]
    assert good.stop
    assert good.stop.n < COUNT
    assert (bad.stop, bad.n, bad.verdict) == (None, COUNT, "harmed")
    assert len(asked(fake, "base")) == len(asked(fake, "bad")) == COUNT
    assert len(asked(fake, "good")) == good.stop.n


@pytest.mark.parametrize("stop", ["full", "decided"])
def test_a_claim_of_an_adapter_may_be_against_one(tmp_path: Path, stop: str) -> None:
    against = {"numeric": [{"metric": "math.numeric_match", "against": "bad"}]}
    fake = Fake(answer)
    result = run(with_models(tmp_path / "model", "bad", claims=against, stop=stop), fake)
    (tmp_path / "adapter").mkdir()
    adapters = run(generating(tmp_path / "adapter", claims=against), Fake(answer))
    assert [replace(claim, stop=None) for claim in result.claims] == list(adapters.claims)
    assert (result.claims[0].adapter, result.claims[0].against) == ("good", "bad")


def test_a_killed_run_generates_nothing_twice(tmp_path: Path) -> None:
    study = with_models(tmp_path, "bad")
    run(study, Fake(answer))
    again = Fake(answer)
    result = run(study, again)
    assert (again.asked, again.loads) == ([], 0)
    assert claims(result)["bad"].verdict == "harmed"


def test_reports_and_card_say_that_it_is_a_full_model(tmp_path: Path) -> None:
    result = run(with_models(tmp_path, "bad"), Fake(answer))
    assert "bad: full models are not probed; a full model counts as not applied if" in applied_statement(
        result
    )
    assert "<li>1 adapter and 1 full model on base</li>" in (tmp_path / "run" / "report.html").read_text()
    with Run.open(tmp_path / "run") as opened:
        card = to_card(Finished(opened, result), "bad")
    assert "library_name: transformers" in card
    assert "base_model_relation: finetune" in card


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"path": "owner/x"}, "has both `path` and `model`; keep one: an adapter, or a full model"),
        ({"scale": 0.5}, "a full model has no `scale`; remove the line"),
        ({"folder": "x"}, "a full model has no `folder`; remove the line"),
        ({"file": "x.bin"}, "x.bin is not the name of a GGUF file"),
    ],
)
def test_what_only_adapters_have_is_refused(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    study = with_models(tmp_path, "bad")
    document = yaml.safe_load(study.read_text())
    document["adapters"][1] |= more
    study.write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(StudyError, match=message):
        assay.run(study)
