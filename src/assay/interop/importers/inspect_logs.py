"""Reads logs of Inspect, `.eval` or `.json`, through Inspect's own reader.

Only finished logs, one question and one answer a sample: what tools or further turns added cannot be
judged as a response to the prompt. An adapter is named as in `vllm/base:adapter`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from assay.engines import Row
from assay.engines.recorded.lm_eval import LoggedModel
from assay.errors import ResponsesError

__all__ = ["read_inspect"]

NAMING = ("vllm", "sglang")
"""Providers whose model names end in `:adapter`; in another's a colon may be a tag."""
TRANSPORT = {"max_connections", "adaptive_connections", "max_retries", "timeout", "attempt_timeout"}
"""Settings that change how a model is reached, not what it is asked."""


def read_inspect(path: Path) -> tuple[Sequence[Row], LoggedModel]:
    """Rows of a log, and the model that it names. Raises ResponsesError, and where inspect_ai is not installed."""
    try:
        reader: Any = import_module("inspect_ai.log")
    except ImportError:
        raise ResponsesError(
            "logs of Inspect need its reader", place=path, fix="`pip install inspect-ai`"
        ) from None
    try:
        log = reader.read_eval_log(str(path))
    except Exception as bad:  # whatever a damaged file makes its reader raise
        raise ResponsesError(
            f"Inspect cannot read this log ({type(bad).__name__})", place=path, fix="the file may be cut off"
        ) from None
    if log.status != "success":
        raise ResponsesError(f"its status is {log.status!r}", place=path, fix="run the evaluation to the end")
    if not log.samples:
        raise ResponsesError("no samples", place=path, fix="run Inspect with --log-samples")
    settings = {"mode": "json", "exclude_none": True}
    limits = {
        "plan": log.plan.model_dump(**settings, exclude={"config": TRANSPORT}),
        "model": log.eval.model_generate_config.model_dump(**settings, exclude=TRANSPORT),
    }
    text = json.dumps(limits, sort_keys=True)
    rows = [_row(path, number, sample, text) for number, sample in enumerate(log.samples, 1)]
    return rows, _model(path, str(log.eval.model), {str(sample.output.model) for sample in log.samples})


def _row(path: Path, number: int, sample: Any, limits: str) -> Row:
    place = f"{path}: sample {sample.id!r}, epoch {sample.epoch}"
    if sample.error is not None or getattr(sample, "invalidation", None) is not None:
        raise ResponsesError(
            "ended in an error or was declared invalid",
            place=place,
            fix="run it again with `inspect eval-retry`",
        )
    turns = [message.role for message in sample.messages]
    if "tool" in turns or turns.count("assistant") != 1:
        raise ResponsesError(
            f"its turns are {', '.join(turns)}; one question and one answer are expected", place=place
        )
    if not sample.output.choices:
        raise ResponsesError("no answer", place=place)
    sent = [[turn.role, turn.text] for turn in sample.messages if turn.role != "assistant"]
    prompt = sample.input if isinstance(sample.input, str) else None
    text, encoded = sample.output.completion, json.dumps(sent, ensure_ascii=False)
    return Row(number, text, str(sample.id), prompt, encoded, sample.epoch - 1, limits)


def _model(path: Path, model: str, answered: set[str]) -> LoggedModel:
    """`vllm/org/base:adapter`; with another provider, the log does not say enough.

    Where the samples name another model than the log, a server answered under that name.
    """
    provider, _, name = model.partition("/")
    base, mark, adapter = name.partition(":")
    if provider not in NAMING:
        return LoggedModel(str(path), None, None)
    served = not mark and len(answered) == 1 and not answered & {base, name, ""}
    return LoggedModel(str(path), next(iter(answered)) if served else base, adapter or None, served)
