"""Engines: where responses come from. `api` is the interface that each satisfies. They know no claim, task or store."""

from assay.engines.api import (
    Completion,
    Kind,
    Liveness,
    ModelRef,
    Partial,
    Problem,
    Prompt,
    Session,
    cut_after,
    named,
)
from assay.engines.fake import Fake
from assay.engines.preflight import Preflight, PreflightFunction, find_preflight
from assay.engines.recorded import Recorded, Row, Source, read_responses

__all__ = [
    "Completion",
    "Fake",
    "Kind",
    "Liveness",
    "ModelRef",
    "Partial",
    "Preflight",
    "PreflightFunction",
    "Problem",
    "Prompt",
    "Recorded",
    "Row",
    "Session",
    "Source",
    "cut_after",
    "find_preflight",
    "named",
    "read_responses",
]
