"""What a reader must know before believing the findings. Read from the records of a run and what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay.records import Store
from assay.scoring import verifier_versions
from assay.stats import FEW
from assay.study import Study
from assay.tasks import Task
from assay.verdicts.measure import Measurements
from assay.verdicts.noise import AGAIN, is_again
from assay.verdicts.recipes import Configuration
from assay.verdicts.result import ClaimResult

__all__ = ["doubts", "doubts_of_generation"]


def doubts(
    store: Store,
    tasks: Mapping[str, Task],
    groups: Sequence[Configuration],
    claims: Sequence[ClaimResult],
    measured: Measurements,
) -> tuple[str, ...]:
    """What holds of any study, recorded or generated."""
    found = (
        *(store.fact("warnings") or ()),
        *_of_scores(store, tasks, measured),
        *_of_few(claims),
        *_of_nulls(store),
        *_of_recipes(groups, measured),
    )
    return tuple(dict.fromkeys(found))


def _of_scores(store: Store, tasks: Mapping[str, Task], measured: Measurements) -> Iterator[str]:
    """Scores made by different software, and responses that are the base's own."""
    for name, task in tasks.items():
        if len(mixed := verifier_versions(store, task.scorer)) > 1:
            yield f"{name} was scored in part under other package versions than the rest: {mixed}"
    for adapter, task_name, total in measured.echoes:
        yield (
            f"all {total} responses of {adapter!r} to {task_name} equal the base's to the letter, though the adapter "
            f"is not without effect elsewhere: was it loaded there?"
        )


def _of_few(claims: Sequence[ClaimResult]) -> Iterator[str]:
    few = sum(claim.better is not None and claim.better + (claim.worse or 0) < FEW for claim in claims)
    if few:
        of = f"{few} of {len(claims)} claims" if len(claims) > 1 else "the claim"
        yield (
            f"{of} {_form(few, 'rests', 'rest')} on fewer than {FEW} prompts that differ: a gain or a harm there also "
            f"had to pass McNemar's mid-p test"
        )


def _of_nulls(store: Store) -> Iterator[str]:
    for name, task in store.bound():
        if not is_again(name) and (nulls := store.nulls(name, task)):
            found = f"{nulls} null {_form(nulls, 'response', 'responses')} of {name!r} to {task}"
            yield f"{found} {_form(nulls, 'was', 'were')} judged as empty"


def _of_recipes(groups: Sequence[Configuration], measured: Measurements) -> Iterator[str]:
    """Claims and seeds that recipes lack, and templates that they mix."""
    if short := {group.recipe for group in groups if group.cut_short}:
        yield (
            f"adapters of the {_form(len(short), 'recipe', 'recipes')} {', '.join(sorted(short))} stopped before the last "
            f"prompt, each as its own responses had it: nothing is said over their seeds; `--until full` asks the rest"
        )
    if lacking := sum(group.lacking for group in groups if not group.cut_short):
        yield (
            f"{lacking} {_form(lacking, 'claim', 'claims')} without paired evidence (not measured, or not applied) "
            f"{_form(lacking, 'is', 'are')} left out of recipe verdicts and {_form(lacking, 'counts', 'count')} as "
            f"neither failing nor holding in the study's counts"
        )
    if single := {group.recipe for group in groups if len(group.cells) > 1 and not group.is_judged}:
        yield (
            f"{_form(len(single), 'the recipe', 'the recipes')} {', '.join(sorted(single))} answered one prompt only: "
            f"nothing is said over seeds"
        )
    if pairs := {group.recipe for group in groups if len(group.cells) == 2 and group.is_judged}:
        yield (
            f"recipes with two measured seeds ({', '.join(sorted(pairs))}): where seeds vary much, their verdicts "
            f"err somewhat more often than alpha; three seeds are enough"
        )
    for group in groups:
        task = group.claim.metric.rpartition(".")[0]
        sides = {measured.counterparts.get((one.name, task)) for one in group.adapters}
        if len(sides - {None}) > 1:
            yield (
                f"adapters of the recipe {group.recipe!r} bring different chat templates, and each is compared with its "
                f"base under its own: the recipe's verdict mixes them"
            )


def _form(count: int, one: str, more: str) -> str:
    """The word that agrees with a count."""
    return one if count == 1 else more


def doubts_of_generation(study: Study, measured: Measurements, store: Store) -> Iterator[str]:
    """Where two sides of a gain were made by different software, settings were tried, or a mark did not come."""
    if not store.fact("provenance"):
        return
    for name in _mixed(measured, store):
        yield (
            f"responses of {name!r} and those that it is compared with were made in part under other package versions "
            f"or on another device; to be sure, run the study anew in another folder"
        )
    if tried := store.unbound():
        yield (
            f"this run holds {tried:,} responses under other settings than the study's now (decoding, template, shots): "
            f"if their scores were looked at, these settings were chosen after them"
        )
    for name, task in store.bound():
        uncut, total = store.uncut(name, task)
        if uncut and study.decoding.after is not None and not is_again(name):
            yield (
                f"the mark {study.decoding.after!r} does not occur in {uncut} of {total} responses of {name!r} to {task}: "
                f"those are judged whole; perhaps `max_tokens` ended them first"
            )


def _mixed(measured: Measurements, store: Store) -> Iterable[str]:
    """Names whose responses were not made by the same software as those that they are compared with."""
    made = store.fact("provenance")

    def versions(name: str, task: str) -> list[dict[str, str]]:
        return list(made.get(store.content(name, task), ()))

    pairs = [(adapter, side, task) for (adapter, task), side in measured.counterparts.items()]
    pairs += [(name, name.removesuffix(f"/{AGAIN}"), task) for name, task in store.bound() if is_again(name)]
    return dict.fromkeys(
        name
        for name, side, task in pairs
        if (theirs := versions(side, task)) and any(one != theirs[0] for one in theirs + versions(name, task))
    )
