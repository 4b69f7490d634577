"""What `assay demo` shows: the controlled study on the embedded base, or else figures that were published.

controlled, inert   trains adapters of two labels and an inert one, and audits them all
published           the source study's figures, audited as what they are: a summary matrix
"""

from assay.demo.published import run_demo

__all__ = ["run_demo"]
