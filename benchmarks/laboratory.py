"""How often verdicts are right where the truth is known, and what they cost.

    python benchmarks/laboratory.py FOLDER                      # an hour or two of one core; stop it and go on at any time
    python benchmarks/laboratory.py FOLDER --truth 400          # a trial

The embedded base and its small world make the truth known: two adapters are trained and others mixed from them by
scaling what they add; their gain over the base is measured on `--truth` fresh prompts, which are the population.
Small studies draw `--prompts` of those at random, without replacement within a study, and are judged as `assay run`
judges. Then the worst cases, which no adapter hits by itself: populations re-weighted so that their gain is exactly
0 or exactly the margin, from which prompts come independently. FOLDER holds everything; `laboratory.json` and
`laboratory.md` hold the tables.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.stats import binomtest

import assay
from assay import stats
from assay.cli.progress import show_progress
from assay.records import Store
from assay.runs.tasks import resolve_tasks
from assay.study import Study
from assay.training import load_recipe, train

TASKS = ("problems", "lists", "passages")
MARGIN, ALPHA = 0.05, 0.05
TASK = "lists"
NAMES = ("lists-4", "lists-9+problems-100", "problems-100", "lists-10")
"""The adapters whose truth is measured: `lists-4` adds 4 % of what the trained `lists` adds. Chosen on 300 other
prompts, so that gains run from harm over none and the margin to far above."""
PARTS = 2
"""Of the population, each drawn by a seed of its own; processes can share them out by `--part`."""
RECIPE = """name: laboratory
base: {name: base, model: embedded, dtype: float32}
adapters:
  - recipe: problems
    label: numeric
    seeds: [1]
    data: {world: problems, count: 1500}
    settings: {rank: 8, alpha: 16, learning_rate: 2e-3, steps: 90, batch: 16, max_length: 256}
  - recipe: lists
    label: lists
    seeds: [1]
    data: {world: lists, count: 1500}
    settings: {rank: 8, alpha: 16, learning_rate: 2e-3, steps: 90, batch: 16, max_length: 256}
tasks:
  - {task: world-problems, name: problems}
  - {task: world-lists, name: lists}
claims: {numeric: [problems.numeric_match], lists: [lists.exact_match]}
"""


@dataclass(frozen=True, slots=True)
class Population:
    """An adapter on the task, and the truth about it."""

    adapter: str
    wins: float
    """Prompts that the adapter alone has right."""
    losses: float
    """Prompts that the base alone has right."""
    prompts: int
    exactly: float | None = None
    """The gain to which wins and losses were re-weighted."""

    @classmethod
    def of(cls, parts: tuple[Population, ...]) -> Population:
        """Parts of one population together."""
        return cls(
            parts[0].adapter,
            *(sum(getattr(part, name) for part in parts) for name in ("wins", "losses", "prompts")),
        )

    @property
    def gain(self) -> float:
        """The truth."""
        return (self.wins - self.losses) / self.prompts if self.exactly is None else self.exactly

    @property
    def differ(self) -> float:
        """Share of prompts on which adapter and base differ."""
        return (self.wins + self.losses) / self.prompts

    def weighted(self, gain: float) -> Population:
        """As many prompts that differ (or just enough), with wins and losses in the proportion of this gain."""
        differ = max(self.differ, gain) * self.prompts
        shift = gain * self.prompts
        return Population(self.adapter, (differ + shift) / 2, (differ - shift) / 2, self.prompts, gain)

    def drawn(self, size: int, studies: int, generator: np.random.Generator) -> Any:
        """Wins, losses and ties of so many studies."""
        counts = [self.wins, self.losses, self.prompts - self.wins - self.losses]
        if self.exactly is None:
            return generator.multivariate_hypergeometric([int(count) for count in counts], size, studies)
        return generator.multinomial(size, [count / self.prompts for count in counts], studies)


def main() -> None:
    """Make, look, measure, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--truth", type=int, default=20_000, help="fresh prompts that the truth is measured on"
    )
    parser.add_argument("--studies", type=int, default=2000, help="small studies of each truth and size")
    parser.add_argument(
        "--prompts", type=int, nargs="+", default=[100, 300, 1000], help="prompts of a small study"
    )
    parser.add_argument("--part", type=int, choices=range(1, PARTS + 1), help="measure this part, and stop")
    parser.add_argument("--adapters", nargs="+", default=list(NAMES), choices=NAMES)
    given = parser.parse_args()
    adapters = {name: path for name, path in made(given.folder).items() if name in given.adapters}
    parts = [
        measured(given.folder / "truth" / str(part), part, adapters, given.truth // PARTS)
        for part in ([given.part] if given.part else range(1, PARTS + 1))
    ]
    if given.part:
        return
    generator = np.random.default_rng(0)
    populations = sorted((Population.of(found) for found in zip(*parts, strict=True)), key=lambda it: it.gain)
    rows = [
        judged(truth, size, given.studies, generator)
        for found in populations
        for truth in (found, *(found.weighted(gain) for gain in (0.0, MARGIN)))
        for size in given.prompts
    ]
    text = table(rows)
    (given.folder / "laboratory.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    (given.folder / "laboratory.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def made(folder: Path) -> dict[str, Path]:
    """Two trained adapters, and what is mixed from them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    recipe = load_recipe(folder / "recipe.yaml")
    with show_progress() as progress:
        trained = train(recipe, folder / "trained", progress)
    parts = {adapter.manifest.recipe: adapter.folder for adapter in trained.adapters}
    return {name: mixed(name, parts, folder / "mixed" / name) for name in NAMES}


def mixed(name: str, parts: dict[str, Path], out: Path) -> Path:
    """`lists-5+problems-60` adds 5 % of what `lists` adds and 60 % of what `problems` adds: ranks side by side."""
    out.mkdir(parents=True, exist_ok=True)
    wanted = [(parts[part.split("-")[0]], int(part.split("-")[1]) / 100) for part in name.split("+")]
    weights = [load_file(source / "adapter_model.safetensors") for source, _ in wanted]
    joined = {
        key: np.concatenate([one[key] for one in weights], axis=0)
        if "lora_A" in key
        else np.concatenate(
            [one[key] * np.float32(share) for one, (_, share) in zip(weights, wanted, strict=True)], axis=1
        )
        for key in weights[0]
    }
    save_file(joined, out / "adapter_model.safetensors", {"format": "pt"})
    config = json.loads((wanted[0][0] / "adapter_config.json").read_text(encoding="utf-8"))
    config |= {"r": config["r"] * len(wanted), "lora_alpha": config["lora_alpha"] * len(wanted)}
    (out / "adapter_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return out


def measured(folder: Path, part: int, adapters: dict[str, Path], prompts: int) -> list[Population]:
    """Each adapter against the base on so many prompts; one adapter after another, so that a stop loses one."""
    found: list[Population] = []
    for last in range(1, len(adapters) + 1):
        study = asked(folder, part, dict(list(adapters.items())[:last]), prompts)
        with show_progress() as progress:
            assay.run(study, folder, progress)
        (entry,) = resolve_tasks(study).values()
        name = list(adapters)[last - 1]
        with Store.read(folder) as store:
            base, scores = (store.scores(who, TASK, entry.scorer) for who in ("base", name))
        if base is None or scores is None:
            raise SystemExit(f"{folder}: {name} was not measured; its report says why")
        differences = scores.passed[:, 0, 0].astype(int) - base.passed[:, 0, 0].astype(int)
        found.append(
            Population(name, int((differences > 0).sum()), int((differences < 0).sum()), len(differences))
        )
    return found


def asked(folder: Path, part: int, adapters: dict[str, Path], prompts: int) -> Study:
    """The study of these adapters on so many prompts that no training and no pilot saw."""
    return Study.from_dict(
        {
            "name": f"{TASK}-{prompts}-{part}",
            "bases": [{"name": "base", "model": "embedded"}],
            "adapters": [
                {"name": name, "label": "any", "path": str(path.absolute())}
                for name, path in adapters.items()
            ],
            "tasks": [{"task": f"world-{TASK}", "name": TASK, "limit": prompts, "seed": part}],
            "claims": {"any": [f"{TASK}.exact_match"]},
            "engine": {"name": "torch", "dtype": "float32"},
        },
        folder,
    )


@cache
def verdict(wins: int, losses: int, size: int) -> tuple[str, float, float]:
    """The word and the interval, as in a study."""
    found = stats.judge(stats.PairedGain(wins, losses, size), "gains", MARGIN, ALPHA)
    return found.verdict, found.low, found.high


ERRORS: dict[str, tuple[Callable[[float], bool], set[str]]] = {
    "gain claimed, none there": (lambda gain: gain <= 0, {"confirmed", "gain", "trivial"}),
    "no gain, margin reached": (lambda gain: gain >= MARGIN, {"no gain", "trivial"}),
    "harmed, no harm there": (lambda gain: gain >= 0, {"harmed"}),
    "confirmed, below the margin": (lambda gain: gain < MARGIN, {"confirmed"}),
}
"""Wrong verdicts: for which truths, and which words."""


def judged(truth: Population, size: int, studies: int, generator: np.random.Generator) -> dict[str, Any]:
    """What so many small studies say, and how often they are wrong."""
    found = [
        verdict(int(wins), int(losses), size) for wins, losses, _ in truth.drawn(size, studies, generator)
    ]
    words = Counter(word for word, _, _ in found)
    wrong = {
        name: sum(words[word] for word in said)
        for name, (applies, said) in ERRORS.items()
        if applies(truth.gain)
    }
    return {
        **asdict(truth),
        "gain": truth.gain,
        "differ": truth.differ,
        "size": size,
        "studies": studies,
        "verdicts": dict(words.most_common()),
        "wrong": wrong,
        "p": {name: binomtest(count, studies, ALPHA, "greater").pvalue for name, count in wrong.items()},
        "covered": sum(low <= truth.gain <= high for _, low, high in found) / studies,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: p is the chance of so many wrong verdicts, or more, if their rate were alpha."""
    head = (
        "| adapter | true gain | differ | prompts | verdicts, % of studies | wrong, % (p) | interval holds the truth, % |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(
        f"| {row['adapter']} | {100 * row['gain']:+.2f}{'' if row['exactly'] is None else ' exactly'} | "
        f"{row['differ']:.3f} | {row['size']:,} | "
        + ", ".join(f"{word} {100 * count / row['studies']:.1f}" for word, count in row["verdicts"].items())
        + " | "
        + (
            "; ".join(
                f"{name} {100 * count / row['studies']:.1f} ({row['p'][name]:.2g})"
                for name, count in row["wrong"].items()
            )
        )
        + f" | {100 * row['covered']:.1f} |\n"
        for row in rows
    )


if __name__ == "__main__":
    main()
