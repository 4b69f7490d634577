"""Checks an evidence file: against itself, against the run that it came from, and against the adapter's files.

It needs no network, no model and no weights of a base. What was altered is named; an empty list means that nothing was.
An evidence file is not signed: whoever can write every file can write all of them again. Keep the file, or its digest,
where those who can edit runs cannot write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.canonical import canonical_sha256
from assay.engines.adapter_files import CONFIG, weights_files
from assay.engines.identity import adapter_identity
from assay.errors import AssayError, RunError
from assay.evidence.collect import collect
from assay.evidence.figures import contradictions
from assay.evidence.form import Basis, Contents, Evidence, read_evidence
from assay.plan import Claim, MetricName
from assay.records import digest
from assay.records.digests import scored
from assay.records.queries import answers
from assay.runs import Run
from assay.tasks import Task
from assay.tasks.judged import JudgedTask
from assay.verdicts.rule import RULE

__all__ = ["Difference", "verify"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the evidence and what it rests on differ."""

    part: str
    """What was altered: `scores`, `adapter weights`, `policy`, ..."""
    message: str
    """What the evidence says, and what is there now."""


def verify(
    evidence: Path | str, run: Path | str | None = None, adapter: Path | str | None = None
) -> list[Difference]:
    """Every way in which an evidence file contradicts itself, its run or its adapter's files; empty where there is none.

    run: the folder of the run. adapter: the adapter's folder. Raises AssayError where one of them cannot be read.
    """
    held, intact = read_evidence(Path(evidence))
    differences = list(_itself(held, intact))
    if run is not None:
        with Run.open(Path(run)) as opened:
            differences += _against_run(held, opened)
    if adapter is not None:
        differences += _against_adapter(held, Path(adapter))
    return differences


# -- the file alone --------------------------------------------------------------------------------------


def _itself(held: Evidence, intact: bool) -> Iterator[Difference]:
    if not intact:
        yield Difference("file", "its content does not have the digest that it states: the file was edited")
    for sentence in contradictions(held.finding, held.alpha):
        yield Difference("verdict", sentence)
    if held.rule != RULE:
        yield Difference(
            "rule", f"the word was chosen by rule {held.rule}, and this assay decides by rule {RULE}"
        )
    for what, contents in (("subject", held.subjects), ("protocol", held.protocols)):
        for sha256, identity in contents.items():
            if canonical_sha256(identity) != sha256:
                yield Difference(
                    what,
                    f"the {what} listed as {sha256[:12]} has the digest {canonical_sha256(identity)[:12]}",
                )
    for part in held.basis:
        if part.subject not in held.subjects or part.protocol not in held.protocols:
            yield Difference("subject", f"{part.name} on {part.task} refers to a content that is not listed")
    yield from _bases(held)


def _bases(held: Evidence) -> Iterator[Difference]:
    """The adapter must have been measured on the very base that it is compared with."""
    of = {part.name: part.subject for part in held.basis if part.task == _task(held)}
    adapter, base = (
        held.subjects.get(of.get(name, "")) for name in (held.finding.adapter, held.finding.base)
    )
    if adapter is not None and base is not None and adapter.get("base") not in (None, digest(base)):
        yield Difference("base", "the adapter was measured on another base than the one listed")


def _task(held: Evidence) -> str:
    return MetricName.parse(held.finding.metric).task


# -- the run -----------------------------------------------------------------------------------------------


def _against_run(held: Evidence, run: Run) -> list[Difference]:
    claim = next((claim for claim in run.plan.claims if _is(claim, held)), None)
    if claim is None:
        what = f"{held.finding.adapter} {held.finding.kind} {held.finding.metric}"
        return [Difference("claim", f"the run's study has no claim {what}")]
    result = run.analyze()
    now = collect(run, result, claim, result.claims[run.plan.claims.index(claim)])
    differences = [*_settings(held, now), *_tasks(held, now), *_rows(held, now), *_rescored(held, run)]
    if not differences and (changed := _figures(held, now)):
        differences.append(Difference("figures", f"the run's records give another {', '.join(changed)}"))
    return differences


def _is(claim: Claim, held: Evidence) -> bool:
    finding = held.finding
    return (claim.subject.name, str(claim.metric), claim.kind, claim.against) == (
        finding.adapter,
        finding.metric,
        finding.kind,
        finding.against,
    )


SETTINGS = {
    "study": ("study", "the study's name"),
    "claims_sha256": ("claim", "the claims, or the rules that they are judged by"),
    "declared_at": ("claim", "the time at which the claims were stamped"),
    "records_before": ("claim", "the number of responses before the claims"),
    "alpha": ("claim", "the error rate of the claim"),
    "family": ("claim", "the claims that share the error rate"),
    "policy_sha256": ("policy", "the gate's policy"),
    "settings_sha256": ("settings", "the study's subjects, tasks, decoding or engine settings"),
    "source": ("settings", "where responses come from"),
}


def _settings(held: Evidence, now: Evidence) -> Iterator[Difference]:
    for field, (part, words) in SETTINGS.items():
        before, after = getattr(held, field), getattr(now, field)
        if before != after:
            yield Difference(
                part, f"{words} changed: {_short(before)} in the evidence, {_short(after)} in the run"
            )


def _tasks(held: Evidence, now: Evidence) -> Iterator[Difference]:
    for name in dict.fromkeys([*held.tasks, *now.tasks]):
        task, other = held.tasks.get(name), now.tasks.get(name)
        if task is None or other is None:
            yield Difference("prompts", f"{name}: only in the {'run' if task is None else 'evidence'}")
            continue
        if task.prompts != other.prompts:
            yield Difference(
                "prompts", f"the prompts of {name} changed: {_changed(task.prompts, other.prompts)}"
            )
        if (task.kind, task.verifier) != (other.kind, other.verifier):
            yield Difference(
                "verifier", f"{name} was scored by {task.verifier}, and is now by {other.verifier}"
            )


def _rows(held: Evidence, now: Evidence) -> Iterator[Difference]:
    mine, theirs = ({(part.name, part.task): part for part in side.basis} for side in (held, now))
    for key in dict.fromkeys([*mine, *theirs]):
        where = " on ".join(key)
        if key not in mine or key not in theirs:
            yield Difference("responses", f"{where}: only in the {'run' if key in theirs else 'evidence'}")
            continue
        yield from _row(where, mine[key], theirs[key], held, now)


def _row(where: str, mine: Basis, theirs: Basis, held: Evidence, now: Evidence) -> Iterator[Difference]:
    if mine.subject != theirs.subject:
        fields = _fields(held.subjects.get(mine.subject, {}), now.subjects[theirs.subject])
        yield Difference("subject", f"{where}: the subject's {fields} changed")
    if mine.protocol != theirs.protocol:
        fields = _fields(held.protocols.get(mine.protocol, {}), now.protocols[theirs.protocol])
        yield Difference("protocol", f"{where}: the protocol's {fields} changed")
    if mine.responses != theirs.responses:
        yield Difference(
            "responses", f"{where}: the responses changed: {_changed(mine.responses, theirs.responses)}"
        )
    if mine.scores != theirs.scores:
        yield Difference("scores", f"{where}: the scores changed: {_changed(mine.scores, theirs.scores)}")


def _rescored(held: Evidence, run: Run) -> Iterator[Difference]:
    """Scores that the verifier does not give to the responses beside them; a judge is not asked again."""
    for part in held.basis:
        task = run.tasks.get(part.task)
        if task is None or isinstance(task, JudgedTask):
            continue
        if wrong := _wrong(run, task, part.name):
            message = f"{part.name} on {part.task}: the verifier gives {wrong} responses another score"
            yield Difference("scores", message)


def _wrong(run: Run, task: Task, name: str) -> int:
    """How many stored scores differ from what the verifier says of the stored responses."""
    stored = scored(run.records, name, task.name, task.scorer)
    examples = {example.key: example for example in run.records.examples(task.name)}
    wrong = 0
    for record, key, given in answers(run.records, list(stored)):
        score = task.score_answers(examples[key], given)
        wrong += [*score.passed, *score.out_of] != stored[record]
    return wrong


def _figures(held: Evidence, now: Evidence) -> list[str]:
    """Fields of the finding and its drift that the run does not give."""
    mine, theirs = asdict(held.finding), asdict(now.finding)
    changed = [name for name in mine if not _equal(mine[name], theirs[name])]
    same_drift = _equal([asdict(part) for part in held.drift], [asdict(part) for part in now.drift])
    return changed if same_drift else [*changed, "drift"]


def _equal(mine: Any, theirs: Any) -> bool:
    """Equal up to the last digits of numbers, which may differ between builds of numpy."""
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return mine.keys() == theirs.keys() and all(_equal(mine[key], theirs[key]) for key in mine)
    if isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        return len(mine) == len(theirs) and all(map(_equal, mine, theirs))
    if isinstance(mine, float) and isinstance(theirs, float | int):
        return abs(mine - theirs) <= 1e-9 * max(1.0, abs(mine))
    return bool(mine == theirs)


# -- the adapter's files -------------------------------------------------------------------------------------


def _against_adapter(held: Evidence, folder: Path) -> Iterator[Difference]:
    key = held.finding.adapter, _task(held)
    part = next((part for part in held.basis if (part.name, part.task) == key), None)
    identity = held.subjects.get(part.subject, {}) if part else {}
    if "weights" not in identity or "config" not in identity:
        message = "the evidence rests on recorded responses, or on none, and holds no digest of an adapter's weights"
        yield Difference("adapter weights", message)
        return
    now = _identity(folder)
    if identity["weights"] != now["weights"]:
        message = f"the weights are {_short(now['weights'])}, and those of the evidence {_short(identity['weights'])}"
        yield Difference("adapter weights", message)
    if identity["config"] != now["config"]:
        yield Difference(
            "adapter configuration",
            f"{CONFIG} changed: its rank, alpha, layers or another field that decides",
        )


def _identity(folder: Path) -> Mapping[str, Any]:
    """Digests of an adapter's weights and configuration. Raises AssayError where it cannot be read."""
    if not folder.is_dir():
        raise RunError("no such folder", place=folder, fix="name the adapter's folder")
    try:
        weights = weights_files(folder, allow_pickle=True)
    except AssayError as bad:
        weights = tuple(
            folder.glob("*.gguf")
        )  # beside other weights it is a copy of them, as for a server's engine
        if len(weights) != 1:
            raise bad.at(folder) from bad
    return adapter_identity(folder, weights, {}, "")


def _fields(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    keys = [key for key in dict.fromkeys([*mine, *theirs]) if mine.get(key) != theirs.get(key)]
    return " and ".join(keys) or "digest"


def _changed(mine: Contents, theirs: Contents) -> str:
    if mine.rows != theirs.rows:
        return f"{mine.rows:,} rows in the evidence, {theirs.rows:,} in the run"
    return f"{_short(mine.sha256)} in the evidence, {_short(theirs.sha256)} in the run"


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text[:12] if len(text) == 64 else text
