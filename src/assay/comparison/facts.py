"""What findings of two runs depend on, beside each other: weights, prompts, settings, verifiers, rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.records.browsing import contents
from assay.runs.decided import Decided, reading
from assay.runs.folder import policy_digest

__all__ = ["Fact", "Side", "contents_of", "facts"]


@dataclass(frozen=True, slots=True)
class Side:
    """A run, or one adapter of it."""

    opened: Decided
    adapter: str = ""
    """Empty: all of its adapters, each beside its namesake."""

    @property
    def name(self) -> str:
        """For a reader."""
        return f"{self.adapter} in {self.opened.name}" if self.adapter else self.opened.name


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that findings depend on."""

    what: str
    left: str
    right: str

    @property
    def same(self) -> bool:
        """Whether it explains no difference."""
        return self.left == self.right


def facts(left: Side, right: Side) -> Iterator[Fact]:
    """What the findings depend on, first what is read first."""
    for mine, other in zip(_subjects(left), _subjects(right), strict=False):
        yield Fact(mine[0], mine[1], other[1])
    tasks = dict.fromkeys((*left.opened.plan.tasks, *right.opened.plan.tasks))
    ours, theirs = contents_of(left), contents_of(right)
    for task in tasks:
        names = ("limits, template and decoding", "prompts")
        for place, what in enumerate(names):
            yield Fact(
                f"{task}: {what}", *(_short(held.get(task, ("", ""))[place]) for held in (ours, theirs))
            )
        scorers = (
            side.opened.plan.tasks[task].scorer if task in side.opened.plan.tasks else "-"
            for side in (left, right)
        )
        yield Fact(f"{task}: verifier", *scorers)
    for what, values in {
        "margin": [f"{100 * side.opened.plan.margin:g} points" for side in (left, right)],
        "alpha": [
            f"{side.opened.result.alpha:g}, shared by {side.opened.result.family}" for side in (left, right)
        ],
        "policy of the gate": [_short(policy_digest(side.opened.plan.policy)) for side in (left, right)],
        "rule of the words": [str(side.opened.result.rule) for side in (left, right)],
        "software": [side.opened.result.versions.get("lora-assay", "-") for side in (left, right)],
    }.items():
        yield Fact(what, *values)


def _subjects(side: Side) -> Iterator[tuple[str, str]]:
    """Weights by content: of one adapter and its base, or of every base."""
    opened = side.opened
    if side.adapter:
        yield "adapter", _subject(opened, side.adapter)
        yield (
            "base",
            _subject(opened, next(each.base for each in opened.plan.adapters if each.name == side.adapter)),
        )
    else:
        yield "bases", ", ".join(_subject(opened, base.name) for base in opened.plan.bases)


def _subject(opened: Decided, name: str) -> str:
    revision = next((each.revision for each in opened.plan.subjects if each.name == name), None)
    digest = opened.identities.get(name, {}).get("digest", "")
    return " ".join(filter(None, (name, f"revision {revision}" if revision else "", _short(digest))))


def _short(digest: str) -> str:
    return digest[:12] or "-"


def contents_of(side: Side) -> dict[str, tuple[str, str]]:
    """Digests of protocol and prompts by task: of one adapter, or of the first subject that has the task."""
    with reading(side.opened.folder) as store:
        known = contents(store)
    held: dict[str, tuple[str, str]] = {}
    for (name, task), digests in known.items():
        if side.adapter in ("", name):
            held.setdefault(task, digests)
    return held
