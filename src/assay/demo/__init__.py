"""The source study's published figures, audited as what they are: a summary matrix."""

from assay.demo.published import run_demo

__all__ = ["run_demo"]
