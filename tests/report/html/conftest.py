from __future__ import annotations

import pytest
from scripts.generated_study import Shape, generate

from tests.report.html.pages import page_of

SMALL = Shape(bases=2, recipes=3, seeds=2, numeric_tasks=2, prompts=40)


@pytest.fixture(scope="package")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    return page_of(generate(folder / "in", SMALL), folder / "run")
