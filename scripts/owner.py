"""The owner of the repository: pyproject.toml names it, and the other files repeat it.

make owner OWNER=NAME               # writes it everywhere
python -m scripts.owner --check     # fails while none is set
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
NONE = "OWNER"
"""Stands for the owner until one is set."""
FILES = ("pyproject.toml", "README.md", "CITATION.cff", "docs/tutorial/gate.md")
PLACE = re.compile(r"(?P<before>github(?:usercontent)?\.com/|uses: )(?P<owner>[\w.-]+)(?=/assay\b)")
"""Where a file names the owner."""


def owner(root: Path = ROOT) -> str:
    """The owner that pyproject.toml names."""
    address = tomllib.loads((root / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
    return str(address.split("/")[-2])


def named_owners(path: Path) -> list[str]:
    """The owners that a file names, in order."""
    return [place["owner"] for place in PLACE.finditer(path.read_text())]


def set_owner(new: str, root: Path = ROOT) -> None:
    """Write another owner wherever one is named."""
    for name in FILES:
        path = root / name
        path.write_text(PLACE.sub(lambda place: place["before"] + new, path.read_text()))


def main() -> None:
    """Check the owner, or set it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--check", action="store_true", help="fail while no owner is set")
    group.add_argument("--set", metavar="NAME")
    given = parser.parse_args()
    if given.set:
        set_owner(given.set)
    elif owner() == NONE:
        sys.exit("no owner is set; run `make owner OWNER=NAME`")


if __name__ == "__main__":
    main()
