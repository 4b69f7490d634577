"""Every error that assay raises on purpose.

    AssayError                 something a user can mend
    |-- StudyError             the study file: form, or what it names
    |-- TaskError              a prompt or example file, or what a verifier needs (punkt)
    |-- EngineError            a base or an adapter that cannot be loaded, a request that cannot be answered
    |-- ResponsesError         a file of responses, a log, a summary
    |-- RunError               a run folder: records of another study, a second writer, a newer format
    `-- OutputError            the place to write to

A message names the file, the row or field, what was found, and the fix. Exit codes: 64 for every
error here, 70 for anything else that escapes, 130 when interrupted.
"""

__all__ = [
    "AssayError",
    "EngineError",
    "OutputError",
    "ResponsesError",
    "RunError",
    "StudyError",
    "TaskError",
]


class AssayError(Exception):
    """Something a user can mend; the command line prints the message and exits with 64."""


class StudyError(AssayError):
    """The study file is malformed, or names what does not exist."""


class TaskError(AssayError):
    """A task's prompt or example file is unusable, or a verifier lacks what it needs."""


class EngineError(AssayError):
    """A base or an adapter cannot be loaded, or a request cannot be answered."""


class ResponsesError(AssayError):
    """A file of recorded responses, a log, or a summary is unusable."""


class RunError(AssayError):
    """A run folder cannot be used: foreign, locked, damaged, or of a newer format."""


class OutputError(AssayError):
    """The place to write to cannot be written."""
