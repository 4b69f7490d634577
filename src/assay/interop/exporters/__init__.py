"""Exporters: a finished run in the formats of other tools, one module for each format. They change no run."""
