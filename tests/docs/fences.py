"""Reads the fences of a page: code, its language, and what is written above it about running it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_RUN = {
    "install": "installs packages",
    "hub": "downloads models or data from the hub",
    "server": "needs a server with a model",
    "slow": "trains or generates: run by the slow tests",
    "demo": "takes minutes: run by `make demo`",
    "serves": "goes on until it is interrupted",
    "workflow": "a part of a file of another program",
    "extra": "needs packages that the tests do not install",
}
"""What `<!-- not run: WORD -->` above a fence means; nothing else is left out."""
SHOWN = ("text", "pyi", "toml", "json", "jsonl")
"""Languages that nothing is done with, but for a file that is written because it has a title."""
FENCE = re.compile(
    r"(?:^ *<!-- (?P<mark>not run|exit): (?P<word>\w+) -->\n)?"
    r'^(?P<indent> *)```(?P<language>[\w-]*)(?: title="(?P<title>[^"]+)")?(?P<rest>[^\n]*)\n(?P<code>.*?)^ *```$',
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Fence:
    page: Path
    line: int
    language: str
    title: str
    """The file that it shows; empty for none."""
    code: str
    not_run: str
    """A word of `NOT_RUN`, or empty."""
    exit: int

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def fences(page: Path) -> Iterator[Fence]:
    """The fences of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start("language")) + 1
        assert not found["rest"].strip(), f"{page}:{line}: {found['rest']} after the language"
        marked = {found["mark"]: found["word"]}
        code = re.sub(f"^{found['indent']}", "", found["code"], flags=re.MULTILINE)
        not_run, exit_code = marked.get("not run", ""), int(marked.get("exit", 0))
        yield Fence(page, line, found["language"], found["title"] or "", code, not_run, exit_code)


def pages() -> list[Path]:
    """Every page that people write; the reference is written from the code."""
    docs = [page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name != "reference"]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *docs]
