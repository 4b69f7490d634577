"""An adapter at several scales: the claim is decided at one, and the others are described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.errors import StudyError
from assay.stats import PairedGain
from assay.stats.drift import Estimate, gap
from tests.studies import edit, examples, one_task_study, responses, table, write_study

COUNT = 200
CHANGES = {
    "math": {0.5: (10, 4), 1.0: (40, 6), 2.0: (50, 20)},
    "other": {0.5: (3, 5), 1.0: (2, 12), 2.0: (1, 60)},
}
"""By task and scale: prompts that the adapter does better and worse."""


def dosed(folder: Path, scale: Any = (0.5, 1.0, 2.0), **fields: Any) -> Path:
    """A study of an adapter `a` at these scales on two tasks, of which it claims `math`."""
    for task, changes in CHANGES.items():
        base, _ = table(0, 0, COUNT, 80)
        responses(folder / f"base-{task}.jsonl", base)
        examples(folder, COUNT, f"{task}-examples.jsonl")
        for at, (better, worse) in changes.items():
            responses(folder / f"a-{task}-{at:g}.jsonl", changed(base, better, worse))
    listed = scale if isinstance(scale, float) else list(scale)
    document = {
        "name": "dose",
        "bases": [{"name": "base", "responses": {task: f"base-{task}.jsonl" for task in CHANGES}}],
        "adapters": [
            {
                "name": "a",
                "label": "numeric",
                "scale": listed,
                "responses": {task: f"a-{task}-{{scale}}.jsonl" for task in CHANGES},
            }
        ],
        "tasks": [
            {"task": "numeric", "name": task, "examples": f"{task}-examples.jsonl"} for task in CHANGES
        ],
        "claims": {"numeric": ["math.numeric_match"]},
        "off_target": ["other.numeric_match"],
        **fields,
    }
    return write_study(folder, document)


def changed(base: Sequence[bool], better: int, worse: int) -> list[bool]:
    """The base's passes, with so many of its failures passed and so many of its passes failed."""
    right = [i for i, passed in enumerate(base) if passed][:worse]
    wrong = [i for i, passed in enumerate(base) if not passed][:better]
    return [passed != (i in right or i in wrong) for i, passed in enumerate(base)]


def gain(task: str, scale: float, level: float = 0.9) -> Estimate:
    paired = PairedGain(*CHANGES[task][scale], COUNT)
    return Estimate(paired.estimate, *paired.interval(level))


def test_each_scale_has_gains_and_drift_with_intervals(tmp_path: Path) -> None:
    (dose,) = assay.run(dosed(tmp_path)).dose
    assert (dose.adapter, dose.target, dose.off_target) == (
        "a",
        "math.numeric_match",
        ("other.numeric_match",),
    )
    assert [(point.scale, point.subject) for point in dose.points] == [
        (0.5, "a@0.5"),
        (1.0, "a"),
        (2.0, "a@2"),
    ]
    for point in dose.points:
        target, other = gain("math", point.scale), gain("other", point.scale)
        assert point.target
        assert point.off_target[0]
        assert (point.target.gain, point.target.interval) == (target.value, target[1:])
        assert (point.off_target[0].gain, point.off_target[0].interval) == (other.value, other[1:])
        drift = gap(target, [other], dependent=True)  # both tasks ask the same prompts
        assert (point.drift, point.drift_interval) == (drift.value, (drift.low, drift.high))


def test_the_claim_is_decided_at_scale_1_as_without_the_others(tmp_path: Path) -> None:
    for folder in ("several", "one"):
        (tmp_path / folder).mkdir()
    several = assay.run(dosed(tmp_path / "several"), tmp_path / "run")
    alone = assay.run(dosed(tmp_path / "one", 1.0), tmp_path / "run-of-one")
    assert several.claims == alone.claims
    assert several.counts == alone.counts
    assert [cell for cell in several.cells if cell.adapter == "a"] == list(alone.cells)
    assert several.drift == alone.drift
    assert several.claims_sha256 == alone.claims_sha256
    assert alone.dose == ()


def test_other_scales_are_described_without_verdict_q_value_or_gate(tmp_path: Path) -> None:
    result = assay.run(dosed(tmp_path), tmp_path / "run")
    cells = [cell for cell in result.cells if cell.adapter == "a@2"]
    assert {cell.kind for cell in cells} == {"descriptive"}
    assert [cell.q for cell in cells] == [None] * len(cells)
    assert [adapter.adapter for adapter in assay.gate(tmp_path / "run").adapters] == ["a"]
    rows = [row.subject for row in result.matrix.rows]
    assert rows == ["base", "a@0.5", "a", "a@2"]


def test_a_claim_names_another_scale_and_claims_on_several_share_the_alpha_of_the_adapter(
    tmp_path: Path,
) -> None:
    claims = {"numeric": [{"metric": "math.numeric_match", "scale": 0.5}, "math.numeric_match"]}
    result = assay.run(dosed(tmp_path, claims=claims), tmp_path / "run")
    assert [(claim.adapter, claim.gain) for claim in result.claims] == [
        ("a@0.5", gain("math", 0.5).value),
        ("a", gain("math", 1.0).value),
    ]
    for claim in result.claims:
        assert claim.level == pytest.approx(1 - 2 * 0.05 / 2)
        assert claim.adapter_interval == claim.interval
    assert len(result.dose) == 1


def test_an_adapter_at_one_other_scale_keeps_its_name_and_is_claimed_there(tmp_path: Path) -> None:
    result = assay.run(dosed(tmp_path, 2.0), tmp_path / "run")
    (claim,) = result.claims
    assert (claim.adapter, claim.gain, result.dose) == ("a", gain("math", 2.0).value, ())


@pytest.mark.parametrize(
    ("scale", "claims", "message"),
    [
        (
            (0.5, 2.0),
            ["math.numeric_match"],
            "has several scales, and none is 1, at which math.numeric_match",
        ),
        ((0.5, 1.0), [{"metric": "math.numeric_match", "scale": 2}], "has no scale 2, at which"),
    ],
)
def test_a_claim_at_no_scale_is_refused(tmp_path: Path, scale: Any, claims: list[Any], message: str) -> None:
    study = dosed(tmp_path, scale, claims={"numeric": claims})
    with pytest.raises(StudyError, match=rf"study.yaml:\d+: adapter 'a' {message}"):
        assay.run(study)


def test_seeds_of_a_recipe_are_judged_at_the_claimed_scale_only(tmp_path: Path) -> None:
    study = dosed(tmp_path)
    edit(study, lambda document: _second_seed(tmp_path, document))
    result = assay.run(study, tmp_path / "run")
    (recipe,) = result.recipes
    assert (recipe.recipe, recipe.gains) == ("r", (gain("math", 1.0).value,) * 2)
    assert [dose.adapter for dose in result.dose] == ["a", "b"]


def test_the_reports_show_every_scale(tmp_path: Path) -> None:
    assay.run(dosed(tmp_path), tmp_path / "run")
    page, text = ((tmp_path / "run" / name).read_text() for name in ("report.html", "report.md"))
    figure = page.split('<section id="dose"')[1].split("</section>")[0]
    assert figure.count("<polyline") == 2 * 3
    assert "math.numeric_match at scale 0.5: +3.0" in figure
    assert "<li>1 adapter on base</li>" in page
    rows = [row for row in text.split("## Gain and drift")[1].splitlines() if row.startswith("| 0.5 |")]
    assert rows[0].startswith("| 0.5 | +3.0 [")
    other = assay.run(one_task_study(tmp_path / "plain", *_plain()), tmp_path / "plain-run")
    assert other.dose == ()
    assert 'id="dose"' not in (tmp_path / "plain-run" / "report.html").read_text()


def _plain() -> tuple[list[bool], Mapping[str, list[bool]]]:
    base, adapter = table(5, 2, 40, 20)
    return base, {"a": adapter}


def test_claims_at_several_scales_are_no_recurrence_and_share_the_alpha_of_the_recipe(tmp_path: Path) -> None:
    claims = ["math.numeric_match", {"metric": "math.numeric_match", "scale": 0.5}]
    study = dosed(tmp_path, claims={"numeric": claims})
    edit(study, lambda document: _second_seed(tmp_path, document))
    result = assay.run(study, tmp_path / "run")
    assert [(label.scale, label.configurations) for label in result.labels] == [(None, 1), (0.5, 1)]
    assert "gains math.numeric_match at scale 0.5" in result.labels[1].statement
    assert [recipe.recipe for recipe in result.recipes] == ["r", "r@0.5"]
    for recipe in result.recipes:
        assert recipe.level == pytest.approx(1 - 2 * 0.05 / 2)


def _second_seed(folder: Path, document: dict[str, Any]) -> None:
    """Another seed of the adapter's recipe, with the same responses."""
    for path in list(folder.glob("a-*.jsonl")):
        (folder / path.name.replace("a-", "b-", 1)).write_bytes(path.read_bytes())
    first = document["adapters"][0] | {"recipe": "r", "seed": 1}
    more = {task: f"b-{task}-{{scale}}.jsonl" for task in CHANGES}
    document["adapters"] = [
        first,
        {**first, "name": "b", "seed": 2, "responses": more, "scale": [0.5, 1.0, 2.0]},
    ]
