"""Writes a run in the schema of every_eval_ever, version 0.3.0: an aggregate a model, a line a prompt and metric.

    OUT/data/<study>/<developer>/<model>/<uuid>.json
    OUT/data/<study>/<developer>/<model>/<uuid>_samples.jsonl

Scores carry their uncertainty; an adapter's gains over its base are separate results. Tasks of several turns are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import assay
from assay.files import file_name, make_folder, write_text
from assay.interop.exporters.card import hub_id
from assay.interop.exporters.finished import CONFIDENCE, Estimate, Finished
from assay.interop.exporters.lm_eval import Exported, model_arguments
from assay.plan import MetricName
from assay.records import digest
from assay.report.text.verdicts import stop_words
from assay.verdicts import Cell, ClaimResult

__all__ = ["SCHEMA_VERSION", "export_every_eval_ever"]

SCHEMA_VERSION = "0.3.0"


@dataclass(frozen=True, slots=True)
class _Model:
    """One subject in the names of the schema."""

    name: str
    """Its name in the records."""
    arguments: Mapping[str, str]
    """`pretrained`, and `peft` for an adapter."""
    identity: str
    """Digest of what it is on each task."""
    seconds: str
    """Unix time of the claims, of which this is a function."""

    @property
    def id(self) -> str:
        """`org/name`, where there is estimate."""
        return self.arguments.get("peft", self.arguments["pretrained"])

    @property
    def uuid(self) -> str:
        """A UUID of version 4 by form, made of the identity so that the same run gives the same files."""
        text = digest([self.name, self.identity, self.seconds])
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def export_every_eval_ever(run: Finished, out: Path) -> Exported:
    """Write the aggregate and the instances of every subject under `out`. Raises OutputError."""
    declared = run.result.claims_declared.history[-1].declared_at
    seconds = str(int(datetime.fromisoformat(declared).timestamp()))
    written: list[Path] = []
    left_out: list[str] = []
    count = 0
    for name, tasks in run.subjects().items():
        identity = digest({task: run.evidence.subject(name, task) for task in tasks})
        model = _Model(name, model_arguments(run, name), identity, seconds)
        scored = [task for task in tasks if run.estimates(name, task) and not run.converses(task)]
        left_out += [f"{name} on {task}" for task in tasks if task not in scored]
        if not scored:
            continue
        developer, _, short = (hub_id(run, model.id.partition("@")[0]) or f"unknown/{name}").partition("/")
        parts = (run.plan.name, developer, short)
        folder = out.joinpath("data", *map(file_name, parts))
        rows = [row for task in scored for row in _instances(run, model, task)]
        text = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
        samples = folder / f"{model.uuid}_samples.jsonl"
        aggregate = _aggregate(run, model, scored) | {
            "detailed_evaluation_results": {
                "format": "jsonl",
                "file_path": samples.relative_to(out).as_posix(),
                "hash_algorithm": "sha256",
                "checksum": hashlib.sha256(text.encode()).hexdigest(),
                "total_rows": len(rows),
            }
        }
        path = folder / f"{model.uuid}.json"
        make_folder(folder)
        write_text(samples, text)
        write_text(path, json.dumps(aggregate, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        written += [path, samples]
        count += sum(len(run.counts(name, task)) for task in scored)
    return Exported(tuple(written), count, tuple(left_out))


def _id(run: Finished, model: _Model) -> str:
    return f"{run.plan.name}/{model.id}/{model.seconds}"


def _aggregate(run: Finished, model: _Model, tasks: list[str]) -> dict[str, Any]:
    own = model.name.partition("/")[0]
    results = [
        _result(run, model, metric, estimate)
        for task in tasks
        for metric, estimate in run.estimates(model.name, task).items()
    ]
    results += [_gain(run, finding) for finding in run.findings(own) if finding.gain is not None]
    base = {"base_model": model.arguments["pretrained"]}
    adapter = {"adapter": model.arguments["peft"]} if "peft" in model.arguments else {}
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": _id(run, model),
        "evaluation_timestamp": model.seconds,
        "retrieved_timestamp": model.seconds,
        "source_metadata": {
            "source_name": run.plan.name,
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
            "additional_details": {"claims_sha256": run.result.claims_sha256},
        },
        "eval_library": {"name": "assay", "version": assay.__version__},
        "model_info": {
            "name": model.name,
            "id": model.id,
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": "unknown",
                **base,
                **adapter,
                "subject_sha256": model.identity,
            },
        },
        "evaluation_results": results,
    }


def _source(run: Finished, task: str) -> dict[str, Any]:
    entry, hub, count = run.plan.tasks[task], run.tasks[task].hub, len(run.evidence.examples(task))
    if hub is None or entry.data:
        return {
            "dataset_name": task,
            "source_type": "other",
            "additional_details": {"kind": run.tasks[task].kind},
        }
    return {
        "dataset_name": task,
        "source_type": "hf_dataset",
        "hf_repo": hub.repo,
        "hf_split": hub.split,
        "samples_number": count,
        "additional_details": {"revision": hub.revision},
    }


def _configured(metric: str, title: str, low: float) -> dict[str, Any]:
    return {
        "metric_id": metric,
        "metric_name": title,
        "metric_unit": "proportion",
        "lower_is_better": False,
        "score_type": "continuous",
        "min_score": low,
        "max_score": 1.0,
    }


def _result(run: Finished, model: _Model, metric: MetricName, estimate: Estimate) -> dict[str, Any]:
    task = metric.task
    title = run.plan.tasks[task].metric(metric.name).title
    uncertainty: dict[str, Any] = {"num_samples": estimate.n}
    if estimate.standard_error is not None:
        uncertainty["standard_error"] = {"value": estimate.standard_error, "method": "analytic, over prompts"}
    if estimate.interval is not None:
        uncertainty["confidence_interval"] = {
            "lower": estimate.interval[0],
            "upper": estimate.interval[1],
            "confidence_level": CONFIDENCE,
            "method": estimate.method,
        }
    protocol = {
        name: value for name, value in run.evidence.protocol(model.name, task).items() if name != "sent"
    }
    return {
        "evaluation_result_id": str(metric),
        "evaluation_name": task,
        "source_data": _source(run, task),
        "metric_config": _configured(str(metric), title, 0.0)
        | {"additional_details": {"scorer": run.tasks[task].scorer}},
        "score_details": {
            "score": estimate.score,
            "details": {"interval": estimate.method},
            "uncertainty": uncertainty,
        },
        "generation_config": {"additional_details": {"protocol": json.dumps(protocol, sort_keys=True)}},
    }


def _gain(run: Finished, finding: ClaimResult | Cell) -> dict[str, Any]:
    """A gain over the base, with the interval that its verdict is based on."""
    task = MetricName.parse(finding.metric).task
    uncertainty: dict[str, Any] = {"num_samples": finding.n}
    if finding.interval is not None and finding.level is not None:
        uncertainty["confidence_interval"] = {
            "lower": finding.interval[0],
            "upper": finding.interval[1],
            "confidence_level": finding.level,
            "method": "paired, prompt by prompt" + (", allowing for every look" if finding.stop else ""),
        }
    details = {
        "base": finding.base,
        **({"against": finding.against} if finding.against else {}),
        "label": finding.label,
        "margin": repr(finding.margin),
        "kind": finding.kind,
    }
    if finding.stop is not None:
        details["looks"] = ", ".join(map(str, finding.stop.looks))
        if stopped := stop_words(finding.stop):
            details["stop"] = stopped
    if isinstance(finding, ClaimResult):
        details["verdict"] = finding.words
    return {
        "evaluation_result_id": f"{finding.metric}.gain" + (f".{finding.against}" if finding.against else ""),
        "evaluation_name": task,
        "source_data": _source(run, task),
        "metric_config": _configured(
            f"assay.gain.{finding.metric}",
            f"gain on {finding.metric} over {finding.against or 'the base'}",
            -1.0,
        ),
        "score_details": {"score": finding.gain, "details": details, "uncertainty": uncertainty},
    }


def _instances(run: Finished, model: _Model, task: str) -> Iterator[dict[str, Any]]:
    """A line an example and metric, its samples together; examples without all their scores are left out."""
    for answer in run.answers(model.name, task):
        example, target = answer.example, answer.example.data.get("answer")
        for index, metric in enumerate(run.plan.tasks[task].metric_names):
            value = answer.mean(index)
            yield {
                "schema_version": SCHEMA_VERSION,
                "evaluation_id": _id(run, model),
                "model_id": model.id,
                "evaluation_name": task,
                "evaluation_result_id": str(metric),
                "sample_id": example.key,
                "sample_hash": hashlib.sha256(f"{example.prompt}{target or ''}".encode()).hexdigest(),
                "interaction_type": "single_turn",
                "input": {
                    "raw": example.prompt,
                    "formatted": answer.records[0]["prompt"],
                    "reference": [] if target is None else [str(target)],
                },
                "output": {"raw": [row["text"] or "" for row in answer.records]},
                "answer_attribution": [],
                "evaluation": {"score": value, "is_correct": value == 1},
            }
