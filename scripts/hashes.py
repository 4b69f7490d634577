"""Writes the pinned requirements with the hashes of their files, for an installation that trusts no index.

pip install --dry-run --ignore-installed --no-deps --report report.json -r requirements.lock
python -m scripts.hashes report.json > requirements.hashes.txt
pip install --require-hashes --no-deps -r requirements.hashes.txt

The files are those that pip chooses on this machine: another platform needs a list of its own. A constraints file
(`pip install -c`) cannot hold hashes, so `requirements.lock` stays without.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["hashed"]


def hashed(report: Mapping[str, Any]) -> Iterator[str]:
    """A line for each file in pip's installation report. Raises ValueError for one without a SHA-256, or of another origin."""
    for entry in sorted(report["install"], key=lambda entry: str(entry["metadata"]["name"]).lower()):
        name, version = entry["metadata"]["name"], entry["metadata"]["version"]
        sha256 = entry["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if sha256 is None:
            raise ValueError(f"{name} {version} has no SHA-256 in the report; was it built here?")
        yield f"{name}=={version} --hash=sha256:{sha256}"


def main() -> None:
    """Print the requirements of a report."""
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print("\n".join(hashed(report)))


if __name__ == "__main__":
    main()
