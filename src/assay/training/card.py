"""The card of a trained adapter: README.md with the front matter that the hub and `assay init` read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assay.study.strict import dump
from assay.text import plain

if TYPE_CHECKING:
    from assay.training.manifest import Record

__all__ = ["card_text"]


def card_text(record: Record) -> str:
    """Markdown: what the adapter was made from, and that its label is a claim still to be tested."""
    front = {
        "base_model": record.base["model"],
        "library_name": "peft",
        "tags": ["lora", "assay", record.label],
        **({"datasets": list(record.data["hubs"])} if record.data["hubs"] else {}),
    }
    return f"---\n{dump(front)}---\n\n" + "\n".join(_body(record)) + "\n"


def _body(record: Record) -> Iterator[str]:
    revision = f" at {plain(record.base['revision'] or '')}" if record.base["revision"] else ""
    data = record.data
    yield f"# {plain(record.name)}"
    yield ""
    yield (
        f"A LoRA adapter of {plain(record.base['model'] or '')}{revision}, trained by `assay train`. Its label says "
        f"what the training aimed at; what the adapter does is for `assay run` to find out."
    )
    yield ""
    yield "| | |"
    yield "|---|---|"
    rows = {
        "label": record.label,
        "recipe": record.recipe,
        "seed": record.seed,
        "data": f"{', '.join(data['sources'])}: {data['pairs']:,} pairs",
        "data, SHA-256": data["sha256"],
        "base, SHA-256": record.base["sha256"],
        "held in": record.base["dtype"],
        "steps": record.steps,
        "responses cut at max_length": data["truncated"],
        "loss, first step": f"{record.loss['first']:.4f}",
        "loss, last steps": f"{record.loss['final']:.4f}",
    }
    for key, value in rows.items():
        yield f"| {key} | {_cell(value)} |"
    yield ""
    yield "## Settings"
    yield ""
    yield "| setting | value |"
    yield "|---|---|"
    for key, value in record.settings.items():
        yield f"| {key} | {_cell(value)} |"
    yield ""
    yield "Trained by " + ", ".join(f"{name} {version}" for name, version in record.versions.items())


def _cell(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return plain(text).replace("|", "\\|")
