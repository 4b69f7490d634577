"""The registry's tables. They hold words, figures and digests; times are seconds since 1970.

LAYOUT grows with every change; a registry of a newer layout is refused, an older one is brought up to date by a step.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

__all__ = ["AUDITS", "LAYOUT", "METADATA", "RUNS", "VERDICTS", "layout"]

LAYOUT = 1
METADATA = MetaData()

layout = Table("assay_layout", METADATA, Column("version", Integer, nullable=False))

RUNS = Table(
    "assay_runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column(
        "key", String(64), nullable=False, unique=True
    ),  # digest of study, first claims, subjects and responses
    Column("study", String, nullable=False),
    Column("host", String, nullable=False),
    Column("folder", String, nullable=False),
    Column("added", Double, nullable=False),
    Column("claims_sha256", String(64), nullable=False),
    Column("policy_sha256", String(64), nullable=False),
    Column("settings_sha256", String(64), nullable=False),
    Column("version", String, nullable=False),  # of assay
)

VERDICTS = Table(
    "assay_verdicts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("assay_runs.id", ondelete="CASCADE"), nullable=False),
    Column("current", Boolean, nullable=False),  # the newest of its claim
    Column("measured", Double, nullable=False),  # the oldest response
    Column("adapter", String, nullable=False),
    Column("base", String, nullable=False),
    Column("label", String, nullable=False),
    Column("metric", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("against", String, nullable=False),  # empty: the base
    Column("margin", Double, nullable=False),
    Column("verdict", String, nullable=False),
    Column("words", String, nullable=False),
    Column("tone", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("control", Boolean, nullable=False),
    Column("n", Integer),
    Column("gain", Double),
    Column("low", Double),
    Column("high", Double),
    Column("level", Double),
    Column("alpha", Double, nullable=False),
    Column("drift", Double),
    Column("drift_low", Double),
    Column("drift_high", Double),
    Column("gate", String, nullable=False),  # empty: it is not gated
    Column("p_fails", Double, nullable=False),
    Column("p_holds", Double, nullable=False),
    Column("rule", Integer, nullable=False),
    Column("evidence_sha256", String(64), nullable=False),
    Column("adapter_sha256", String(64), nullable=False),  # empty: it was not measured
    Column("weights_sha256", String(64), nullable=False),  # empty: recorded
    Column("config_sha256", String(64), nullable=False),
    Column("base_sha256", String(64), nullable=False),
    Column("tokenizer_sha256", String(64), nullable=False),
    Column("template_sha256", String(64), nullable=False),  # empty: prompts as they are
    Column("prompts_sha256", String(64), nullable=False),
    Column("verifier", String, nullable=False),
    Column("engine", String, nullable=False),  # `torch, float32`
    UniqueConstraint("run", "adapter", "metric", "kind", "against"),
    Index("assay_verdicts_newest", "current", "measured", "id"),
    Index("assay_verdicts_label", "current", "label", "measured", "id"),
    Index("assay_verdicts_base", "current", "base", "measured", "id"),
    Index("assay_verdicts_verdict", "current", "verdict", "measured", "id"),
    Index("assay_verdicts_claim", "adapter", "base", "metric", "kind", "against"),
)

AUDITS = Table(  # of `assay watch`
    "assay_audits",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("content", String(64), nullable=False),  # digest of the adapter's name, label and files
    Column("template", String(64), nullable=False),
    Column("name", String, nullable=False),
    Column("folder", String, nullable=False),
    Column("run", String, nullable=False),
    Column("state", String, nullable=False),  # claimed, done, failed, unusable
    Column("reason", String, nullable=False),
    Column("owner", String, nullable=False),  # the process that claimed it
    Column("beat", Double, nullable=False),
    Column("updated", Double, nullable=False),
    UniqueConstraint("content", "template"),
)
