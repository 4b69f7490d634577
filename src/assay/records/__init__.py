"""Stored responses and scores."""

from assay.records.judgements import Judgement
from assay.records.store import Declared, Scores, Store, digest

__all__ = ["Declared", "Judgement", "Scores", "Store", "digest"]
