"""A training session: everything is checked, then the base is loaded once and each adapter trained in turn.

    look (data, base, modules, ranks, lengths, study) -> load -> train, prove the base unchanged, keep -> study

What is finished is kept: an adapter is trained again only if its settings, its seed, its data or its
base changed. Interrupted, the session goes on at the last checkpoint when it is started again.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import EngineError, OutputError
from assay.progress import Progress, silent
from assay.records.database import sole_writer
from assay.study.document import Place, Problem
from assay.training.data import Learnt, read_data
from assay.training.manifest import Record, digest, finish, kept, open_folder, refresh
from assay.training.recipe import Planned, Recipe, load_recipe
from assay.training.study import FILE, check_place, check_study, study_text, write_study

if TYPE_CHECKING:
    from assay.training.base import Seen
    from assay.training.tokens import Tokenised

__all__ = ["Adapter", "Trained", "train"]

STATE = ".training"
"""Folder for what an interrupted session leaves: checkpoints, a lock, the digest of the study."""
PACKAGES = ("lora-assay", "torch", "transformers", "peft", "accelerate")


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter that is there now."""

    record: Record
    folder: Path
    kept: bool
    """Whether it was there before, and not trained again."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a session leaves."""

    adapters: tuple[Adapter, ...]
    """In the order of the recipe file."""
    study: Path
    """The study that audits them all."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An adapter to have, with all that decides its weights."""

    planned: Planned
    learnt: Learnt
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
    check_study(recipe, out)
    _check_place(recipe, out)
    learnt = _read(recipe)
    seen = _look(recipe)
    wanted, warnings = _planned(recipe, learnt, seen, progress)
    state = out / STATE
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as bad:
        raise OutputError(f"{out}: cannot be written: {bad.strerror}") from None
    with sole_writer(state):
        adapters = _Session(recipe, seen, out, progress).run(wanted)
        study = write_study(study_text(recipe, out), out, state / "study.sha256")
        for left in state.glob("*/"):
            shutil.rmtree(left)
    return Trained(tuple(adapters), study.path or out / FILE, warnings)


def _check_place(recipe: Recipe, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: is a file; give a folder with --out")
    check_place(out, out / STATE / "study.sha256")
    for adapter in recipe.adapters:
        open_folder(out / adapter.name)


def _read(recipe: Recipe) -> list[Learnt]:
    """The data of each entry; equal data is held once."""
    read: dict[str, Learnt] = {}
    for entry in range(len(recipe.form.adapters)):
        key = repr(recipe.data(entry))
        read[key] = read.get(key) or read_data(recipe, entry)
    return [read[repr(recipe.data(entry))] for entry in range(len(recipe.form.adapters))]


def _look(recipe: Recipe) -> Seen:
    """The base, looked at, and what the recipe asks of it found possible. Raises AssayError."""
    try:
        from assay.training.base import look, misfits
    except ImportError as missing:
        raise EngineError(
            f"training needs {missing.name or 'a package'}, which is not installed: "
            f"`pip install 'lora-assay[torch]'`"
        ) from missing
    seen = look(recipe)
    if problems := list(misfits(seen, recipe)):
        recipe.document.refuse(problems)
    return seen


def _planned(
    recipe: Recipe, learnt: Sequence[Learnt], seen: Seen, progress: Progress
) -> tuple[list[_Wanted], tuple[str, ...]]:
    """Every adapter with its tokens; data that lets nothing be learnt is refused, data that is cut is told."""
    from assay.training.tokens import tokenised

    made: dict[tuple[str, int], Tokenised] = {}
    wanted: list[_Wanted] = []
    problems: list[Problem] = []
    warnings: dict[str, None] = {}
    for planned in recipe.adapters:
        data, length = learnt[planned.entry], planned.settings.max_length
        key = data.sha256, length
        if key not in made:
            made[key] = tokenised(
                data, seen, length, lambda done, total: progress("encoding pairs", done, total)
            )
        tokens = made[key]
        place: Place = ("adapters", planned.entry, "settings", "max_length")
        if tokens.lost:
            problems.append(Problem(place, _lost(tokens.lost, length)))
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
        sha256 = digest(planned.settings.plain, steps, planned.seed, seen.sha256, tokens.sha256)
        wanted.append(_Wanted(planned, data, tokens, steps, sha256))
    if problems:
        recipe.document.refuse(problems)
    return wanted, tuple(warnings)


def _lost(lost: Sequence[str], length: int) -> str:
    more = f" and {len(lost) - 3:,} more" if len(lost) > 3 else ""
    return (
        f"no response is left within {length} tokens, the prompt alone is as long, in {', '.join(lost[:3])}{more}; "
        f"raise `max_length`, or remove the rows"
    )


class _Session:
    """The adapters of one recipe, one after the other on one base."""

    def __init__(self, recipe: Recipe, seen: Seen, out: Path, progress: Progress) -> None:
        self._recipe, self._seen, self._out, self._progress = recipe, seen, out, progress
        self._done = self._total = 0

    def run(self, wanted: Sequence[_Wanted]) -> list[Adapter]:
        """Have every adapter there."""
        there = {one.planned.name: kept(self._out / one.planned.name, one.sha256) for one in wanted}
        self._total = sum(one.steps for one in wanted)
        self._done = sum(one.steps for one in wanted if there[one.planned.name])
        for one in wanted:
            if there[one.planned.name]:
                self._progress("training", one.steps, one.steps, part=one.planned.name)
        self._progress("training", self._done, self._total, self._count(wanted, there))
        trained = self._train([one for one in wanted if not there[one.planned.name]])
        adapters = []
        for one in wanted:
            folder = self._out / one.planned.name
            known = there[one.planned.name]
            if known is not None:
                known = self._renamed(known, one)
            adapters.append(Adapter(known or next(trained), folder, known is not None))
        return adapters

    def _count(self, wanted: Sequence[_Wanted], there: dict[str, Record | None]) -> str:
        count = sum(record is not None for record in there.values())
        return f"{count} of {len(wanted)} adapters there" if count else ""

    def _train(self, missing: Sequence[_Wanted]) -> Iterator[Record]:
        """Train these, the base loaded once. Raises EngineError if a training leaves it changed."""
        if not missing:
            return
        from assay.training.base import load, weights_sha256

        model = load(self._seen)
        before = weights_sha256(model)
        for number, one in enumerate(missing, 1):
            made, record = self._one(model, one, f"adapter {number} of {len(missing)}")
            if weights_sha256(model) != before:
                raise EngineError(
                    f"adapter {one.planned.name!r}: training changed the base's own weights, so it was not kept; "
                    f"please report this with the recipe"
                )
            self._done += one.steps
            record = finish(made, self._out / one.planned.name, record)
            shutil.rmtree(made.parent)
            yield record

    def _one(self, model: Any, one: _Wanted, which: str) -> tuple[Path, Record]:
        """Train an adapter into a folder of its own, beside its checkpoints."""
        from assay.training.loop import Job, train_adapter

        planned = one.planned
        work = self._out / STATE / one.sha256[:20]
        made = work / "made"
        shutil.rmtree(made, ignore_errors=True)

        def tell(done: int, loss: float, rate: float) -> None:
            self._progress("training", done, one.steps, part=planned.name)
            self._progress(
                "training", self._done + done, self._total, f"{which}, loss {loss:.3f}, {rate:,.0f} tokens/s"
            )

        job = Job(
            planned.name,
            planned.settings,
            one.steps,
            planned.seed,
            one.tokens,
            work,
            self._recipe.form.checkpoint,
        )
        first, final = train_adapter(model, job, made, tell)
        return made, self._record(one, {"first": first, "final": final}, model.device.type)

    def _record(self, one: _Wanted, loss: dict[str, float], device: str) -> Record:
        planned, tokens = one.planned, one.tokens
        data = {
            "sources": list(one.learnt.sources),
            "hubs": list(one.learnt.hubs),
            "pairs": len(tokens.rows),
            "sha256": one.learnt.sha256,
            "tokens": tokens.sha256,
            "truncated": tokens.truncated,
        }
        return Record(
            name=planned.name,
            label=planned.label,
            recipe=planned.recipe,
            seed=planned.seed,
            settings=planned.settings.plain,
            steps=one.steps,
            base=self._base(),
            data=data,
            sha256=one.sha256,
            loss=loss,
            weights="",  # known once it is saved
            versions={name: version(name) for name in PACKAGES} | {"device": device},
        )

    def _base(self) -> dict[str, str | None]:
        seen = self._seen
        return {
            "name": seen.name,
            "model": seen.called,
            "revision": seen.revision,
            "dtype": seen.source.dtype,
            "sha256": seen.sha256,
        }

    def _renamed(self, record: Record, one: _Wanted) -> Record:
        """A kept adapter under today's names; its weights stay."""
        now = replace(
            record,
            label=one.planned.label,
            recipe=one.planned.recipe,
            base=self._base(),
            data=dict(record.data) | {"sources": list(one.learnt.sources), "hubs": list(one.learnt.hubs)},
        )
        if asdict(now) != asdict(record):
            refresh(self._out / record.name, now)
        return now
