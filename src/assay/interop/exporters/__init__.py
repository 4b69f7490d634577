"""A finished run, written in the formats of other tools: one module a format."""
