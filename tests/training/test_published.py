"""The study of instruction against numeric adapters, and the recipe beside it, belong together."""

from __future__ import annotations

from pathlib import Path

from assay.study import Study, load_study
from assay.tasks import load_task
from assay.training import load_recipe
from assay.training.study import check_study, study_data

STUDIES = Path(__file__).parents[2] / "studies"
OUT = STUDIES / "instruction-vs-numeric"
KEPT = ("rank", "alpha", "target_modules", "learning_rate", "steps", "batch")


def test_the_study_is_the_one_that_the_recipe_makes() -> None:
    recipe = load_recipe(STUDIES / "instruction-vs-numeric-recipe.yaml")
    check_study(recipe, OUT)
    made = Study.from_dict(study_data(recipe, OUT), OUT, check_files=False)
    study = load_study(STUDIES / "instruction-vs-numeric.yaml", check_files=False)
    assert (study.name, study.bases, study.tasks, study.margin) == (
        *(made.name, made.bases, made.tasks, made.margin),
    )
    assert study.engine.dtype == made.engine.dtype
    for one, other in zip(study.adapters, made.adapters, strict=True):
        assert (one.name, one.label, one.recipe, one.seed) == (
            *(other.name, other.label, other.recipe, other.seed),
        )
        assert dict(one.settings) == {key: other.settings[key] for key in KEPT}
        assert study.resolve(one.path or "") == made.resolve(other.path or "")


def test_two_labels_have_three_seeds_each_and_nothing_else_differs() -> None:
    recipe = load_recipe(STUDIES / "instruction-vs-numeric-recipe.yaml")
    assert [(one.label, one.seed) for one in recipe.adapters] == [
        *(("instruction", seed) for seed in (1, 2, 3)),
        *(("numeric", seed) for seed in (1, 2, 3)),
    ]
    assert len({one.settings for one in recipe.adapters}) == 1


def test_everything_from_the_hub_stands_at_a_commit_and_nothing_tested_is_learnt() -> None:
    recipe = load_recipe(STUDIES / "instruction-vs-numeric-recipe.yaml")
    (talk,), (sums,) = recipe.data(0), recipe.data(1)
    for revision in (recipe.form.base.revision, talk.revision, sums.revision):
        assert revision is not None
        assert len(revision) == 40
    tested = load_task("numeric").hub
    assert tested is not None
    assert (sums.hub, sums.revision, sums.split) == (tested.repo, tested.revision, "train")
    assert tested.split == "test"
