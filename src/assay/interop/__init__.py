"""Imports other tools' logs as recorded responses, and exports a run in their formats. It measures nothing."""
