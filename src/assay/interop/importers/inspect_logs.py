"""Reads logs of Inspect, `.eval` or `.json`, through Inspect's own reader.

Only finished logs, one question and one answer a sample: what tools or further turns brought cannot be
judged as a response to the prompt. An adapter is named as in `vllm/base:adapter`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from assay.engines import Row
from assay.errors import ResponsesError
from assay.interop.importers.lm_eval import LoggedModel

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
        raise ResponsesError(f"{path}: logs of Inspect need its reader: `pip install inspect-ai`") from None
    try:
        log = reader.read_eval_log(str(path))
    except Exception as bad:  # whatever a damaged file makes its reader raise
        raise ResponsesError(
            f"{path}: Inspect cannot read this log ({type(bad).__name__}); the file may be cut off"
        ) from None
    if log.status != "success":
        raise ResponsesError(f"{path}: its status is {log.status!r}; run the evaluation to the end")
    if not log.samples:
        raise ResponsesError(f"{path}: no samples; run Inspect with --log-samples")
    limits = json.dumps(
        {
            "plan": log.plan.model_dump(mode="json", exclude_none=True, exclude={"config": TRANSPORT}),
            "model": log.eval.model_generate_config.model_dump(
                mode="json", exclude_none=True, exclude=TRANSPORT
            ),
        },
        sort_keys=True,
    )
    return list(_rows(path, log.samples, limits)), _model(path, str(log.eval.model))


def _rows(path: Path, samples: Sequence[Any], limits: str) -> Iterator[Row]:
    for number, sample in enumerate(samples, 1):
        place = f"{path}: sample {sample.id!r}, epoch {sample.epoch}"
        if sample.error is not None or getattr(sample, "invalidation", None) is not None:
            raise ResponsesError(
                f"{place}: ended in an error or was declared invalid; run it again with `inspect eval-retry`"
            )
        turns = [message.role for message in sample.messages]
        if "tool" in turns or turns.count("assistant") != 1:
            raise ResponsesError(
                f"{place}: its turns are {', '.join(turns)}; one question and one answer are expected"
            )
        if not sample.output.choices:
            raise ResponsesError(f"{place}: no answer")
        asked = [[turn.role, turn.text] for turn in sample.messages if turn.role != "assistant"]
        prompt = sample.input if isinstance(sample.input, str) else None
        yield Row(
            number,
            sample.output.completion,
            str(sample.id),
            prompt,
            json.dumps(asked, ensure_ascii=False),
            sample.epoch - 1,
            limits,
        )


def _model(path: Path, model: str) -> LoggedModel:
    """`vllm/org/base:adapter`; without an adapter's name, or with another provider, the log does not say enough."""
    provider, _, name = model.partition("/")
    base, mark, adapter = name.partition(":")
    if provider not in NAMING:
        return LoggedModel(str(path), None, None)
    return LoggedModel(str(path), base, adapter if mark else None)
