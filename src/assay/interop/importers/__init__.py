"""Importers: logs of other tools as recorded responses, added to a run. They score nothing."""
