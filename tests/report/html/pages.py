"""Pages of runs, and the data inside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import assay


def page_of(study: Path, out: Path) -> str:
    assay.run(study, out)
    return (out / "report.html").read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    text = page.split('<script type="application/json" id="flip-data">')[1].split("</script>")[0]
    loaded: dict[str, Any] = json.loads(text)
    return loaded
