"""Reads instances of every_eval_ever: `<uuid>_samples.jsonl`, with `<uuid>.json` beside it.

An instance stands once for each metric; equal ones are one response. `model_id` is one name, of a base or of
an adapter: which, the aggregate's `model_info.additional_details` says (`base_model`, `adapter`), or else
whoever imports it. Where `input.formatted` is missing, `input.raw` stands for the prompt as sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.engines import Row
from assay.errors import ResponsesError
from assay.files import read_text
from assay.interop.importers.lm_eval import LoggedModel
from assay.rows import read_rows

__all__ = ["read_instances"]


def read_instances(path: Path) -> tuple[Sequence[Row], LoggedModel]:
    """Rows of an instance file, and the model that its aggregate names. Raises ResponsesError."""
    models: dict[str, int] = {}
    names: dict[str, int] = {}
    found: dict[str, tuple[int, list[str], str, str]] = {}
    for line, row in read_rows(path, ResponsesError):
        place = f"{path}:{line}"
        models.setdefault(_text(place, row, "model_id"), line)
        names.setdefault(_text(place, row, "evaluation_name"), line)
        if row.get("interaction_type") != "single_turn":
            raise ResponsesError(
                f"{place}: `interaction_type` is {row.get('interaction_type')!r}; only single_turn can be judged again"
            )
        key, asked = _text(place, row, "sample_id"), _object(place, row, "input")
        texts = _object(place, row, "output").get("raw")
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise ResponsesError(f"{place}: `output.raw` must be a list of texts")
        prompt = _text(place, asked, "raw")
        sent = asked.get("formatted")
        if sent is not None and not isinstance(sent, str):
            raise ResponsesError(f"{place}: `input.formatted` must be text, found {type(sent).__name__}")
        one = (line, texts, prompt, prompt if sent is None else sent)
        if (earlier := found.setdefault(key, one))[1:] != one[1:]:
            raise ResponsesError(
                f"{place}: another response or prompt of sample {key!r} than on line {earlier[0]}; keep one"
            )
    for field, values in (("model_id", models), ("evaluation_name", names)):
        if len(values) > 1:
            shown = " and ".join(repr(value) for value in list(values)[:2])
            raise ResponsesError(f"{path}: holds several of `{field}` ({shown}); give a file of one each")
    aggregate = path.with_name(path.name.removesuffix("_samples.jsonl") + ".json")
    document = _aggregate(aggregate) if aggregate != path and aggregate.is_file() else {}
    limits = _limits(document, next(iter(names), ""))
    rows = [
        Row(line, text, key, prompt, sent, sample, limits)
        for key, (line, texts, prompt, sent) in found.items()
        for sample, text in enumerate(texts)
    ]
    return rows, _model(path, aggregate, document, next(iter(models), ""))


def _model(path: Path, aggregate: Path, document: Mapping[str, Any], model_id: str) -> LoggedModel:
    info = document.get("model_info")
    told = info.get("additional_details") if isinstance(info, dict) else None
    base, adapter = (told.get("base_model"), told.get("adapter")) if isinstance(told, dict) else (None, None)
    if not isinstance(base, str | None) or not isinstance(adapter, str | None):
        raise ResponsesError(f"{aggregate}: `base_model` and `adapter` must be text")
    if isinstance(info, dict) and info.get("id") != model_id:
        raise ResponsesError(
            f"{path}: `model_id` is {model_id!r}, and {aggregate.name} speaks of {info.get('id')!r}; give the two "
            f"files of one run"
        )
    place = str(aggregate) if base else str(path)
    return LoggedModel(place, base, adapter)


def _limits(document: Mapping[str, Any], name: str) -> str:
    """The generation settings that the aggregate gives this evaluation, as canonical JSON; `[]` where it gives none."""
    results = document.get("evaluation_results")
    told = {
        json.dumps(one["generation_config"], sort_keys=True)
        for one in (results if isinstance(results, list) else [])
        if isinstance(one, dict) and one.get("evaluation_name") == name and one.get("generation_config")
    }
    return told.pop() if len(told) == 1 else json.dumps(sorted(told))


def _aggregate(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(path, ResponsesError))
    except (ValueError, RecursionError):
        raise ResponsesError(f"{path}: not JSON; the file may be cut off") from None
    if not isinstance(found, dict):
        raise ResponsesError(f"{path}: a JSON object is expected, found {type(found).__name__}")
    return found


def _text(place: str, row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value:
        raise ResponsesError(f"{place}: `{field}` must be text, found {type(value).__name__}")
    return value


def _object(place: str, row: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = row.get(field)
    if not isinstance(value, dict):
        raise ResponsesError(f"{place}: `{field}` must be an object, found {type(value).__name__}")
    return value
