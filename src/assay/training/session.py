"""A training session: everything is checked, then the base is loaded once and each adapter is trained in turn.

    check study, data, overlaps, base, modules, ranks, lengths -> load -> train, verify that the base is unchanged, keep -> study

Finished adapters are kept: one is trained again only if its settings, its seed, its data or its
base changed. An interrupted session continues from the last checkpoint when it is started again.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import EngineError, OutputError
from assay.progress import Progress, silent
from assay.records.database import sole_writer
from assay.study.document import Place, Problem
from assay.training.data import Learnt, read_data
from assay.training.manifest import Manifest, digest, finish, read_kept, refuse_foreign, update_names
from assay.training.overlaps import Compared, compare_all
from assay.training.recipe import Planned, Recipe, load_recipe
from assay.training.study import FILE, check_place, check_study, study_text, write_study

if TYPE_CHECKING:
    from assay.training.base import BaseFacts
    from assay.training.tokens import Tokenised

__all__ = ["Adapter", "Trained", "train"]

STATE = ".training"
"""Folder for what an interrupted session leaves: checkpoints, a lock, the digest of the study."""
PACKAGES = ("lora-assay", "torch", "transformers", "peft", "accelerate")


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter of the recipe."""

    manifest: Manifest
    folder: Path
    kept: bool
    """Whether it existed before, and was not trained again."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a session leaves."""

    adapters: tuple[Adapter, ...]
    """In the order of the recipe file."""
    study: Path
    """The study that audits them all."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Target:
    """An adapter to produce, with all that decides its weights."""

    planned: Planned
    learnt: Learnt
    overlaps: Mapping[str, Mapping[str, Any]]
    """With the prompts of each task."""
    tokens: Tokenised
    steps: int
    sha256: str


def train(recipe: Recipe | Path | str, out: Path | str | None = None, progress: Progress = silent) -> Trained:
    """Train every adapter of a recipe, and write the study that audits them.

    `out` defaults to `adapters/<recipe's name>`: a folder for each adapter, and study.yaml. Finished
    adapters are kept. Raises AssayError before any training if the recipe, its data, its base or the
    place to write to is unusable.
    """
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(Path(recipe))
    out = Path(out) if out is not None else Path("adapters") / recipe.form.name
    planned = check_study(recipe, out)
    _check_place(recipe, out)
    compared = compare_all(recipe, planned, _read(recipe))
    base = _inspect(recipe)
    targets, warnings = _targets(recipe, compared, base, progress)
    state = out / STATE
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as bad:
        raise OutputError(f"cannot be written: {bad.strerror}", place=out) from None
    with sole_writer(state):
        adapters = _Session(recipe, base, out, progress).run(targets)
        study = write_study(study_text(recipe, out), out, state / "study.sha256")
        for left in state.glob("*/"):
            shutil.rmtree(left)
    return Trained(tuple(adapters), study.path or out / FILE, (*compared.warnings, *warnings))


def _check_place(recipe: Recipe, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise OutputError("is a file", place=out, fix="give a folder with --out")
    check_place(out, out / STATE / "study.sha256")
    for adapter in recipe.adapters:
        refuse_foreign(out / adapter.name)


def _read(recipe: Recipe) -> list[Learnt]:
    """The data of each entry; equal data is held once."""
    read: dict[str, Learnt] = {}
    for entry in range(len(recipe.form.adapters)):
        key = repr(recipe.data(entry))
        read[key] = read.get(key) or read_data(recipe, entry)
    return [read[repr(recipe.data(entry))] for entry in range(len(recipe.form.adapters))]


def _inspect(recipe: Recipe) -> BaseFacts:
    """The base without its weights. Raises AssayError where the recipe asks of it what it cannot give."""
    try:
        from assay.training.base import impossible_settings, inspect_base
    except ImportError as missing:
        raise EngineError(
            f"training needs {missing.name or 'a package'}, which is not installed",
            fix="`pip install 'lora-assay[torch]'`",
        ) from missing
    base = inspect_base(recipe)
    if problems := list(impossible_settings(base, recipe)):
        recipe.document.refuse(problems)
    return base


def _targets(
    recipe: Recipe, compared: Compared, base: BaseFacts, progress: Progress
) -> tuple[list[_Target], tuple[str, ...]]:
    """Every adapter with its tokens, and warnings about responses that are cut; data that leaves none is refused."""
    from assay.training.tokens import tokenised

    made: dict[tuple[str, int], Tokenised] = {}
    targets: list[_Target] = []
    problems: list[Problem] = []
    warnings: dict[str, None] = {}
    for planned in recipe.adapters:
        data, length = compared.learnt[planned.entry], planned.settings.max_length
        key = data.sha256, length
        if key not in made:
            made[key] = tokenised(
                data, base, length, lambda done, total: progress("encoding pairs", done, total)
            )
        tokens = made[key]
        place: Place = ("adapters", planned.entry, "settings", "max_length")
        if tokens.lost:
            problems.append(
                Problem(place, _lost(tokens.lost, length), "raise `max_length`, or remove the rows")
            )
            continue
        if data.skipped:
            where = recipe.document.locate("adapters", planned.entry, "data")
            warnings[f"{where}: {data.skipped:,} empty rows were skipped"] = None
        if tokens.truncated:
            share = f"{tokens.truncated:,} of {len(tokens.rows):,} responses are cut at {length} tokens"
            warnings[f"{recipe.document.locate(*place)}: {share}; raise `max_length`, or leave them out"] = (
                None
            )
        steps = planned.settings.steps or max(
            1, math.ceil(len(tokens.rows) * (planned.settings.epochs or 1) / planned.settings.batch)
        )
        sha256 = digest(planned.settings.plain, steps, planned.seed, base.sha256, tokens.sha256)
        overlaps = {task: overlap.counts for task, overlap in compared.overlaps[planned.entry].items()}
        targets.append(_Target(planned, data, overlaps, tokens, steps, sha256))
    if problems:
        recipe.document.refuse(problems)
    return targets, tuple(warnings)


def _lost(lost: Sequence[str], length: int) -> str:
    more = f" and {len(lost) - 3:,} more" if len(lost) > 3 else ""
    return f"no response is left within {length} tokens, the prompt alone is as long, in {', '.join(lost[:3])}{more}"


class _Session:
    """The adapters of one recipe, one after the other on one base."""

    def __init__(self, recipe: Recipe, base: BaseFacts, out: Path, progress: Progress) -> None:
        self._recipe, self._base_facts, self._out, self._progress = recipe, base, out, progress
        self._done = self._total = 0

    def run(self, targets: Sequence[_Target]) -> list[Adapter]:
        """Train what is missing; keep the rest."""
        kept = {
            target.planned.name: read_kept(self._out / target.planned.name, target.sha256)
            for target in targets
        }
        self._total = sum(target.steps for target in targets)
        for target in targets:
            if kept[target.planned.name]:
                self._done += target.steps
                self._progress("training", target.steps, target.steps, part=target.planned.name)
        count = sum(manifest is not None for manifest in kept.values())
        note = f"{count} of {len(targets)} adapters exist already" if count else ""
        self._progress("training", self._done, self._total, note)
        trained = self._train([target for target in targets if not kept[target.planned.name]])
        adapters = []
        for target in targets:
            manifest = kept[target.planned.name]
            whole = next(trained) if manifest is None else self._renamed(manifest, target)
            adapters.append(Adapter(whole, self._out / target.planned.name, manifest is not None))
        return adapters

    def _train(self, missing: Sequence[_Target]) -> Iterator[Manifest]:
        """Train these, the base loaded once. Raises EngineError if a training leaves it changed."""
        if not missing:
            return
        from assay.training.base import load, weights_sha256

        model = load(self._base_facts)
        before = weights_sha256(model)
        for number, target in enumerate(missing, 1):
            made, manifest = self._train_one(model, target, f"adapter {number} of {len(missing)}")
            if weights_sha256(model) != before:
                raise EngineError(
                    f"adapter {target.planned.name!r}: training changed the base's own weights, so it was not kept",
                    fix="please report this with the recipe",
                )
            self._done += target.steps
            manifest = finish(made, self._out / target.planned.name, manifest)
            shutil.rmtree(made.parent)
            yield manifest

    def _train_one(self, model: Any, target: _Target, which: str) -> tuple[Path, Manifest]:
        """Train an adapter into a folder of its own, beside its checkpoints."""
        from assay.training.loop import Job, train_adapter

        planned = target.planned
        work = self._out / STATE / target.sha256[:20]
        made = work / "made"
        shutil.rmtree(made, ignore_errors=True)

        def report(done: int, loss: float, rate: float) -> None:
            self._progress("training", done, target.steps, part=planned.name)
            note = f"{which}, loss {loss:.3f}, {rate:,.0f} tokens/s"
            self._progress("training", self._done + done, self._total, note)

        job = Job(
            *(planned.name, planned.settings, target.steps, planned.seed, target.tokens, work),
            checkpoint=self._recipe.form.checkpoint,
        )
        first, final = train_adapter(model, job, made, report)
        versions = {name: version(name) for name in PACKAGES} | {"device": model.device.type}
        manifest = Manifest(
            name=planned.name,
            label=planned.label,
            recipe=planned.recipe,
            seed=planned.seed,
            settings=planned.settings.plain,
            steps=target.steps,
            base=self._base(),
            data={
                "sources": list(target.learnt.sources),
                "hubs": list(target.learnt.hubs),
                "pairs": len(target.tokens.rows),
                "sha256": target.learnt.sha256,
                "tokens": target.tokens.sha256,
                "truncated": target.tokens.truncated,
                "overlaps": dict(target.overlaps),
            },
            sha256=target.sha256,
            loss={"first": first, "final": final},
            weights="",  # known once it is saved
            versions=versions,
        )
        return made, manifest

    def _base(self) -> dict[str, str | None]:
        base = self._base_facts
        return {
            "name": base.name,
            "model": base.called,
            "revision": base.revision,
            "dtype": base.source.dtype,
            "sha256": base.sha256,
        }

    def _renamed(self, manifest: Manifest, target: _Target) -> Manifest:
        """A kept adapter under today's names; its weights stay."""
        learnt = target.learnt
        data = {
            "sources": list(learnt.sources),
            "hubs": list(learnt.hubs),
            "overlaps": dict(target.overlaps),
        }
        renamed = replace(
            manifest,
            label=target.planned.label,
            recipe=target.planned.recipe,
            base=self._base(),
            data={**manifest.data, **data},
        )
        if asdict(renamed) != asdict(manifest):
            update_names(self._out / manifest.name, renamed)
        return renamed
