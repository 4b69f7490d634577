"""Conversations of three turns against three single-turn tasks of the same lengths: responses and tokens per second.

    python benchmarks/turns.py [--conversations 600] [--max-tokens 64] [--rounds 3] [--model FOLDER] [--json FILE]

The engine `torch` answers N conversations, where a turn enters the batch once the turn before has its answer, and then
the same 3 N prompts, texts and limits and so responses too, as prompts that are all known from the start. Both are measured
in turn in one process, with one loaded base; the ratio is that of the times of all rounds. Where there are fewer conversations
than rows in a batch (256), turns keep fewer rows busy than prompts that are all known.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assay.demo.synthetic import WorldInstructions
from assay.embedded import folder
from assay.engines import Completion, ModelRef, Prompt, Session
from assay.engines.preflight import Preflight
from assay.engines.torch import preflight
from assay.plan import EngineSettings

TURNS = 3


def main() -> None:
    """Measure both, and print what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=int, default=600)
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", type=Path, help="a base with a chat template; by default the embedded one")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    looked = preflight(EngineSettings(dtype="float32"), ModelRef("base", given.model or folder()), [])
    said = [example.prompt for example in WorldInstructions().draw(TURNS * given.conversations, 0)]
    openings = [
        opening(looked, said[place :: given.conversations], str(place), given.max_tokens)
        for place in range(given.conversations)
    ]
    with looked.load() as session:
        list(session.complete(openings[:8]))
        answers = list(session.complete(openings))
        singles = [
            replace(done.prompt, task=f"turn {done.prompt.request + 1}", follows=False, then=None, room=0)
            for done in answers
        ]
        rounds = [
            measured(session, {"turns": openings, "single": singles}, order)
            for order in [("turns", "single"), ("single", "turns")] * given.rounds
        ][: given.rounds]
    report(rounds, answers, given.json)


def opening(looked: Preflight, said: Sequence[str], key: str, limit: int) -> Prompt:
    """The first prompt of a conversation in which the user says these."""

    def turn(messages: list[Mapping[str, str]]) -> Prompt:
        number = len(messages) // 2
        asked = [*messages, {"role": "user", "content": said[number]}]
        later = said[number + 1 :]

        def then(done: Completion) -> Prompt:
            return turn([*asked, {"role": "assistant", "content": done.text}])

        return Prompt(
            "base",
            "talk",
            key,
            looked.converse(asked, looked.templates["base"], begun=False),
            request=number,
            max_tokens=limit,
            follows=number > 0,
            room=sum(limit + len(text) for text in later),
            then=then if later else None,
        )

    return turn([])


def measured(
    session: Session, ways: Mapping[str, Sequence[Prompt]], order: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Seconds, responses and tokens of each way, in this order."""
    found: dict[str, dict[str, Any]] = {}
    for way in order:
        began, busy = time.perf_counter(), time.process_time()
        texts = {
            (done.prompt.example, done.prompt.request): (done.text, done.tokens)
            for done in session.complete(ways[way])
        }
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
        found[way] = {"seconds": seconds, "processor": busy, "texts": texts}
    return found


def report(rounds: Sequence[Mapping[str, Any]], answers: Sequence[Completion], out: Path | None) -> None:
    """Print the rates of both ways, and their ratio."""
    tokens = sum(done.tokens or 0 for done in answers)
    rates, processor = {}, {}
    for way in ("turns", "single"):
        times = [found[way]["seconds"] for found in rounds]
        rates[way] = len(times) * tokens / sum(times)
        processor[way] = sum(found[way]["processor"] for found in rounds)
        listed = " ".join(f"{seconds:.1f}" for seconds in times)
        print(
            f"{way:8}{len(answers):>8,} responses {tokens:>10,} tokens {rates[way]:>10,.0f} tokens/s   {listed} s"
        )
    differ = sum(
        found["turns"]["texts"][place] != text
        for found in rounds
        for place, text in found["single"]["texts"].items()
    )
    print(
        f"ratio {rates['turns'] / rates['single']:.3f} by the clock, {processor['single'] / processor['turns']:.3f} by the "
        f"processor, which other work does not stretch; responses that differ: {differ}"
    )
    if out is not None:
        data = {
            "tokens": tokens,
            "responses": len(answers),
            "rates": rates,
            "processor": processor,
            "differ": differ,
        }
        out.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
