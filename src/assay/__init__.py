"""assay tests LoRA adapters against their labels.

    import assay

    result = assay.run("study.yaml", out="runs/mine")
    for claim in result.claims:
        print(claim.adapter, claim.metric, claim.verdict, claim.interval)

Nothing heavy is imported until one of these names is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay import stats
    from assay.audit import check, decide, gate, open_result, run
    from assay.errors import AssayError
    from assay.runs import Run
    from assay.runs.resolve import resolve
    from assay.study import Study, load_study
    from assay.verdicts import Result

__all__ = [
    "AssayError",
    "Result",
    "Run",
    "Study",
    "__version__",
    "check",
    "decide",
    "gate",
    "load_study",
    "open_result",
    "resolve",
    "run",
    "stats",
]

__version__ = "0.1.0"

_HOMES = {
    "AssayError": "assay.errors",
    "Result": "assay.verdicts",
    "Run": "assay.runs",
    "Study": "assay.study",
    "check": "assay.audit",
    "decide": "assay.audit",
    "gate": "assay.audit",
    "load_study": "assay.study",
    "open_result": "assay.audit",
    "resolve": "assay.runs.resolve",
    "run": "assay.audit",
}


def __getattr__(name: str) -> Any:
    if name == "stats":
        return import_module("assay.stats")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'assay' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
