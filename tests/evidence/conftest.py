"""What tests of evidence share: a complete run of recorded responses."""

from tests.runs.conftest import done, study

__all__ = ["done", "study"]
