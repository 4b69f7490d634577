"""Generates every response that a run does not hold yet, one base (with its adapters) at a time.

An adapter generates only once it is known to change something, and a base only if it has such an adapter. It knows
no verifier and no statistic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay.engines import Completion, Partial, Prompt, Session
from assay.engines.api import complete_from
from assay.errors import EngineError
from assay.plan import Plan
from assay.progress import Progress, silent
from assay.records import Refusal, Store, digest
from assay.runs.liveness import probe, refuse, refuse_inert, unprobed_adapters
from assay.runs.meter import Meter
from assay.runs.second_passes import Held, draw
from assay.runs.stages import Stages
from assay.runs.turns import openings, scored_part
from assay.runs.workload import BaseGroup, Work, Workload
from assay.stats import Verdict

__all__ = ["generate"]

JOURNALLED_EVERY = 10.0
"""Seconds of tokens that a kill may cost, at most; for engines that tell what generations under way hold."""
_Missing = dict[tuple[str, str], list[Prompt]]
"""Prompts without a response, by subject and content of a workload."""


def generate(
    plan: Plan, work: Work, store: Store, progress: Progress = silent, to_the_end: bool = False
) -> None:
    """Ask for what is missing and keep it as it comes; interrupted, it goes on where it stopped."""
    meter = Meter(progress, at_most=plan.stop.when == "decided" and not to_the_end)
    stages = Stages(plan, work, store, to_the_end)
    store.discard_partial()
    for group in work.groups:
        refuse_inert(group, store)
        meter.expect(
            group, [*_askable(group, _missing(group.workloads, store), store), *_second(plan, group, store)]
        )
    if kept := store.count():
        progress("responses kept from before", kept, kept)
    models = {subject.name for subject in plan.adapters if subject.is_model}
    for group in work.groups:
        try:
            _generate(plan, group, store, meter, stages)
        except EngineError as bad:
            if group.base not in models:
                raise
            refuse(store, {group.base: Refusal(Verdict.NOT_MEASURED, str(bad))})
            meter.end(group)
    store.note("generated")


def _generate(plan: Plan, group: BaseGroup, store: Store, meter: Meter, stages: Stages) -> None:
    """Load one base, if anything is missing: its adapters generate with it, then come second passes."""
    refuse_inert(group, store)
    unprobed = unprobed_adapters(group, store)
    # Looked up again: an earlier group may have added responses of the same content.
    first = _missing(group.workloads, store)
    due = stages.needed(group, _askable(group, first, store))
    if not unprobed and not due and not _second(plan, group, store, store.held):
        stages.catch_up(group)
        meter.expect(group, ())
        return
    meter.load()
    with group.open() as session:
        _refuse_failed(group, session, store, stages)
        probe(group, session, unprobed, store)  # refuses more adapters, and then fewer prompts can be asked
        for batch in stages.batches(group, _askable(group, first, store)):
            meter.expect(group, [*batch, *stages.ahead, *_second(plan, group, store)])
            _complete(group, session, batch, store, meter)
            _refuse_failed(group, session, store, stages)
        _complete(group, session, _second(plan, group, store, store.held), store, meter)
        _refuse_failed(group, session, store, stages)
        meter.end(group)


def _complete(
    group: BaseGroup, session: Session, prompts: Sequence[Prompt], store: Store, meter: Meter
) -> None:
    """Complete all of these prompts, and keep each response as it comes."""
    _note_provenance({**group.provenance, **session.provenance}, prompts, store)
    first = openings(prompts, (*group.workloads, *group.again), store)
    begun = store.partial(first)
    meter.start(group, prompts, begun)
    items = complete_from(session, first, begun, JOURNALLED_EVERY)
    for _ in store.append(meter.counted(group, _marked(group, items))):
        meter.show()
        if (figures := meter.due()) is not None:
            store.note("progress", **figures)


def _marked(group: BaseGroup, items: Iterable[Completion | Partial]) -> Iterator[Completion | Partial]:
    """Completions with the part that is not scored: everything up to the workload's mark."""
    marks = {(load.name, load.task): load.after for load in (*group.workloads, *group.again)}
    for item in items:
        if isinstance(item, Completion):
            yield scored_part(item, marks[item.prompt.name, item.prompt.task])
        else:
            yield item


# -- what is missing -----------------------------------------------------------------------------


def _missing(workloads: Iterable[Workload], store: Store) -> _Missing:
    """Workloads of which the run does not hold every response."""
    return {
        (load.prompt.subject, digest([load.identity, load.protocol, load.task])): missing
        for load in workloads
        if (missing := _missing_prompts(load, store))
    }


def _missing_prompts(workload: Workload, store: Store) -> list[Prompt]:
    held = store.held(workload.name, workload.task)
    return [prompt for prompt in workload.prompts() if prompt.key not in held]


def _second(plan: Plan, group: BaseGroup, store: Store, first: Held | None = None) -> list[Prompt]:
    """The second passes that are missing. first: responses held of the first pass; None: all that will be."""
    return draw(group, plan.seed, store.manifest.refused, first, store.held)


def _askable(group: BaseGroup, missing: _Missing, store: Store) -> list[Prompt]:
    """What can be asked now: nothing of refused subjects, nor of the base where no adapter is left."""
    refused = store.manifest.refused
    if group.base and not group.needed and not set(group.adapters) - set(refused):
        return []
    once: dict[str, list[Prompt]] = {}  # names with the same content share the responses
    for (subject, content), prompts in missing.items():
        if subject not in refused:
            once.setdefault(content, prompts)
    return [prompt for prompts in once.values() for prompt in prompts]


# -- what is noted -------------------------------------------------------------------------------


def _refuse_failed(group: BaseGroup, session: Session, store: Store, stages: Stages) -> None:
    """Refuse adapters that failed, except those that need no more responses."""
    failed = session.failed
    refuse(
        store,
        {
            name: Refusal(Verdict.NOT_MEASURED, failed[name])
            for load in group.workloads
            if (name := load.prompt.subject) in failed and stages.needed(group, _missing_prompts(load, store))
        },
    )


def _note_provenance(versions: Mapping[str, str], prompts: Iterable[Prompt], store: Store) -> None:
    """Record the software that will generate these, in addition to what did earlier."""
    for name, task in dict.fromkeys((prompt.name, prompt.task) for prompt in prompts):
        content = str(store.content(name, task))
        if versions not in store.manifest.provenance.get(content, ()):
            store.note("provenance", content=content, versions=versions)
