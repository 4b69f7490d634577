"""The README's tree names what is there."""

from __future__ import annotations

import re

from tests.docs.fences import ROOT


def test_what_the_readme_s_tree_names_is_there() -> None:
    tree = re.search(r"```text\nsrc/assay/\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert tree
    open_folders: list[str] = ["src/assay"]
    for line in tree[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        names = re.match(r"\s*((?:[\w.]+/? )+) ", line + " ")
        assert names, line
        for name in names[1].split():
            above = open_folders[:depth] if depth else []
            assert (ROOT.joinpath(*above, name)).exists(), line
            open_folders = [*open_folders[:depth], name] if depth else open_folders


def test_every_room_is_in_the_readme_s_tree() -> None:
    text = (ROOT / "README.md").read_text()
    for folder in (ROOT / "src" / "assay").iterdir():
        if folder.is_dir() and not folder.name.startswith("__") and folder.name != "embedded":
            assert f"  {folder.name}/ " in text, folder.name
