"""Where responses come from. A new engine is one file that satisfies `Engine`, or a `Surveyor` for weights."""

from assay.engines.engine import Completion, Engine, Kind, Request, cut_after, named
from assay.engines.fake import Fake
from assay.engines.recorded import Recorded, Row, Source, read_responses
from assay.engines.weights import Liveness, Loaded, Problem, Survey, Surveyor, Weights, surveyor

__all__ = [
    "Completion",
    "Engine",
    "Fake",
    "Kind",
    "Liveness",
    "Loaded",
    "Problem",
    "Recorded",
    "Request",
    "Row",
    "Source",
    "Survey",
    "Surveyor",
    "Weights",
    "cut_after",
    "named",
    "read_responses",
    "surveyor",
]
