"""Reads the samples logs of lm-evaluation-harness: `samples_<task>_<time>.jsonl`.

A samples log does not say which model wrote it. Where its `results_<time>.json` lies beside it, the
model arguments there are held against what the study says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assay.engines import Row
from assay.errors import ResponsesError
from assay.jsonl import read_jsonl, read_text

__all__ = ["check_adapter", "read_samples"]

ADAPTER_ARGUMENTS = ("peft", "lora_local_path", "delta")


def read_samples(path: Path) -> Iterator[Row]:
    """Rows of a samples log, one a document and repeat; later filters of a document are passed over."""
    seen: set[int] = set()
    for line, row in read_jsonl(path, ResponsesError, allow_nan=True):
        place = f"{path}:{line}"
        document, responses = row.get("doc"), row.get("resps")
        if not isinstance(document, dict) or not isinstance(responses, list):
            raise ResponsesError(
                f"{place}: no `doc` and `resps`: not a samples log of lm-eval; run it with --log_samples"
            )
        if row.get("doc_id") in seen and row.get("filter") not in (None, "none"):
            continue
        seen.add(row.get("doc_id", line))
        sent, limits = _arguments(row, place)
        texts = responses[0] if responses and isinstance(responses[0], list) else responses
        for sample, text in enumerate(texts):
            if text is not None and not isinstance(text, str):
                raise ResponsesError(
                    f"{place}: `resps` holds {type(text).__name__}; generated text is expected"
                )
            yield Row(line, text, _key(document), _prompt(document), sent, sample, limits)


def _arguments(row: Mapping[str, Any], place: str) -> tuple[str, str]:
    """The prompt as sent, and the generation arguments as canonical JSON."""
    arguments = row.get("arguments")
    if isinstance(arguments, dict):  # since 0.4.3: {"gen_args_0": {"arg_0": prompt, "arg_1": {...}}}
        first = next(iter(arguments.values()), None)
        pair = [first.get("arg_0"), first.get("arg_1")] if isinstance(first, dict) else []
    else:  # before: [[prompt, {...}]]
        pair = arguments[0] if isinstance(arguments, list) and arguments else []
    if len(pair) != 2 or not isinstance(pair[0], str):
        raise ResponsesError(f"{place}: `arguments` does not hold a prompt and its generation arguments")
    return pair[0], json.dumps(pair[1], sort_keys=True)


def _key(document: Mapping[str, Any]) -> str | None:
    key = document.get("key")
    return None if key is None else str(key)


def _prompt(document: Mapping[str, Any]) -> str | None:
    for name in ("prompt", "question"):
        if isinstance(text := document.get(name), str):
            return text
    return None


def check_adapter(path: Path, is_adapter: bool) -> str | None:
    """Hold a log's own word on its model against the study's.

    Returns a warning where the log does not say. Raises ResponsesError where it names no adapter for
    an adapter, or names one for a base.
    """
    stamp = path.stem.rpartition("_")[2]
    results = path.with_name(f"results_{stamp}.json")
    if not results.is_file():
        return (
            f"{path.name}: no {results.name} beside it, so that these are the responses of the subject named rests on "
            f"the study alone"
        )
    try:
        arguments = json.loads(read_text(results, ResponsesError))["config"]["model_args"]
    except (ValueError, KeyError, TypeError):
        raise ResponsesError(f"{results}: no `config.model_args`; it does not say what was run") from None
    names = (
        set(arguments)
        if isinstance(arguments, dict)
        else {part.partition("=")[0] for part in str(arguments).split(",")}
    )
    found = names & set(ADAPTER_ARGUMENTS)
    if is_adapter and not found:
        raise ResponsesError(
            f"{results}: model_args {arguments!r} names no adapter ({', '.join(ADAPTER_ARGUMENTS)}): this log is the "
            f"base's; give the adapter's own log"
        )
    if not is_adapter and found:
        raise ResponsesError(
            f"{results}: model_args {arguments!r} names an adapter: this log is not the base's"
        )
    return None
