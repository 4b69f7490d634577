"""Runs as rows of a registry, without a run."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Any

from assay.registry.entries import RunRows
from assay.stats import Verdict
from assay.verdicts.rule import RULE

__all__ = ["NOW", "rows", "verdict"]

NOW = 1_800_000_000.0
DAY = 86400.0
DIGESTS = (
    *("evidence_sha256", "adapter_sha256", "weights_sha256", "config_sha256", "base_sha256"),
    *("tokenizer_sha256", "template_sha256", "prompts_sha256"),
)


def verdict(**fields: Any) -> dict[str, Any]:
    """The row of a verdict."""
    word = Verdict(fields.get("verdict", "confirmed"))
    row: dict[str, Any] = {
        "adapter": "a",
        "base": "base",
        "label": "numeric",
        "metric": "math.numeric_match",
        "kind": "gains",
        "against": "",
        "margin": 0.05,
        "verdict": str(word),
        "words": str(word),
        "tone": word.tone,
        "reason": "",
        "control": False,
        "n": 400,
        "gain": 0.1,
        "low": 0.06,
        "high": 0.14,
        "level": 0.9,
        "alpha": 0.05,
        "drift": None,
        "drift_low": None,
        "drift_high": None,
        "gate": "pass",
        "p_fails": 1.0,
        "p_holds": 1.0,
        "measured": NOW,
        "rule": RULE,
        "verifier": "numeric/1",
        "engine": "torch, float32",
        **{name: _digest(f"{name} {fields.get('adapter')}") for name in DIGESTS},
    }
    return row | fields


def run(key: str, *verdicts: dict[str, Any], **fields: Any) -> RunRows:
    """A run with these verdicts."""
    digests = {
        name: _digest(f"{name} {key}") for name in ("claims_sha256", "policy_sha256", "settings_sha256")
    }
    row = {"key": _digest(key), "study": key, "host": "here", "folder": f"/runs/{key}", "added": NOW}
    return RunRows({**row, "version": "0.1.0", **digests, **fields}, verdicts)


def rows(runs: int, adapters: int, seed: int = 0) -> Iterator[RunRows]:
    """So many runs of so many adapters each, every adapter with one claim; each tenth run repeats an earlier one's adapters."""
    generator = random.Random(seed)  # noqa: S311 - of test data
    words = list(Verdict)
    for number in range(runs):
        team = number - 5 if number % 10 == 9 else number
        verdicts = []
        for place in range(adapters):
            gain = generator.gauss(0.03, 0.08)
            low_p = generator.random() < 0.5
            verdicts.append(
                verdict(
                    adapter=f"team{team}-adapter{place}",
                    base=f"base-{team % 6}",
                    label=("numeric", "instruction", "code")[place % 3],
                    verdict=generator.choice(words),
                    gain=gain,
                    low=gain - 0.05,
                    high=gain + 0.05,
                    p_holds=10 ** -generator.uniform(2, 9) if low_p else 1.0,
                    measured=NOW - DAY * (runs - number) * 0.2,
                )
            )
        yield run(f"run{number}", *verdicts)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
