"""What stopping early saves and what it costs: real responses in random orders, and simulated studies.

    python benchmarks/early.py [--study studies/qwen3-4b-ifeval.yaml] [--orders 100] [--json FILE]

For each design and alpha, over all adapters of the study: the share of generations and of generated
characters used, with the base run to its adapters' furthest stop; how often the word is the full run's; and
how the others differ. Then the same where the truth is known. Figures and their reading: docs/explanation/early.md.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assay.stats import Design, HwangShihDeCani, OBrienFleming, Pocock
from early_data import Responses, read
from early_replay import WORDS, Floats, Rule, Stops, full_run, replay, stand_at_looks

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "studies" / "qwen3-4b-ifeval.yaml"
MARGIN, ALPHA = 0.05, 0.05
TRUTHS = ((0.0, 0.2), (0.05, 0.2), (0.10, 0.25), (-0.05, 0.2), (-0.10, 0.25))
HARMED, RISES = WORDS.index("harmed"), [WORDS.index(word) for word in ("gain", "trivial", "confirmed")]


def rules(pool: int) -> dict[str, Rule]:
    """Every design that is compared, by what is said of it; the first is the default."""
    default = Design(pool)
    never = replace(default, futility=0.0)
    return {
        "default": Rule(default),
        "default, stops at `no gain` too (for the gate)": Rule(default, for_gate=True),
        "HSD -4, no futility": Rule(never),
        "HSD -4, futility .10": Rule(replace(default, futility=0.10)),
        "HSD -4, no futility, every 16": Rule(replace(never, every=16)),
        "HSD -4, no futility, every 64": Rule(replace(never, every=64)),
        "HSD -3, futility .05": Rule(replace(default, spending=HwangShihDeCani(-3.0))),
        "HSD -2, futility .05": Rule(replace(default, spending=HwangShihDeCani(-2.0))),
        "HSD -1, futility .05": Rule(replace(default, spending=HwangShihDeCani(-1.0))),
        "O'Brien-Fleming, futility .05": Rule(replace(default, spending=OBrienFleming())),
        "O'Brien-Fleming, no futility, every 64": Rule(replace(never, spending=OBrienFleming(), every=64)),
        "Pocock, no futility": Rule(replace(never, spending=Pocock())),
        "betting, every 16": Rule(Design(pool, kind="betting", first=16, every=16)),
    }


def main() -> None:
    """Print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--study", type=Path, default=STUDY, help="a study of one base, recorded responses")
    parser.add_argument("--task", default="ifeval")
    parser.add_argument("--metric", default="prompt_strict", help="pass or fail")
    parser.add_argument("--weighted", default="instruction_strict", help="of several checks a prompt")
    parser.add_argument("--orders", type=int, default=100)
    parser.add_argument("--draws", type=int, default=2000, help="simulated studies for each truth")
    parser.add_argument("--json", type=Path, help="write the figures here")
    asked = parser.parse_args()
    os.environ.setdefault("NLTK_DATA", str((ROOT.parent / "shared" / "nltk_data").resolve()))
    responses = read(asked.study, asked.task, (asked.metric, asked.weighted))
    orders = np.array(
        [np.random.default_rng(seed).permutation(responses.pool) for seed in range(asked.orders)]
    )
    adapters = len(responses.of[asked.metric])
    real = [
        {"design": name, "alpha": alpha, **measured(responses, asked.metric, orders, rule, alpha)}
        for alpha in (ALPHA, ALPHA / adapters)
        for name, rule in rules(responses.pool).items()
    ]
    known = list(simulated(responses.pool, asked.draws))
    weighted = by_looks(responses, asked.weighted, orders[: max(1, asked.orders // 10)])
    checked = by_looks(responses, asked.metric, orders[: max(1, asked.orders // 10)])
    print(real_table(real), known_table(known), "", sep="\n")
    print(f"{asked.weighted}, default, alpha {ALPHA}:", weighted)
    print(
        f"{asked.metric} by `stand` itself:", checked, "(the replay's rows must say the same of these orders)"
    )
    if asked.json:
        figures = {"real": real, "known": known, "weighted": weighted, "by_stand": checked}
        asked.json.write_text(json.dumps(figures, indent=1) + "\n")


def measured(responses: Responses, metric: str, orders: Any, rule: Rule, alpha: float) -> dict[str, float]:
    """A row of the first table."""
    cells = responses.of[metric]
    stops = {name: replay(cell.differences[orders], rule, MARGIN, alpha) for name, cell in cells.items()}
    full = {name: full_run(cell.differences[None], MARGIN, alpha)[0] for name, cell in cells.items()}
    words = np.array([stops[name].words for name in cells])
    ends = np.array([full[name] for name in cells])[:, None]
    base = Stops(np.max([stop.n for stop in stops.values()], axis=0), words[0])
    subjects = {**stops, responses.base: base}
    used = {name: generated(responses.length[name], orders, stop) for name, stop in subjects.items()}
    early_harm, full_harm = words == HARMED, ends == HARMED
    early_rise, full_rise = np.isin(words, RISES), np.isin(ends, RISES)
    return {
        "adapter_generations": float(np.mean([stop.n.mean() for stop in stops.values()])) / responses.pool,
        "generations": float(np.mean([stop.n.mean() for stop in subjects.values()])) / responses.pool,
        "characters": sum(used.values()) / sum(float(responses.length[name].sum()) for name in subjects),
        "same_word": float((words == ends).mean()),
        "gain_for_harm_or_reverse": float(((early_rise & full_harm) | (early_harm & full_rise)).mean()),
        "harmed_early_only": float((early_harm & ~full_harm).mean()),
        "gain_early_only": float((early_rise & ~full_rise).mean()),
        "harmed_not_found": float((~early_harm & full_harm).mean()),
    }


def generated(length: Floats, orders: Any, stops: Stops) -> float:
    """Mean characters up to the stop."""
    return float(length[orders].cumsum(axis=1)[np.arange(len(orders)), stops.n - 1].mean())


def by_looks(responses: Responses, metric: str, orders: Any) -> dict[str, float]:
    """The default design on a metric through `Design.evidence` and `stand`, look by look."""
    design, shares, same = Design(responses.pool), [], []
    for cell in responses.of[metric].values():
        full = stand_at_looks(
            cell.differences, cell.weights, replace(design, first=design.pool), MARGIN, ALPHA
        )
        for order in orders:
            standing = stand_at_looks(cell.differences[order], cell.weights[order], design, MARGIN, ALPHA)
            shares.append(standing.n / design.pool)
            same.append(standing.verdict == full.verdict)
    pairs = {name: cell.differences[orders] for name, cell in responses.of[metric].items()}
    figures = {"adapter_generations": float(np.mean(shares)), "same_word": float(np.mean(same))}
    if all(np.isin(cell.weights, 1).all() for cell in responses.of[metric].values()):
        replayed = [replay(values, Rule(design), MARGIN, ALPHA).n.mean() for values in pairs.values()]
        figures["replayed_adapter_generations"] = float(np.mean(replayed)) / design.pool
    return figures


def simulated(pool: int, draws: int) -> Iterator[dict[str, Any]]:
    """Rows of the second table."""
    named = rules(pool)
    chosen = (
        "default",
        "HSD -4, no futility",
        "HSD -2, futility .05",
        "O'Brien-Fleming, no futility, every 64",
    )
    designs = {"full run": Rule(Design(pool, first=pool)), **{name: named[name] for name in chosen}}
    designs["betting, every 16"] = named["betting, every 16"]
    for gain, discordance in TRUTHS:
        shares = [(discordance + gain) / 2, (discordance - gain) / 2, 1 - discordance]
        orders = np.random.default_rng(9).choice([1.0, -1.0, 0.0], p=shares, size=(draws, pool))
        full = full_run(orders, MARGIN, ALPHA)
        for name, rule in designs.items():
            stops = replay(orders, rule, MARGIN, ALPHA)
            counts = Counter(WORDS[word] for word in stops.words)
            yield {
                "gain": gain,
                "discordance": discordance,
                "design": name,
                "generations": float(stops.n.mean()) / pool,
                "same_word": float((stops.words == full).mean()),
                "words": {word: count / draws for word, count in counts.most_common()},
            }


def real_table(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = [
        "| design | alpha | adapters' generations | all generations | characters | same word | gain <-> harmed "
        "| harmed, full run not | gain, full run not | harmed not found |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    shown = (
        "adapter_generations", "generations", "characters", "same_word", "gain_for_harm_or_reverse",
        "harmed_early_only", "gain_early_only", "harmed_not_found",
    )  # fmt: skip
    for row in rows:
        figures = " | ".join(f"{row[name]:.3f}" for name in shown)
        lines.append(f"| {row['design']} | {row['alpha']:.4f} | {figures} |")
    return "\n".join(lines) + "\n"


def known_table(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = ["| gain, discordance | design | generations | same word | words |", "|---|---|---|---|---|"]
    for row in rows:
        words = ", ".join(f"{word} {share:.3f}" for word, share in list(row["words"].items())[:4])
        lines.append(
            f"| {row['gain']:+.2f}, {row['discordance']} | {row['design']} | {row['generations']:.2f} "
            f"| {row['same_word']:.3f} | {words} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
