"""Two runs, or two adapters of runs, beside each other: their findings line by line, and what else differs.

It puts findings beside each other and tests nothing: a difference of two gains has no interval here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assay.records.browsing import contents, passed
from assay.verdicts import Cell, ClaimResult
from assay.verdicts.result import DriftResult
from assay.view.opened import Opened, reading

__all__ = ["Agreement", "Comparison", "Fact", "Line", "Side", "compare"]


@dataclass(frozen=True, slots=True)
class Side:
    """A run, or one adapter of it."""

    opened: Opened
    adapter: str = ""
    """Empty: all of its adapters, each beside its namesake."""

    @property
    def name(self) -> str:
        """For a reader."""
        return f"{self.adapter} in {self.opened.entry.name}" if self.adapter else self.opened.entry.name


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


@dataclass(frozen=True, slots=True)
class Line:
    """What both sides find on a metric."""

    adapter: str
    """Empty where each side is one adapter."""
    metric: str
    left: ClaimResult | Cell | None
    right: ClaimResult | Cell | None

    @property
    def changed(self) -> bool:
        """Whether the words differ."""
        return word(self.left) != word(self.right)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two adapters on the same prompts of a task, on its primary metric."""

    task: str
    prompts: int
    left: int
    """Prompts on which the left one does better."""
    right: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides beside each other."""

    left: Side
    right: Side
    facts: tuple[Fact, ...]
    lines: tuple[Line, ...]
    drifts: tuple[tuple[str, DriftResult | None, DriftResult | None], ...]
    """(adapter and target, left, right) of the drift's gap."""
    agreement: tuple[Agreement, ...]
    """Of two adapters; empty for two runs."""
    apart: tuple[str, ...]
    """Tasks on which two adapters got other prompts, or under another protocol: nothing is counted there."""


def word(entry: ClaimResult | Cell | None) -> str:
    """What is found, in words; a dash where nothing is."""
    if entry is None:
        return "-"
    return entry.words if isinstance(entry, ClaimResult) else entry.finding or entry.reason or ""


def compare(left: Side, right: Side) -> Comparison:
    """Read both sides."""
    agreement, apart = _agreement(left, right) if left.adapter and right.adapter else ((), ())
    return Comparison(
        left,
        right,
        tuple(_facts(left, right)),
        tuple(_lines(left, right)),
        tuple(_drifts(left, right)),
        agreement,
        apart,
    )


def _entries(side: Side) -> dict[tuple[str, str, str, str], ClaimResult | Cell]:
    """By adapter (empty where the side is one), metric, kind and what it is against."""
    result = side.opened.result
    elsewhere = (cell for cell in result.cells if cell.kind == "exploratory")
    everything: list[ClaimResult | Cell] = [*result.claims, *elsewhere]
    return {
        ("" if side.adapter else entry.adapter, entry.metric, _kind(entry), entry.against or ""): entry
        for entry in everything
        if side.adapter in ("", entry.adapter)
    }


def _kind(entry: ClaimResult | Cell) -> str:
    """Claims of a metric stand beside cells of it."""
    return "keeps" if entry.kind == "keeps" else "gains"


def _lines(left: Side, right: Side) -> Iterator[Line]:
    ours, theirs = _entries(left), _entries(right)
    for key in dict.fromkeys((*ours, *theirs)):
        yield Line(key[0], key[1], ours.get(key), theirs.get(key))


def _drifts(left: Side, right: Side) -> Iterator[tuple[str, DriftResult | None, DriftResult | None]]:
    def gaps(side: Side) -> dict[str, DriftResult]:
        return {
            f"{'' if side.adapter else f'{drift.adapter}, '}from {drift.target}": drift
            for drift in side.opened.result.drift
            if drift.variant == "gap"
            and drift.adapter
            and side.adapter in ("", drift.adapter)
            and not drift.against
        }

    ours, theirs = gaps(left), gaps(right)
    for name in dict.fromkeys((*ours, *theirs)):
        yield name, ours.get(name), theirs.get(name)


def _facts(left: Side, right: Side) -> Iterator[Fact]:
    """What the findings depend on, first what is read first."""
    for mine, other in zip(_subjects(left), _subjects(right), strict=False):
        yield Fact(mine[0], mine[1], other[1])
    tasks = dict.fromkeys((*left.opened.plan.tasks, *right.opened.plan.tasks))
    ours, theirs = _contents(left), _contents(right)
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
        "rule of words": [str(side.opened.result.rule) for side in (left, right)],
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


def _subject(opened: Opened, name: str) -> str:
    revision = next((each.revision for each in opened.plan.subjects if each.name == name), None)
    digest = opened.identities.get(name, {}).get("digest", "")
    return " ".join(filter(None, (name, f"revision {revision}" if revision else "", _short(digest))))


def _short(digest: str) -> str:
    return digest[:12] or "-"


def _contents(side: Side) -> dict[str, tuple[str, str]]:
    """Digests of protocol and prompts by task: of one adapter, or of the first subject that has the task."""
    with reading(side.opened.entry) as store:
        known = contents(store)
    held: dict[str, tuple[str, str]] = {}
    for (name, task), digests in known.items():
        if side.adapter in ("", name):
            held.setdefault(task, digests)
    return held


def _agreement(left: Side, right: Side) -> tuple[tuple[Agreement, ...], tuple[str, ...]]:
    ours, theirs = _contents(left), _contents(right)
    shared = [task for task in left.opened.plan.tasks if task in ours and task in theirs]
    alike = [task for task in shared if ours[task] == theirs[task]]
    counted = tuple(
        Agreement(task, len(pairs), sum(a > b for a, b in pairs), sum(b > a for a, b in pairs))
        for task in alike
        if (pairs := _pairs(_passed(left, task), _passed(right, task)))
    )
    return counted, tuple(task for task in shared if task not in alike)


def _passed(side: Side, task: str) -> Mapping[str, int]:
    with reading(side.opened.entry) as store:
        return passed(store, side.adapter, task, side.opened.plan.tasks[task].scorer)


def _pairs(left: Mapping[str, int], right: Mapping[str, int]) -> list[tuple[int, int]]:
    return [(value, right[key]) for key, value in left.items() if key in right]
