"""Reads instances of every_eval_ever: `<uuid>_samples.jsonl`, with `<uuid>.json` beside it.

An instance occurs once for each metric; equal ones are one response. `model_id` is one name, of a base or of
an adapter: the aggregate's `model_info.additional_details` (`base_model`, `adapter`) or else the user of the
import says which. Where `input.formatted` is missing, `input.raw` is taken as the prompt as sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.engines import Row
from assay.engines.recorded.lm_eval import LoggedModel
from assay.errors import ResponsesError
from assay.files import read_text
from assay.rows import Fields, read_rows

__all__ = ["read_instances"]


def read_instances(path: Path) -> tuple[Sequence[Row], LoggedModel]:
    """Rows of an instance file, and the model that its aggregate names. Raises ResponsesError."""
    names: dict[str, dict[str, int]] = {"model_id": {}, "evaluation_name": {}}
    instances: dict[str, tuple[int, list[str | None], str, str]] = {}
    for line, values in read_rows(path, ResponsesError):
        row = Fields(values, f"{path}:{line}", ResponsesError)
        for field, lines in names.items():
            lines.setdefault(row.text(field), line)
        if row.values.get("interaction_type") != "single_turn":
            raise ResponsesError(
                f"`interaction_type` is {row.values.get('interaction_type')!r}; only single_turn can be judged again",
                place=row.place,
            )
        key, sent = row.text("sample_id"), row.object("input")
        prompt = sent.text("raw")
        instance = (line, _texts(row), prompt, sent.optional("formatted") or prompt)
        earlier = instances.setdefault(key, instance)
        if earlier[1:] != instance[1:]:
            raise ResponsesError(
                f"another response or prompt of sample {key!r} than on line {earlier[0]}",
                place=row.place,
                fix="keep one",
            )
    for field, lines in names.items():
        if len(lines) > 1:
            shown = " and ".join(map(repr, list(lines)[:2]))
            raise ResponsesError(
                f"holds several of `{field}` ({shown})", place=path, fix="give a file of one each"
            )
    model_id, name = (next(iter(lines), "") for lines in names.values())
    aggregate = path.with_name(path.name.removesuffix("_samples.jsonl") + ".json")
    document = _aggregate(aggregate) if aggregate != path and aggregate.is_file() else {}
    limits = _limits(document, name)
    rows = [
        Row(line, text, key, prompt, sent, sample, limits)
        for key, (line, texts, prompt, sent) in instances.items()
        for sample, text in enumerate(texts)
    ]
    return rows, _model(path, aggregate, document, model_id)


def _texts(row: Fields) -> list[str | None]:
    texts = row.object("output").values.get("raw")
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str | None) for text in texts):
        raise ResponsesError("`output.raw` must be a list of texts or nulls", place=row.place)
    return texts


def _model(path: Path, aggregate: Path, document: Mapping[str, Any], model_id: str) -> LoggedModel:
    info = document.get("model_info")
    if isinstance(info, dict) and info.get("id") != model_id:
        raise ResponsesError(
            f"`model_id` is {model_id!r}, and {aggregate.name} names {info.get('id')!r}",
            place=path,
            fix="give the two files of one run",
        )
    details = info.get("additional_details") if isinstance(info, dict) else None
    fields = Fields(details if isinstance(details, dict) else {}, str(aggregate), ResponsesError)
    base, adapter = fields.optional("base_model"), fields.optional("adapter")
    return LoggedModel(str(aggregate if base else path), base, adapter)


def _limits(document: Mapping[str, Any], name: str) -> str:
    """The generation settings that the aggregate gives this evaluation, as canonical JSON; `[]` where it gives none."""
    results = document.get("evaluation_results")
    configs = {
        json.dumps(result["generation_config"], sort_keys=True)
        for result in (results if isinstance(results, list) else [])
        if isinstance(result, dict)
        and result.get("evaluation_name") == name
        and result.get("generation_config")
    }
    return configs.pop() if len(configs) == 1 else json.dumps(sorted(configs))


def _aggregate(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(read_text(path, ResponsesError))
    except (ValueError, RecursionError):
        raise ResponsesError("not JSON", place=path, fix="the file may be cut off") from None
    if not isinstance(document, dict):
        raise ResponsesError(f"a JSON object is expected, found {type(document).__name__}", place=path)
    return document
