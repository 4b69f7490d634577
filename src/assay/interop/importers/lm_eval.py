"""Reads the samples logs of lm-evaluation-harness: `samples_<task>_<time>.jsonl`.

A samples log does not say which model wrote it: its `results_<time>.json` does, or else the study must.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.engines import Row
from assay.errors import ResponsesError
from assay.files import read_text
from assay.rows import read_rows

__all__ = ["LoggedModel", "check_models", "logged_model", "named_model", "read_samples"]

ADAPTER_ARGUMENTS = ("peft", "lora_local_path", "delta")
BASE_ARGUMENTS = ("pretrained", "model", "path")


def read_samples(path: Path) -> Iterator[Row]:
    """Rows of a samples log, one a document and repeat; later filters of a document are passed over."""
    seen: dict[str, Any] = {}
    for line, row in read_rows(path, ResponsesError, allow_nan=True):
        place = f"{path}:{line}"
        document, responses = row.get("doc"), row.get("resps")
        if not isinstance(document, dict) or not isinstance(responses, list):
            raise ResponsesError(
                f"{place}: no `doc` and `resps`: not a samples log of lm-eval; run it with --log_samples"
            )
        identity = str(row.get("doc_id", f"line {line}"))
        if seen.setdefault(identity, row.get("filter")) != row.get("filter"):
            continue
        sent, limits = _arguments(row, place)
        if len(responses) > 1 and isinstance(responses[0], list):
            raise ResponsesError(
                f"{place}: `resps` holds {len(responses)} requests; one question and its repeats are expected"
            )
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
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
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


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """What a log says was run."""

    place: str
    """Where it says so."""
    base: str | None
    adapter: str | None


def logged_model(path: Path, stated: str | Mapping[str, Any] | None) -> LoggedModel:
    """The model of a samples log: `config.model_args` of the results file beside it, or what the study states.

    Raises ResponsesError where neither says, with what to add.
    """
    results = path.with_name(f"results_{path.stem.rpartition('_')[2]}.json")
    place, arguments = f"model_args of {path.name}", stated
    if results.is_file():
        place = str(results)
        try:
            arguments = json.loads(read_text(results, ResponsesError))["config"]["model_args"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ResponsesError(f"{results}: no `config.model_args`; it does not say what was run") from None
    if arguments is None:
        raise ResponsesError(
            f"{path}: nothing says which model wrote this log; put {results.name} beside it, or state its "
            f'`model_args: "pretrained=...,peft=..."` beside `format: lm-eval` in the study (of an import: `--model-args`)'
        )
    return named_model(place, arguments)


def named_model(place: str, arguments: str | Mapping[str, Any]) -> LoggedModel:
    """The model that lm-eval's `model_args` name, as `place` gives them."""
    named = dict(arguments) if isinstance(arguments, Mapping) else _named(str(arguments))
    return LoggedModel(place, _first(named, BASE_ARGUMENTS), _first(named, ADAPTER_ARGUMENTS))


def _named(arguments: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in arguments.split(","))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _first(named: Mapping[str, Any], names: Sequence[str]) -> str | None:
    found = (named.get(name) for name in names)
    return next((str(value) for value in found if value not in (None, "", "None", False)), None)


def check_models(base: LoggedModel, adapters: Mapping[str, LoggedModel]) -> None:
    """Hold the logs of a base and its adapters against each other.

    Raises ResponsesError where the base's log names an adapter, an adapter's names none, or another base,
    or two of them name one adapter.
    """
    if base.adapter is not None:
        raise ResponsesError(f"{base.place}: names the adapter {base.adapter!r}: this log is not the base's")
    owners: dict[str, str] = {}
    for name, model in adapters.items():
        if model.adapter is None:
            raise ResponsesError(
                f"{model.place}: names no adapter ({', '.join(ADAPTER_ARGUMENTS)}): this log is the base's; "
                f"give the log of {name!r}"
            )
        if None not in (model.base, base.base) and model.base != base.base:
            raise ResponsesError(
                f"{model.place}: {name!r} was run on {model.base!r}, and its base's log on {base.base!r}; "
                f"give logs of one base"
            )
        if model.adapter in owners:
            raise ResponsesError(
                f"{model.place}: names the adapter {model.adapter!r}, and so does the log of "
                f"{owners[model.adapter]!r}; {name!r} needs a log of its own"
            )
        owners[model.adapter] = name
