"""How often words about weighted metrics are wrong where the gain is exactly a null: 20,000 studies a design.

What comes out above .052 is drawn again, 100,000 other studies, which replace the first.

    python benchmarks/weighted_error.py instructions --json instructions.json
    python benchmarks/weighted_error.py samples clusters

`instructions`: prompts with one to three checks; those that move move all their checks, one, or any number, or heavy
prompts move more often. `samples`: means of four samples a prompt, and judged means. `clusters`: as many clusters as
prompts or a fifth of that, of sizes whose logarithm has a standard deviation of 0 to 1.2, a third of which move as one. For every null
two one-sided tests of the shipped p-values: `above` is a rise, `confirmed` or (null below 0) `kept`; `below` is
`harmed`, `no gain` or `trivial`. Nulls below 0 are the mirror image.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.likelihood import p_above

Floats = NDArray[np.float64]
Studies = tuple[Floats, Floats, Floats | None]
"""Differences, weights, and how many prompts each stands for."""

ALPHA = 0.05
PROMPTS = (100, 300, 541, 1319)
DISCORDANCES = (0.05, 0.1, 0.2, 0.3)
NULLS = (0.0, 0.05)
LISTED = 0.052
CHUNK = 200_000
"""Values at once."""
CHECKS = np.array([1.0, 2.0, 3.0])
SHARES = np.array([0.55, 0.35, 0.10])


@dataclass(frozen=True, slots=True)
class Design:
    """Studies of one kind."""

    family: str
    n: int
    discordance: float
    null: float
    settings: dict[str, Any] = field(default_factory=dict)

    def drawn(self, generator: np.random.Generator, studies: int) -> Studies | None:
        """So many studies; None where so few prompts cannot move the gain so far."""
        return FAMILIES[self.family](self, generator, studies)


def instructions(design: Design, generator: np.random.Generator, studies: int) -> Studies | None:
    """Counts of prompts by (checks, difference)."""
    kind, cells = design.settings["moves"], []
    for checks, share in zip(CHECKS, SHARES, strict=True):
        sizes = {"all": [checks], "one": [1.0]}.get(kind, np.arange(1, checks + 1))
        often = checks / float(CHECKS @ SHARES) if kind == "heavy" else 1.0
        cells += [(checks, size if kind != "heavy" else checks, share * often / len(sizes)) for size in sizes]
    moved = sum(size * share for _, size, share in cells) / float(CHECKS @ SHARES)
    ways = directions(design, moved)
    if ways is None:
        return None
    up, down = ways
    d = [size for _, size, _ in cells] + [-size for _, size, _ in cells] + [0.0] * len(CHECKS)
    m = [checks for checks, _, _ in cells] * 2 + list(CHECKS)
    shares = [share * up for _, _, share in cells] + [share * down for _, _, share in cells]
    shares += [
        share - sum(part * (up + down) for of, _, part in cells if of == checks)
        for checks, share in zip(CHECKS, SHARES, strict=True)
    ]
    counts = generator.multinomial(design.n, shares, studies).astype(np.float64)
    return tiled(d, studies), tiled(m, studies), counts


def tiled(values: Any, studies: int) -> Floats:
    """The same cells for every study."""
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (studies, len(values)))


def directions(design: Design, moved: float) -> tuple[float, float] | None:
    """Shares that rise and fall, where one that moves moves the gain by `moved` prompts."""
    net = design.null / moved
    if abs(net) > design.discordance:
        return None
    return (design.discordance + net) / 2, (design.discordance - net) / 2


def samples(design: Design, generator: np.random.Generator, studies: int) -> Studies | None:
    """Prompts whose mean moves by any number of `steps`."""
    steps = design.settings["steps"]
    ways = directions(design, (steps + 1) / 2 / steps)
    if ways is None:
        return None
    sizes = np.arange(1, steps + 1) / steps
    d = [*sizes, *-sizes, 0.0]
    shares = [ways[0] / steps] * steps + [ways[1] / steps] * steps + [1 - sum(ways)]
    counts = generator.multinomial(design.n, shares, studies).astype(np.float64)
    return tiled(d, studies), np.ones((studies, len(d))), counts


def clusters(design: Design, generator: np.random.Generator, studies: int) -> Studies | None:
    """Clusters of about five prompts, log-normal sizes; a third move as one, in the others each prompt for itself."""
    ways = directions(design, 1.0)
    if ways is None:
        return None
    (up, down), sd = ways, design.settings["sd"]
    shape = studies, design.n // design.settings["shared"]
    sizes = np.maximum(1, np.round(generator.lognormal(np.log(5) - sd**2 / 2, sd, shape)))
    of_one = generator.choice([1.0, -1.0, 0.0], shape, p=[up, down, 1 - up - down]) * sizes
    rise = generator.binomial(sizes.astype(np.int64), up)
    fall = generator.binomial(sizes.astype(np.int64) - rise, down / (1 - up))
    return np.where(generator.random(shape) < 1 / 3, of_one, rise - fall), sizes, None


FAMILIES: dict[str, Callable[[Design, np.random.Generator, int], Studies | None]] = {
    "instructions": instructions,
    "samples": samples,
    "clusters": clusters,
}
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "instructions": [{"moves": moves} for moves in ("all", "any", "one", "heavy")],
    "samples": [{"steps": steps} for steps in (4, 20)],
    "clusters": [{"sd": sd, "shared": shared} for sd in (0.0, 0.7, 1.2) for shared in (1, 5)],
}


def designs(families: list[str], prompts: tuple[int, ...]) -> Iterator[Design]:
    """Every combination."""
    for family in families:
        for settings in SETTINGS[family]:
            for n in prompts:
                for discordance in DISCORDANCES:
                    for null in NULLS:
                        yield Design(family, n, discordance, null, settings)


def errors(design: Design, studies: int, generator: np.random.Generator) -> dict[str, Any] | None:
    """Shares of studies that reject a null that is true."""
    done, above, below = 0, 0, 0
    while done < studies:
        batch = design.drawn(generator, min(studies - done, max(20, CHUNK // design.n)))
        if batch is None:
            return None
        d, m, counts = batch
        above += int((p_above(d, m, design.null, counts) <= ALPHA).sum())
        below += int((p_above(-d, m, -design.null, counts) <= ALPHA).sum())
        done += len(d)
    return {
        "family": design.family,
        **design.settings,
        "n": design.n,
        "discordance": design.discordance,
        "null": design.null,
        "above": above / done,
        "below": below / done,
    }


def main() -> None:
    """Every design of the families."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--prompts", type=int, nargs="+", default=PROMPTS)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = []
    for number, design in enumerate(designs(given.families, tuple(given.prompts))):
        row = errors(design, given.studies, np.random.default_rng([number, design.n]))
        if row is not None:
            if max(row["above"], row["below"]) > LISTED:
                row = errors(design, 5 * given.studies, np.random.default_rng([number, design.n, 1])) or row
            rows.append(row)
            mark = " *" if max(row["above"], row["below"]) > LISTED else ""
            sys.stdout.write(" ".join(f"{name} {value}" for name, value in row.items()) + mark + "\n")
            sys.stdout.flush()
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
