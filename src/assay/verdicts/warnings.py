"""Warnings: what a reader must know before believing the findings. They change no verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay.engines.api import AGAIN, is_again
from assay.plan import Plan
from assay.stats import FEW
from assay.verdicts.claims import controls
from assay.verdicts.evidence import Evidence
from assay.verdicts.pair import Pairs
from assay.verdicts.recipes import Configuration
from assay.verdicts.result import ClaimResult, NullResponses
from assay.verdicts.rule import RULE

__all__ = ["generation_warnings", "null_responses", "warnings"]

LOOSE = 0.1
"""An alpha above this is warned of."""


def warnings(
    plan: Plan,
    evidence: Evidence,
    groups: Sequence[Configuration],
    claims: Sequence[ClaimResult],
    pairs: Pairs,
    nulls: Sequence[NullResponses] = (),
) -> tuple[str, ...]:
    """The warnings of any study, recorded or generated."""
    found = (
        *evidence.manifest.warnings,
        *_of_scores(plan, evidence, pairs),
        *_of_rules(plan, evidence, claims),
        *_of_few(claims),
        *_of_empty(evidence, nulls),
        *_of_recipes(groups, pairs),
    )
    return tuple(dict.fromkeys(found))


def _of_scores(plan: Plan, evidence: Evidence, pairs: Pairs) -> Iterator[str]:
    """Scores made by different software, and responses identical to the base's."""
    for name, task in plan.tasks.items():
        if len(mixed := evidence.manifest.verifiers.get(task.scorer, ())) > 1:
            yield f"{name} was scored under several versions of packages: {list(mixed)}"
    for adapter, task_name, total in pairs.echoes:
        yield (
            f"all {total} responses of {adapter!r} to {task_name} are identical to the base's, although the adapter "
            f"has an effect elsewhere: check that it was loaded for this task"
        )


def _of_rules(plan: Plan, evidence: Evidence, claims: Sequence[ClaimResult]) -> Iterator[str]:
    """Settings and benchmarks under which words say little, and words of an older rule."""
    if plan.alpha > LOOSE:
        yield f"alpha is {plan.alpha:g}: each verdict may be wrong that often; 0.05 is usual"
    if evidence.manifest.analyzed and evidence.manifest.rule != RULE:
        yield (
            f"this run was decided by rule {evidence.manifest.rule}, and the verdicts here follow rule {RULE}: "
            f"`assay report` lists those that changed"
        )
    for metric, extreme, against in dict.fromkeys(
        (claim.metric, claim.extreme, claim.against) for claim in claims if claim.extreme
    ):
        end = "under .05" if extreme == "floor" else "over .95"
        yield (
            f"{repr(against) if against else 'a base'} scores {end} on {metric}, at the {extreme} of this benchmark: a "
            f"missing gain there says nothing about the label"
        )
    for control in controls(plan, claims):
        if control.failed:
            yield (
                f"control failed: {control.adapter!r} must show {_promise(control.expected)} on {control.metric}, and its "
                f"verdict is {control.verdict}; check the study before its other verdicts"
            )


def _promise(control: str) -> str:
    return "a gain" if control == "gains" else "no gain"


def _of_few(claims: Sequence[ClaimResult]) -> Iterator[str]:
    few = sum(claim.better is not None and claim.better + (claim.worse or 0) < FEW for claim in claims)
    if few:
        of = f"{few} of {len(claims)} claims" if len(claims) > 1 else "the claim"
        yield (
            f"{of} {_form(few, 'rests', 'rest')} on fewer than {FEW} prompts on which the two sides differ: a few more "
            f"prompts may change the verdict"
        )


def null_responses(evidence: Evidence) -> tuple[NullResponses, ...]:
    """The null responses of each name on each task that has any; a second pass is left out."""
    counts = (
        NullResponses(name, task, evidence.nulls(name, task))
        for name, task in evidence.bound()
        if not is_again(name)
    )
    return tuple(entry for entry in counts if entry.count)


def _of_empty(evidence: Evidence, nulls: Sequence[NullResponses]) -> Iterator[str]:
    """Responses without text, and those without an answer after the mark."""
    null = {(entry.subject, entry.task): entry.count for entry in nulls}
    for name, task in evidence.bound():
        if is_again(name):
            continue
        if count := null.get((name, task)):
            which = f"{count} null {_form(count, 'response', 'responses')} of {name!r} to {task}"
            yield f"{which} {_form(count, 'was', 'were')} scored as empty"
        if unanswered := evidence.unanswered(name, task):
            yield (
                f"{unanswered} {_form(unanswered, 'response', 'responses')} of {name!r} to {task} "
                f"{_form(unanswered, 'has', 'have')} no answer (the thinking block never closes, or nothing follows it) "
                f"and {_form(unanswered, 'was', 'were')} scored as empty"
            )


def _of_recipes(groups: Sequence[Configuration], pairs: Pairs) -> Iterator[str]:
    """Claims and seeds that recipes lack, and templates that they mix."""
    if short := {group.recipe for group in groups if group.cut_short}:
        yield (
            f"adapters of the {_form(len(short), 'recipe', 'recipes')} {', '.join(sorted(short))} stopped before the last "
            f"prompt, each after a different number: there is no verdict over their seeds; `--until full` generates the rest"
        )
    if lacking := sum(group.lacking for group in groups if not group.cut_short):
        yield (
            f"{lacking} {_form(lacking, 'claim has', 'claims have')} no paired evidence (not measured, or not applied): "
            f"{_form(lacking, 'it is', 'they are')} left out of recipe verdicts, and in the study's counts "
            f"{_form(lacking, 'it', 'they')} neither {_form(lacking, 'fails nor holds', 'fail nor hold')}"
        )
    if single := {group.recipe for group in groups if len(group.cells) > 1 and not group.is_judged}:
        yield (
            f"{_form(len(single), 'the recipe', 'the recipes')} {', '.join(sorted(single))} answered one prompt only: "
            f"there is no verdict over seeds"
        )
    for group in groups:
        sides = {
            pairs.counterparts.get((adapter.name, group.claim.metric.task)) for adapter in group.adapters
        }
        if len(sides - {None}) > 1:
            yield (
                f"adapters of the recipe {group.recipe!r} have different chat templates, and each is compared with its "
                f"base under its own template: the recipe's verdict mixes them"
            )


def _form(count: int, singular: str, plural: str) -> str:
    """The form of a word that agrees with a count."""
    return singular if count == 1 else plural


def generation_warnings(plan: Plan, evidence: Evidence, pairs: Pairs) -> Iterator[str]:
    """Warnings of generation: different software on two sides of a gain, settings that were tried, marks that did not occur."""
    if not evidence.manifest.provenance:
        return
    for name in _mixed(plan, evidence, pairs):
        yield (
            f"responses of {name!r} and those that they are compared with were generated under different package versions "
            f"or on different devices; to be safe, run the study again in another folder"
        )
    if tried := evidence.unbound():
        yield (
            f"this run holds {tried:,} responses that were generated under other settings (decoding, template, shots): if "
            f"anyone has seen their scores, the present settings were chosen afterwards"
        )
    for name, task in evidence.bound():
        uncut, total = evidence.uncut(name, task)
        if uncut and plan.decoding.after is not None and not is_again(name):
            yield (
                f"the mark {plan.decoding.after!r} does not occur in {uncut} of {total} responses of {name!r} to {task}: "
                f"those are scored whole"
            )


def _mixed(plan: Plan, evidence: Evidence, pairs: Pairs) -> Iterable[str]:
    """Names whose responses were not made by the same software as those that they are compared with."""
    made = evidence.manifest.provenance

    def versions(name: str, task: str) -> list[Mapping[str, str]]:
        return list(made.get(evidence.content(name, task) or "", ()))

    compared = [(adapter, side, task) for (adapter, task), side in pairs.counterparts.items()]
    against = {
        (claim.subject.name, claim.against, claim.metric.task) for claim in plan.claims if claim.against
    }
    compared += [
        (name, evidence.counterpart(name, *other) or "", other[1]) for name, *other in sorted(against)
    ]
    compared += [
        (name, name.removesuffix(f"/{AGAIN}"), task) for name, task in evidence.bound() if is_again(name)
    ]
    return dict.fromkeys(
        name
        for name, side, task in compared
        if (theirs := versions(side, task))
        and any(made != theirs[0] for made in theirs + versions(name, task))
    )
