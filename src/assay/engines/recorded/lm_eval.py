"""Reads the samples logs of lm-evaluation-harness, 0.4.0 to 0.4.13: `samples_<task>_<time>.jsonl`.

A line is a document under one filter, so that a task with several filters logs each response more than once. A samples
log does not say which model wrote it: the results file beside it does (`results_<time>.json`, before 0.4.3 `results.json`),
or else whoever uses the log must. Behind a server it names what was served, which may be a base or an adapter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.engines.recorded.responses import Row
from assay.errors import ResponsesError
from assay.files import read_text
from assay.rows import Fields, read_rows

__all__ = ["LoggedModel", "check_models", "logged_model", "named_model", "read_samples", "results_model"]

ADAPTER_ARGUMENTS = ("peft", "lora_local_path", "delta")
BASE_ARGUMENTS = ("pretrained", "model", "path")
NO_TEXT = (None, "None")
"""A response without text: lm-eval turns what a server answers into text, also where it answers nothing."""


def read_samples(path: Path) -> Iterator[Row]:
    """Rows of a samples log, one for each document and repeat; a response that is logged again for another filter is skipped."""
    earlier: dict[str, tuple[object, object]] = {}
    for line, values in read_rows(path, ResponsesError, allow_nan=True):
        row = Fields(values, f"{path}:{line}", ResponsesError)
        responses = values.get("resps")
        if not isinstance(values.get("doc"), dict) or not isinstance(responses, list):
            raise ResponsesError(
                "no `doc` and `resps`: not a samples log of lm-eval",
                place=row.place,
                fix="run it with --log_samples",
            )
        mark, content = values.get("filter"), (values.get("arguments"), responses)
        first_mark, first = earlier.setdefault(str(values.get("doc_id", f"line {line}")), (mark, content))
        if first is not content and first == content and (mark is None or mark != first_mark):
            continue
        yield from _responses(line, row, responses)


def _responses(line: int, row: Fields, responses: list[Any]) -> Iterator[Row]:
    sent, limits = _arguments(row)
    if len(responses) > 1 and isinstance(responses[0], list):
        raise ResponsesError(
            f"`resps` holds {len(responses)} requests; one question and its repeats are expected",
            place=row.place,
        )
    texts = responses[0] if responses and isinstance(responses[0], list) else responses
    document = row.object("doc").values
    key, prompt = document.get("key"), _prompt(document)
    for sample, text in enumerate(texts):
        if text is not None and not isinstance(text, str):
            raise ResponsesError(
                f"`resps` holds {type(text).__name__}; generated text is expected", place=row.place
            )
        text = None if text in NO_TEXT else text
        yield Row(line, text, None if key is None else str(key), prompt, sent, sample, limits)


def _arguments(row: Fields) -> tuple[str, str]:
    """The prompt as sent, and the generation arguments as canonical JSON."""
    arguments = row.values.get("arguments")
    if isinstance(arguments, dict):  # since 0.4.3: {"gen_args_0": {"arg_0": prompt, "arg_1": {...}}}
        first = next(iter(arguments.values()), None)
        pair = [first.get("arg_0"), first.get("arg_1")] if isinstance(first, dict) else []
    else:  # before: [[prompt, {...}]]
        pair = arguments[0] if isinstance(arguments, list) and arguments else []
    sent = _sent(pair[0]) if isinstance(pair, list) and len(pair) == 2 else None
    if sent is None:
        raise ResponsesError(
            "`arguments` does not hold a prompt and its generation arguments", place=row.place
        )
    return sent, json.dumps(pair[1], sort_keys=True)


def _sent(prompt: object) -> str | None:
    """A prompt as text: a server's chat turns are logged as one JSON text in a list, or as turns."""
    match prompt:
        case str(text) | [str(text)]:
            return text
        case [{"role": _}, *_]:
            return json.dumps(prompt, ensure_ascii=False)
    return None


def _prompt(document: Mapping[str, Any]) -> str | None:
    texts = (document.get(name) for name in ("prompt", "question"))
    return next((text for text in texts if isinstance(text, str)), None)


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """What a log says was run."""

    place: str
    """Where it says so."""
    base: str | None
    """None: it does not say."""
    adapter: str | None
    """None: the base alone, as far as it says."""
    served: bool = False
    """Whether `base` is the name of something served, which may be an adapter."""

    def __str__(self) -> str:
        return f"{self.adapter!r} on {self.base!r}" if self.adapter else f"the base {self.base!r} alone"


def logged_model(path: Path, stated: str | Mapping[str, Any] | None) -> LoggedModel:
    """The model of a samples log: as its results file says, or as the study states.

    Raises ResponsesError where neither says, with what to add.
    """
    model = results_model(path)
    if stated is not None and (model is None or model.served):
        return named_model(f"model_args of {path.name}", stated)
    if model is None:
        raise ResponsesError(
            "nothing says which model wrote this log",
            place=path,
            fix=f"put {_results(path)[0].name} beside it, or state its "
            f'`model_args: "pretrained=...,peft=..."` beside `format: lm-eval` in the study (of an import: `--model-args`)',
        )
    return model


def results_model(path: Path) -> LoggedModel | None:
    """The model that the results file beside a samples log names; None where there is no such file."""
    results = next((file for file in _results(path) if file.is_file()), None)
    if results is None:
        return None
    try:
        return named_model(
            str(results), json.loads(read_text(results, ResponsesError))["config"]["model_args"]
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ResponsesError("no `config.model_args`; it does not say what was run", place=results) from None


def _results(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"results_{path.stem.rpartition('_')[2]}.json"), path.with_name("results.json")


def named_model(place: str, arguments: str | Mapping[str, Any]) -> LoggedModel:
    """The model that lm-eval's `model_args` name, as `place` gives them."""
    named = dict(arguments) if isinstance(arguments, Mapping) else _named(str(arguments))
    served = "base_url" in named and "pretrained" not in named
    return LoggedModel(place, _first(named, BASE_ARGUMENTS), _first(named, ADAPTER_ARGUMENTS), served)


def _named(arguments: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in arguments.split(","))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _first(named: Mapping[str, Any], names: Sequence[str]) -> str | None:
    values = (named.get(name) for name in names)
    return next((str(value) for value in values if value not in (None, "", "None", False)), None)


def check_models(base: LoggedModel, adapters: Mapping[str, LoggedModel]) -> None:
    """Hold the logs of a base and its adapters against each other.

    Raises ResponsesError where the base's log names an adapter, an adapter's names none, or another base,
    or two of them name one adapter.
    """
    if base.adapter is not None:
        raise ResponsesError(
            f"names the adapter {base.adapter!r}: this log is not the base's", place=base.place
        )
    owners: dict[str, str] = {}
    for name, model in adapters.items():
        if model.adapter is None and model.served:
            raise ResponsesError(
                f"names {model.base!r}, which a server served, and not whether it is an adapter",
                place=model.place,
                fix=f'state it for {name!r}: `model_args: "pretrained={base.base},peft={model.base}"`',
            )
        if model.adapter is None:
            raise ResponsesError(
                f"names no adapter ({', '.join(ADAPTER_ARGUMENTS)}): this log is the base's",
                place=model.place,
                fix=f"give the log of {name!r}",
            )
        if None not in (model.base, base.base) and model.base != base.base:
            raise ResponsesError(
                f"{name!r} was run on {model.base!r}, and its base's log on {base.base!r}",
                place=model.place,
                fix="give logs of one base",
            )
        if model.adapter in owners:
            raise ResponsesError(
                f"names the adapter {model.adapter!r}, and so does the log of {owners[model.adapter]!r}",
                place=model.place,
                fix=f"{name!r} needs a log of its own",
            )
        owners[model.adapter] = name
