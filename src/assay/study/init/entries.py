"""Names, labels and recipes of the adapters of a draft. It reads no file."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assay.adapter_folders import CONFIG
from assay.study.init.adapters import FoundAdapter
from assay.study.names import ModelName, fit_name

__all__ = ["UNKNOWN", "Entry", "make_entries"]

UNKNOWN = "unknown"
_HINTS = {
    # What is about numbers is often made of instructions as well: it comes first.
    "numeric": r"gsm8?k|math\w*|\w*math|arithmetic|numeric|numina\w*|svamp|aqua|mawps|calculation",
    "instruction": r"instruct\w*|\w*instruct|instructions?|alpaca\w*|dolly\w*|ultrachat\w*|sharegpt|oasst\d*|"
    r"openassistant|chat|assistant|flan|tulu|wizardlm|dialog\w*|ifeval|helpful\w*",
}
_SEED = re.compile(r"(?:(?P<recipe>.+)[-_. ])?(?:seed|s)[-_. ]?(?P<seed>\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """An adapter as the study will list it."""

    name: str
    label: str
    guess: str
    """The source of the guessed label; empty where it was given."""
    recipe: str
    """Empty where the study needs none."""
    seed: int | None
    step: int | None
    """Of a checkpoint."""
    settings: Mapping[str, str | int | float | bool]
    note: str = ""
    """What to review."""


def make_entries(
    adapters: Sequence[FoundAdapter], base: ModelName, label: str | None
) -> tuple[list[Entry], list[str]]:
    """An entry for each adapter, in order, and what to review before the study is run."""
    trainings = _trainings(adapters, base.name)
    stepped = {adapter.training for adapter in adapters if adapter.step is not None}
    entries = []
    for adapter, name in zip(adapters, _names(adapters, trainings, base.name), strict=True):
        entry = _entry(adapter, name, base, label)
        recipe, seed = _recipe(trainings[adapter.training], adapter.training in stepped)
        entries.append(replace(entry, recipe=recipe, seed=seed))
    entries, disagreements = _recipes(entries)
    warnings = [f"{entry.name}: {entry.note}" for entry in entries if entry.note]
    if unknown := [entry.name for entry in entries if entry.label == UNKNOWN and entry.guess]:
        warnings.append(
            f"{', '.join(unknown)}: no hint at its label; write what the training aimed at, "
            f"{' or '.join(sorted(_HINTS))}, or give --label"
        )
    for training in sorted(stepped):
        count = sum(adapter.training == training and adapter.step is not None for adapter in adapters)
        text = "each costs as much as an adapter of its own; remove those that you do not need"
        warnings.append(f"{trainings[training]}: {count} checkpoints are listed as steps of one seed: {text}")
    return entries, [*warnings, *disagreements]


def _trainings(adapters: Sequence[FoundAdapter], base: str) -> dict[tuple[str, ...], str]:
    """A name for each training: the folder's, with its parent's before it where needed."""
    distinct = list(dict.fromkeys(adapter.training for adapter in adapters))
    count = Counter([*(parts[-1] for parts in distinct), base])
    return {
        parts: "-".join(parts[-2:]) if count[parts[-1]] > 1 or _is_seed(parts[-1]) else parts[-1]
        for parts in distinct
    }


def _names(
    adapters: Sequence[FoundAdapter], trainings: Mapping[tuple[str, ...], str], base: str
) -> list[str]:
    """A unique name for each adapter: its training's, with a checkpoint's behind it."""
    taken = {base}
    unique = []
    for adapter in adapters:
        training = trainings[adapter.training]
        name = fit_name(training if adapter.step is None else f"{training}-{adapter.parts[-1]}", "adapter")
        number, fresh = 1, name
        while fresh in taken:
            number += 1
            fresh = f"{name}-{number}"
        taken.add(fresh)
        unique.append(fresh)
    return unique


def _is_seed(name: str) -> bool:
    match = _SEED.fullmatch(name)
    return match is not None and match["recipe"] is None


def _entry(adapter: FoundAdapter, name: str, base: ModelName, label: str | None) -> Entry:
    given, guess = (label, "") if label else _guess(adapter, name)
    settings, note = _settings(adapter.config), _base_note(adapter, base)
    return Entry(name, given, guess, "", None, adapter.step, settings, note)


def _recipe(training: str, stepped: bool) -> tuple[str, int | None]:
    """Recipe and seed by a training's name; its checkpoints and their result share a recipe without a seed in it, too."""
    if match := _SEED.fullmatch(training):
        return (match["recipe"] or "").strip(), int(match["seed"])
    return (fit_name(training, "adapter") if stepped else ""), None


def _guess(adapter: FoundAdapter, name: str) -> tuple[str, str]:
    """A label, and the source of the hint."""
    sources = (
        ("name", (name, *adapter.parts[1:])),
        ("model card's datasets", adapter.datasets),
        ("model card's tags", adapter.tags),
    )
    for source, texts in sources:
        for label, hints in _HINTS.items():
            for text in texts:
                words = re.split(r"[^a-z0-9]+", text.lower())
                if hit := next((word for word in words if re.fullmatch(hints, word)), None):
                    return label, f"its {source} ({hit})"
    return UNKNOWN, "nothing"


def _settings(config: Mapping[str, object]) -> dict[str, str | int | float | bool]:
    """The settings of the configuration that vary between recipes."""
    settings: dict[str, str | int | float | bool] = {}
    for key, field in (("rank", "r"), ("alpha", "lora_alpha")):
        value = config.get(field)
        if isinstance(value, int | float) and not isinstance(value, bool):
            settings[key] = value
    modules = config.get("target_modules")
    if isinstance(modules, list) and modules:
        settings["modules"] = ", ".join(sorted(map(str, modules)))
    elif isinstance(modules, str) and modules:
        settings["modules"] = modules
    settings |= {key: True for key in ("rslora", "dora") if config.get(f"use_{key}") is True}
    kind = config.get("peft_type")
    if isinstance(kind, str) and kind.upper() != "LORA":
        settings["type"] = kind
    return settings


def _base_note(adapter: FoundAdapter, base: ModelName) -> str:
    """A note where the configuration names another base; a folder and a hub id with the same last part count as equal."""
    named = adapter.config.get("base_model_name_or_path")
    if not isinstance(named, str) or not named.strip("/ "):
        return ""
    last = re.split(r"[/\\]", named.strip().rstrip("/\\"))[-1]
    if last.lower() == base.name.lower():
        return ""
    return f"its {CONFIG} names the base {named}, not {base.text}: is it an adapter of this base?"


def _recipes(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """The entries, with common recipes kept only where adapters differ by nothing but the seed."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.recipe].append(entry)
    warnings, apart = [], set()
    for recipe, group in groups.items():
        if recipe and (why := next(_disagreements(group), "")):
            apart |= {entry.name for entry in group}
            warnings.append(
                f"{', '.join(entry.name for entry in group)}: no common recipe: they differ in {why}"
            )
    kept = {recipe for recipe, group in groups.items() if recipe and group[0].name not in apart}
    return [
        _alone(entry, kept) if entry.name in apart or not entry.recipe else entry for entry in entries
    ], warnings


def _disagreements(group: Sequence[Entry]) -> Iterator[str]:
    first = group[0]
    if any(entry.label != first.label for entry in group):
        yield "label"
    for key in dict.fromkeys(key for entry in group for key in entry.settings):
        if any(entry.settings.get(key) != first.settings.get(key) for entry in group):
            yield key
    if len({(entry.seed, entry.step) for entry in group}) < len(group):
        yield "name only, not in seed"


def _alone(entry: Entry, recipes: set[str]) -> Entry:
    """A recipe of its own: by default its name, unless others have that as their recipe."""
    return replace(entry, recipe=f"{entry.name}-alone" if entry.name in recipes else "")
