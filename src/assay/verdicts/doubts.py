"""What a reader must know before believing the findings. Read from the records of a run and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay.records import Store
from assay.scoring import verifier_versions
from assay.stats import FEW
from assay.study import Study
from assay.tasks import Task
from assay.verdicts.measure import Measurements
from assay.verdicts.noise import AGAIN
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
    warnings = list(store.fact("warnings") or ())
    warnings += [
        f"{name} was scored in part under other package versions than the rest: {mixed}"
        for name, task in tasks.items()
        if len(mixed := verifier_versions(store, task.scorer)) > 1
    ]
    warnings += [
        f"all {total} responses of {adapter!r} to {task} equal the base's to the letter, though the adapter is not "
        f"without effect elsewhere: was it loaded there?"
        for adapter, task, total in measured.echoes
    ]
    if few := [
        claim for claim in claims if claim.better is not None and claim.better + (claim.worse or 0) < FEW
    ]:
        rest = f"{len(few)} of {len(claims)} claims {'rests' if len(few) == 1 else 'rest'}"
        warnings.append(
            f"{rest if len(claims) > 1 else 'the claim rests'} on fewer than {FEW} prompts that differ: a gain or a "
            f"harm there also had to pass McNemar's mid-p test"
        )
    for subject, task in store.bound():
        if subject.endswith(f"/{AGAIN}"):
            continue
        if nulls := store.nulls(subject, task):
            found = "1 null response" if nulls == 1 else f"{nulls} null responses"
            was = "was" if nulls == 1 else "were"
            warnings += [f"{found} of {subject!r} to {task} {was} judged as empty"]
    if lacking := sum(group.lacking for group in groups):
        claims_are, they_count = ("1 claim", "is"), "counts"
        if lacking > 1:
            claims_are, they_count = (f"{lacking} claims", "are"), "count"
        warnings.append(
            f"{claims_are[0]} without paired evidence (not measured, or not applied) {claims_are[1]} left out of "
            f"recipe verdicts and {they_count} as neither failing nor holding in the study's counts"
        )
    if pairs := {group.recipe for group in groups if len(group.cells) == 2}:
        warnings.append(
            f"recipes with two measured seeds ({', '.join(sorted(pairs))}): where seeds vary much, their verdicts "
            f"err somewhat more often than alpha; three seeds are enough"
        )
    for group in groups:
        sides = {
            measured.counterparts.get((one.name, group.claim.metric.rpartition(".")[0]))
            for one in group.adapters
        }
        if len(sides - {None}) > 1:
            warnings.append(
                f"adapters of the recipe {group.recipe!r} bring different chat templates, and each is compared with its "
                f"base under its own: the recipe's verdict mixes them"
            )
    return tuple(dict.fromkeys(warnings))


def doubts_of_generation(study: Study, measured: Measurements, store: Store) -> Iterator[str]:
    """Where two sides of a gain were made by different software, settings were tried, or a mark did not come."""
    made = store.fact("provenance") or {}
    if not made:
        return

    def versions(name: str, task: str) -> list[dict[str, str]]:
        return list(made.get(store.content(name, task), []))

    pairs = [(adapter, side, task) for (adapter, task), side in measured.counterparts.items()]
    pairs += [
        (name, name.removesuffix(f"/{AGAIN}"), task)
        for name, task in store.bound()
        if name.endswith(f"/{AGAIN}")
    ]
    mixed = [
        name
        for name, side, task in pairs
        if any(
            entry != first
            for first in versions(side, task)[:1]
            for entry in (*versions(side, task), *versions(name, task))
        )
    ]
    for name in dict.fromkeys(mixed):
        yield (
            f"responses of {name!r} and those that it is compared with were made in part under other package versions "
            f"or on another device; to be sure, run the study anew with another --out"
        )
    if tried := store.unbound():
        yield (
            f"this run holds {tried:,} responses under other settings than the study's now (decoding, template, shots): "
            f"if their scores were looked at, these settings were chosen after them"
        )
    for name, task in store.bound():
        uncut, total = store.uncut(name, task)
        if uncut and study.decoding.after is not None and not name.endswith(f"/{AGAIN}"):
            yield (
                f"the mark {study.decoding.after!r} does not occur in {uncut} of {total} responses of {name!r} to {task}: "
                f"those are judged whole; perhaps `max_tokens` ended them first"
            )
