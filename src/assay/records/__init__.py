"""The records of a run: responses, scores, judgements and events, in SQLite. It knows no verifier and no statistic."""

from assay.records.bindings import digest
from assay.records.events import Event, Manifest
from assay.records.judgements import Judgement
from assay.records.store import Store
from assay.records.types import Declared, Refusal, Schedule, Scores

__all__ = ["Declared", "Event", "Judgement", "Manifest", "Refusal", "Schedule", "Scores", "Store", "digest"]
