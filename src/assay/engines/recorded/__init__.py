"""Recorded responses: files of several formats, and the engine that looks them up. It loads no model.

responses, lm_eval -> rows of a file     engine -> rows matched to examples     summary -> aggregate scores
"""

from assay.engines.recorded.engine import Recorded, Source, match
from assay.engines.recorded.responses import Row, read_responses

__all__ = ["Recorded", "Row", "Source", "match", "read_responses"]
