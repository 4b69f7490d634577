"""Tests of `assay.stats`."""
