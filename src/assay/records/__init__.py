"""Stored responses and scores."""

from assay.records.store import Declared, Scores, Store, digest

__all__ = ["Declared", "Scores", "Store", "digest"]
