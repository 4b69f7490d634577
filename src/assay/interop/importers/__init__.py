"""Logs of other tools, read as recorded responses and brought into a run."""
