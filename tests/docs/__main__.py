"""`make outputs`: writes into the pages what their commands print now."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.docs.fences import ROOT, fences, pages
from tests.docs.running import Page
from tests.docs.world import copy_world, make_world


def main() -> None:
    """Run every page with a console, and write its outputs."""
    with TemporaryDirectory() as folder:
        world = make_world(Path(folder))
        for page in pages():
            if any(fence.language == "console" for fence in fences(page)):
                write(page, world)


def write(page: Path, world: Path) -> None:
    """Replace the text of each console by what it shows now."""
    with TemporaryDirectory() as folder:
        copy_world(
            world, Path(folder), str(page.relative_to(ROOT / "docs")) if page.parent != ROOT else page.name
        )
        os.chdir(folder)
        under_way = Page(page, Path(folder), slow=False)
        under_way.run()
    text = page.read_text(encoding="utf-8")
    for fence in fences(page):
        if fence.line in under_way.printed:
            assert fence.code in text, f"{fence.place}: an indented console; put it at the margin"
            text = text.replace(fence.code, under_way.printed[fence.line])
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
