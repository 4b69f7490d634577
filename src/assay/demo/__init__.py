"""`assay demo`: the controlled study on the embedded base, or published figures. It expects no outcome.

controlled, inert   trains adapters of two labels and an inert one, and audits them all
published           the source study's figures, as a summary matrix
"""

from assay.demo.published import run_demo

__all__ = ["run_demo"]
