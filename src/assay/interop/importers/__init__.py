"""Logs of other tools, read as recorded responses and added to a run."""
