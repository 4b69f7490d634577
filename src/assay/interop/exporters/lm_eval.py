"""Writes a run as lm-evaluation-harness does: a folder for each subject, with its samples and its results.

    OUT/<subject>/samples_<task>_<time>.jsonl
    OUT/<subject>/results_<time>.json

The time is that of the claims, so that the same run gives the same files. Tasks that score given
continuations, and those of several turns, are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import assay
from assay.files import file_name, make_folder, write_text
from assay.interop.exporters.finished import Answer, Estimate, Finished
from assay.plan import MetricName
from assay.tasks.lm_eval import LmEvalTask

__all__ = ["Exported", "export_samples", "model_arguments"]

NAMES = {
    "prompt_strict": "prompt_level_strict_acc",
    "instruction_strict": "inst_level_strict_acc",
    "prompt_loose": "prompt_level_loose_acc",
    "instruction_loose": "inst_level_loose_acc",
}
"""What lm-eval calls IFEval's metrics; any other keeps its name."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    files: tuple[Path, ...]
    responses: int
    left_out: tuple[str, ...] = ()
    """`subject on task`, where the format cannot hold the task or nothing is scored."""


def export_samples(run: Finished, out: Path) -> Exported:
    """Write samples and results of every subject under `out`. Raises OutputError."""
    time = re.sub(r"[^0-9T-]", "-", run.result.claims_declared.history[-1].declared_at.partition("+")[0])
    folders = _folders(run.subjects())
    written: list[Path] = []
    left_out: list[str] = []
    count = 0
    for name, tasks in run.subjects().items():
        folder = out / folders[name]
        hashes: dict[str, str] = {}
        for task in tasks:
            lines = None if _continuations(run, task) or run.converses(task) else _samples(run, name, task)
            if not lines:
                left_out.append(f"{name} on {task}")
                continue
            path = folder / f"samples_{file_name(task)}_{time}.jsonl"
            _write(path, "".join(_line(line) + "\n" for line in lines))
            hashes[task] = _sha256(
                "".join(row["doc_hash"] + row["prompt_hash"] + row["target_hash"] for row in lines)
            )
            written.append(path)
            count += sum(len(line["resps"][0]) for line in lines)
        if hashes:
            path = folder / f"results_{time}.json"
            _write(path, json.dumps(_results(run, name, hashes), indent=2, ensure_ascii=False) + "\n")
            written.append(path)
    return Exported(tuple(written), count, tuple(left_out))


def _folders(names: Iterable[str]) -> dict[str, str]:
    """Each subject's folder, unlike every other's even where case does not count."""
    folders: dict[str, str] = {}
    for name in names:
        folder = file_name(name)
        if folder.casefold() in {taken.casefold() for taken in folders.values()}:
            folder = f"{folder}-{_sha256(name)[:8]}"
        folders[name] = folder
    return folders


def model_arguments(run: Finished, name: str) -> dict[str, str]:
    """The `model_args` of lm-eval: `pretrained`, and `peft` for an adapter."""
    own = name.partition("/")[0]
    adapter = next((adapter for adapter in run.plan.adapters if adapter.name == own), None)
    base = next(base for base in run.plan.bases if base.name == (adapter.base if adapter else own))
    named = {"pretrained": _at(base.source or base.name, base.revision)}
    if adapter is not None and adapter.is_model:
        return {"pretrained": _at(adapter.source or adapter.name, adapter.revision)}
    if adapter is not None:
        named["peft"] = _at(adapter.source or adapter.name, adapter.revision)
        if adapter.scale != 1:
            named["peft"] += f"#scale={adapter.scale:g}"
    return named


def _at(source: str, revision: str | None) -> str:
    return f"{source}@{revision}" if revision else source


def _continuations(run: Finished, task: str) -> bool:
    own = run.tasks[task]
    return isinstance(own, LmEvalTask) and not all(leaf.generates for leaf in own.leaves.values())


def _samples(run: Finished, name: str, task: str) -> list[dict[str, Any]]:
    """A line an example, in file order; examples without all their scores are left out."""
    details = {(key, sample): detail for key, sample, detail in run.evidence.details(name, task)}
    arguments = _arguments(run.evidence.protocol(name, task))
    return [
        _sample(answer, arguments)
        | _values(run, task, answer, details[answer.example.key, answer.records[0]["sample"]])
        for answer in run.answers(name, task)
    ]


def _sample(answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
    example, sent = answer.example, answer.records[0]["prompt"]
    doc = {**example.data, "key": example.key, "prompt": example.prompt}
    target = str(example.data.get("answer", ""))
    return {
        "doc_id": answer.position,
        "doc": doc,
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": sent, "arg_1": arguments}},
        "resps": [[row["text"] for row in answer.records]],
        "filtered_resps": [row["response"] for row in answer.records],
        "filter": "none",
        "doc_hash": _sha256(json.dumps(doc, indent=2, ensure_ascii=False)),
        "prompt_hash": _sha256(sent),
        "target_hash": _sha256(target),
    }


def _values(run: Finished, task: str, answer: Answer, detail: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics of one example: checks as lists where lm-eval has lists, else means over samples."""
    values: dict[str, Any] = {}
    for index, metric in enumerate(run.tasks[task].metrics):
        checks = detail.get(metric.name.removeprefix("instruction_"))
        listed = (
            len(answer.records) == 1 and metric.name.startswith("instruction_") and isinstance(checks, list)
        )
        values[NAMES.get(metric.name, metric.name)] = checks if listed else answer.mean(index)
    return {"metrics": list(values), **values}


def _arguments(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Generation arguments: those of the log that was imported, else all that the records say of the protocol."""
    limits = [limit for limit in protocol.get("limits", ()) if limit]
    if len(limits) == 1 and isinstance(arguments := json.loads(limits[0]), dict):
        return arguments
    return {name: value for name, value in protocol.items() if name != "sent"}


def _results(run: Finished, name: str, hashes: Mapping[str, str]) -> dict[str, Any]:
    of_task = {task: run.estimates(name, task) for task in hashes}
    versions = {task: run.tasks[task].scorer for task in hashes}
    limits = {task: run.plan.tasks[task].limit for task in hashes}
    return {
        "results": {task: _row(task, own) for task, own in of_task.items()},
        "configs": {task: {"task": task, "metadata": {"version": versions[task]}} for task in hashes},
        "versions": versions,
        "n-shot": {task: run.plan.tasks[task].shots for task in hashes},
        "higher_is_better": {
            task: {_metric_name(metric): True for metric in own} for task, own in of_task.items()
        },
        "n-samples": {
            task: {
                "original": None if limits[task] else len(run.evidence.examples(task)),
                "effective": len({key for key, _ in run.counts(name, task)}),
            }
            for task in hashes
        },
        "config": {
            "model": run.plan.engine.name,
            "model_args": model_arguments(run, name),
            "limit": next(iter(limits.values())) if len(set(limits.values())) == 1 else limits,
        },
        "task_hashes": dict(hashes),
        "model_name": name,
        "model_name_sanitized": file_name(name),
        "subject_sha256": {task: run.evidence.subject(name, task) for task in hashes},
        "claims_sha256": run.result.claims_sha256,
        "assay_version": assay.__version__,
    }


def _row(task: str, estimates: Mapping[MetricName, Estimate]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": task, "alias": task}
    for metric, estimate in estimates.items():
        row[f"{_metric_name(metric)},none"] = estimate.score
        row[f"{_metric_name(metric)}_stderr,none"] = (
            "N/A" if estimate.standard_error is None else estimate.standard_error
        )
    return row


def _metric_name(metric: MetricName) -> str:
    return NAMES.get(metric.name, metric.name)


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path: Path, text: str) -> None:
    make_folder(path.parent)
    write_text(path, text)
