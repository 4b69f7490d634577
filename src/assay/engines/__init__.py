"""Where responses come from. A new engine is one file that satisfies `Engine`."""

from assay.engines.engine import Completion, Engine, Kind, Request
from assay.engines.recorded import Recorded, Row, Source, file_sha256, read_rows

__all__ = ["Completion", "Engine", "Kind", "Recorded", "Request", "Row", "Source", "file_sha256", "read_rows"]
