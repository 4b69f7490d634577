"""How often runs that stop early err at the boundaries: many independent runs by the rule that `assay plan` plays.

    python benchmarks/early_error.py [--clusters 1000] [--adapters 40] [--json FILE]

The adapters of a cluster share base and prompts, as in one run, so errors are counted over clusters. At a gain
of the margin `no gain`, `trivial` and `harmed` are false, and just below it `confirmed`; at none `gain`, `trivial` and
`confirmed` are, and just below or above it `harmed`. Each may be said of alpha of the claims. The last column is how often
four clusters alone would show .088 or more. Figures: docs/explanation/early.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assay import stats
from assay.planning.walks import Rule, play

POOL, MARGIN, ALPHA, ABLE = 541, 0.05, 0.05, 0.4
FALSE = {
    "at the margin: less": (MARGIN, ("no gain", "trivial", "harmed")),
    "at the margin: more": (MARGIN, ("confirmed",)),
    "at nothing: a rise": (0.0, ("gain", "trivial", "confirmed")),
    "at nothing: a fall": (0.0, ("harmed",)),
}


def main() -> None:
    """Print the errors of runs stopped early and in full."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--adapters", type=int, default=40, help="of each cluster")
    parser.add_argument("--discordance", type=float, nargs="+", default=[0.1, 0.2, 0.3])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows = [
        row
        for discordance in asked.discordance
        for row in measured(discordance, asked.clusters, asked.adapters)
    ]
    print(
        "discordance  false word            way    error    over clusters: s.e., s.d.   four clusters >= .088"
    )
    for row in rows:
        print(
            f"{row['discordance']:<13}{row['what']:22}{row['way']:7}{row['error']:.4f}   {row['standard_error']:.4f}, "
            f"{row['deviation']:.3f}{row['four_clusters']:20.3f}"
        )
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def measured(discordance: float, clusters: int, adapters: int) -> Iterator[dict[str, Any]]:
    """Rows of one discordance."""
    for gain in (MARGIN, 0.0):
        for way, design in {"early": stats.Design(POOL), "full": stats.Design(POOL, first=POOL)}.items():
            words = drawn(design, gain, discordance, clusters, adapters)
            for what, (at, wrong) in FALSE.items():
                if at == gain:
                    shares = np.isin(words, wrong).mean(axis=1)
                    fours = np.random.default_rng(6).choice(shares, size=(20_000, 4)).mean(axis=1)
                    yield {
                        "discordance": discordance,
                        "what": what,
                        "way": way,
                        "error": float(shares.mean()),
                        "standard_error": float(shares.std(ddof=1)) / clusters**0.5,
                        "deviation": float(shares.std(ddof=1)),
                        "four_clusters": float((fours >= 0.088 - 1e-9).mean()),
                    }


def drawn(design: stats.Design, gain: float, discordance: float, clusters: int, adapters: int) -> Any:
    """(clusters, adapters) verdicts; the base is right on a share of prompts, the adapter differs by chance."""
    rng = np.random.default_rng(5)
    steps = np.diff(design.looks, prepend=0)
    right = rng.binomial(steps, ABLE, size=(clusters, len(steps)))[:, None, :]
    shape = (clusters, adapters, len(steps))
    better = rng.binomial(steps - right, (discordance + gain) / 2 / (1 - ABLE), size=shape)
    worse = rng.binomial(right, (discordance - gain) / 2 / ABLE, size=shape)
    b, c = (side.reshape(-1, len(steps)).cumsum(axis=1) for side in (better, worse))
    return play(Rule(design, "gains", MARGIN, ALPHA), b, c).words.reshape(clusters, adapters)


if __name__ == "__main__":
    main()
