"""The import order is the flow of the data, and importing is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "assay"
FLOW = (
    *(
        "errors",
        "files",
        "adapter_folders",
        "text",
        "progress",
        "rows",
        "embedded",
        "memory",
        "cores",
        "native",
        "schemas",
        "canonical",
    ),
    *("stats", "plan", "study", "tasks"),
    *(
        "engines",
        "inspecting",
        "records",
        "scoring",
        "verdicts",
        "report",
        "runs",
        "evidence",
        "parity",
        "interop",
        "planning",
        "training",
        "audit",
        "comparison",
        "registry",
        "view",
    ),
    *("demo", "doctor", "testing", "cli"),
)


def layer(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def imports(path: Path) -> set[str]:
    """Layers of assay that a file imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "assay":
            found |= {alias.name for alias in node.names if alias.name in FLOW}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("assay."):
            found.add(layer(node.module or ""))
        elif isinstance(node, ast.Import):
            found |= {layer(alias.name) for alias in node.names if alias.name.startswith("assay.")}
    return found


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.stem in FLOW)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_only_what_comes_before_it(path: Path) -> None:
    own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    assert own in FLOW, f"{own} has no place in the flow"
    before = FLOW[: FLOW.index(own) + 1]
    assert imports(path) <= set(before)


def test_statistics_see_no_other_part() -> None:
    for path in (SOURCE / "stats").rglob("*.py"):
        assert imports(path) <= {"stats"}


CLIENTS = {"httpx2", "tenacity"}


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_importing_assay_loads_nothing_heavy() -> None:
    assert not loaded_by("import assay") & {
        "torch",
        "numpy",
        "scipy",
        "nltk",
        "pandas",
        "pydantic",
        "rich",
        *CLIENTS,
    }


def test_help_loads_no_model_and_no_statistics() -> None:
    assert not loaded_by("import assay.cli") & {
        "torch",
        "numpy",
        "scipy",
        "nltk",
        "pandas",
        "pydantic",
        *CLIENTS,
    }


def test_a_client_of_servers_is_loaded_only_where_a_server_is_asked() -> None:
    assert not loaded_by("import assay.audit, assay.scoring.judge") & CLIENTS


def test_no_file_is_long() -> None:
    long = {
        str(path): length
        for path in SOURCE.rglob("*.py")
        if (length := len(path.read_text().splitlines())) > 500
    }
    assert not long
