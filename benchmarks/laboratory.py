"""How often verdicts are right where the truth is known, and what they cost.

    python benchmarks/laboratory.py FOLDER                      # an hour or two of one core; stop it and go on at any time
    python benchmarks/laboratory.py FOLDER --truth 400          # a trial
    python benchmarks/laboratory.py FOLDER --known              # the populations of docs/explanation/laboratory.md, in a minute

The embedded base and its small world make the truth known: two adapters are trained and others mixed from them by
scaling what they add; their gain over the base is measured on `--truth` fresh prompts, which are the population.
What small studies of `--prompts` of those say is summed over every table that they can give, as prompts drawn
independently; nothing is simulated. Then the worst cases, which no adapter hits by itself: populations re-weighted so that their gain is exactly
0 or exactly the margin; and for every size of `SIZES` the largest error of each word over all discordances. FOLDER holds
everything; `laboratory.json` and `laboratory.md` hold the tables. Metrics of several checks: `weighted_error.py`.
Intervals over seeds and configurations: `interval_coverage.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.special import gammaln, xlogy

import assay
from assay.cli.progress import show_progress
from assay.records import Store
from assay.runs.tasks import resolve_tasks
from assay.stats.enumeration import first_rejected, rejection_probability, worst_error
from assay.study import Study
from assay.training import load_recipe, train

TASKS = ("problems", "lists", "passages")
MARGIN, ALPHA = 0.05, 0.05
TASK = "lists"
NAMES = ("lists-4", "lists-9+problems-100", "problems-100", "lists-10")
"""The adapters whose truth is measured: `lists-4` adds 4 % of what the trained `lists` adds. Chosen on 300 other
prompts, so that gains run from harm over none and the margin to far above."""
SIZES = (28, 40, 60, 100, 150, 200, 300, 541, 1319)
WORDS = ("undecided", "no gain", "gain", "trivial", "confirmed", "harmed")
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


KNOWN = (
    Population("lists-4", 963, 9, 20_000),
    Population("lists-9+problems-100", 340, 728, 20_000),
    Population("problems-100", 126, 1809, 20_000),
)


def main() -> None:
    """Make, measure, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--truth", type=int, default=20_000, help="fresh prompts that the truth is measured on"
    )
    parser.add_argument(
        "--known", action="store_true", help="take the populations that were measured for the docs"
    )
    parser.add_argument(
        "--prompts", type=int, nargs="+", default=[100, 300, 1000], help="prompts of a small study"
    )
    parser.add_argument("--part", type=int, choices=range(1, PARTS + 1), help="measure this part, and stop")
    parser.add_argument("--adapters", nargs="+", default=list(NAMES), choices=NAMES)
    given = parser.parse_args()
    populations = list(KNOWN)
    if not given.known:
        adapters = {name: path for name, path in made(given.folder).items() if name in given.adapters}
        parts = [
            measured(given.folder / "truth" / str(part), part, adapters, given.truth // PARTS)
            for part in ([given.part] if given.part else range(1, PARTS + 1))
        ]
        if given.part:
            return
        populations = [Population.of(found) for found in zip(*parts, strict=True)]
    rows = [
        judged(truth, size)
        for found in sorted(populations, key=lambda it: it.gain)
        for truth in (found, *(found.weighted(gain) for gain in (0.0, MARGIN)))
        for size in given.prompts
    ]
    errors = worst_errors()
    text = table(rows, errors)
    given.folder.mkdir(parents=True, exist_ok=True)
    found = {"studies": rows, "errors": errors}
    (given.folder / "laboratory.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
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


ERRORS: dict[str, tuple[Callable[[float], bool], set[str]]] = {
    "gain claimed, none there": (lambda gain: gain <= 0, {"confirmed", "gain", "trivial"}),
    "no gain, margin reached": (lambda gain: gain >= MARGIN, {"no gain", "trivial"}),
    "harmed, no harm there": (lambda gain: gain >= 0, {"harmed"}),
    "confirmed, below the margin": (lambda gain: gain < MARGIN, {"confirmed"}),
}
"""Wrong verdicts: for which truths, and which words."""


@cache
def words_of(size: int) -> NDArray[np.int8]:
    """(size + 1, size + 1) index into `WORDS` of every table (b, c); -1 where b + c is too many."""
    rises, reaches = (first_rejected(size, null, ALPHA) for null in (0.0, MARGIN))
    falls, misses = (first_rejected(size, -null, ALPHA) for null in (0.0, MARGIN))
    b, c = np.indices((size + 1, size + 1))
    rise, reach = b >= rises[c], b >= reaches[c]
    fall, miss = c >= falls[b], c >= misses[b]
    found = np.select(
        [b + c > size, fall, reach, miss & rise, miss, rise],
        [-1, *(WORDS.index(word) for word in ("harmed", "confirmed", "trivial", "no gain", "gain"))],
        default=WORDS.index("undecided"),
    )
    return found.astype(np.int8)


def chances(size: int, rise: float, fall: float) -> NDArray[np.float64]:
    """(size + 1, size + 1) of every table (b, c)."""
    b, c = np.indices((size + 1, size + 1))
    rest = np.maximum(size - b - c, 0)
    log = gammaln(size + 1) - gammaln(b + 1) - gammaln(c + 1) - gammaln(rest + 1)
    log += xlogy(b, rise) + xlogy(c, fall) + xlogy(rest, 1 - rise - fall)
    return np.where(b + c <= size, np.exp(log), 0.0)


def judged(truth: Population, size: int) -> dict[str, Any]:
    """What small studies say, and how often they are wrong."""
    p = chances(size, truth.wins / truth.prompts, truth.losses / truth.prompts)
    of = words_of(size)
    words = {word: float(p[of == index].sum()) for index, word in enumerate(WORDS)}
    beyond = [
        float(rejection_probability(first_rejected(size, gain, ALPHA), gain, truth.differ)[0])
        for gain in (truth.gain, -truth.gain)
    ]
    return {
        **asdict(truth),
        "gain": truth.gain,
        "differ": truth.differ,
        "size": size,
        "verdicts": {word: share for word, share in words.items() if share >= 5e-5},
        "wrong": {
            name: sum(words[word] for word in false)
            for name, (applies, false) in ERRORS.items()
            if applies(truth.gain)
        },
        "covered": 1 - sum(beyond),
    }


def worst_errors() -> list[dict[str, Any]]:
    """The largest error of every word at every size, margin and alpha."""
    nulls = {"a rise, harmed": 0.0}
    for margin in (0.02, 0.05, 0.10):
        nulls[f"confirmed, material at {margin:.2f}"] = margin
        nulls[f"no gain, trivial, kept at {margin:.2f}"] = -margin
    return [
        {"alpha": alpha, "word": word, "n": n, "error": error, "discordance": discordance}
        for alpha in (0.05, 0.05 / 16, 0.0005)
        for word, null in nulls.items()
        for n in SIZES
        for error, discordance in [worst_error(first_rejected(n, null, alpha), null)]
    ]


def table(rows: list[dict[str, Any]], errors: list[dict[str, Any]]) -> str:
    """Markdown of both."""
    head = (
        "| adapter | true gain | differ | prompts | verdicts, % of studies | wrong, % | interval holds the truth, % |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    body = "".join(
        f"| {row['adapter']} | {100 * row['gain']:+.2f}{'' if row['exactly'] is None else ' exactly'} | "
        f"{row['differ']:.3f} | {row['size']:,} | "
        + ", ".join(f"{word} {100 * share:.1f}" for word, share in row["verdicts"].items())
        + " | "
        + "; ".join(f"{name} {100 * share:.2f}" for name, share in row["wrong"].items())
        + f" | {100 * row['covered']:.1f} |\n"
        for row in rows
    )
    for alpha in dict.fromkeys(row["alpha"] for row in errors):
        body += f"\n| word, alpha {alpha:.5f} | " + " | ".join(f"{n:,}" for n in SIZES) + " |\n"
        body += "|---" * (len(SIZES) + 1) + "|\n"
        for word in dict.fromkeys(row["word"] for row in errors):
            cells = [
                f"{row['error'] / alpha:.3f}"
                for row in errors
                if row["alpha"] == alpha and row["word"] == word
            ]
            body += f"| {word} | " + " | ".join(cells) + " |\n"
    return head + body


if __name__ == "__main__":
    main()
