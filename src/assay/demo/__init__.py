"""`assay demo`: the controlled study on the embedded base, recorded responses, or published figures. It expects no outcome.

controlled, inert   trains adapters of two labels and an inert one, and audits them all
recorded            a small audit of responses that ship with assay
published           the source study's figures, as a summary matrix
"""

from assay.demo.published import run_demo

__all__ = ["run_demo"]
