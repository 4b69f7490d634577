"""YAML is read strictly: what readers disagree about is refused by its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from assay.errors import StudyError
from assay.study import load_study, strict
from tests.study.studies import VALID, assert_refused, changed, refusal, write

REFUSED = {
    "a key given twice": ("    seed: 1", "    recipe: a\n    seed: 1", "12: adapters[0].recipe", "twice, first on line 11; remove one"),
    "an anchor": ("name: two bases", "name: &n two", "1: the anchor `&n`", "write the value out"),
    "an alias": ("    recipe: a\n", "    recipe: *n\n", "11: the alias `*n`", "write the value out"),
    "a tag": ("    seed: 1", "    seed: !!int '1'", "12: the tag", "remove it"),
    "a second document": ("margin: 0.05", "---\nmargin: 0.05", "24: a second document", "remove the `---`"),
    "a tab": ("    base: small", "\tbase: small", "9: a tab", "YAML needs spaces"),
    "broken YAML": ("    base: small", "    base: [small", "10: not YAML", "this line or the one above"),
    "a control character": ("    base: small", "    base: small\x07", "9: the character U+0007", "remove it"),
    "a list as a key": ("margin: 0.05", "[a]: 1", "24: a list or mapping where a name", "quote it"),
    "a key that is no text": ("  instruction:", "  no:", "21: claims.no", 'quote it: "no"'),
    "nesting without end": ("margin: 0.05", "engine: {options: " + "{a: " * 30 + "}" * 31, "24: nested", "20 deep"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "fix"), REFUSED.values(), ids=REFUSED)
def test_refused_with_line_and_fix(folder: Path, old: str, new: str, where: str, fix: str) -> None:
    assert_refused(folder, old, new, where, fix)


def test_an_alias_bomb_is_refused_at_once(folder: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert refusal(folder, bomb).startswith("study.yaml:1: the anchor `&a`")


def test_deep_nesting_is_refused_and_does_not_overflow(folder: Path) -> None:
    assert "study.yaml:1" in refusal(folder, "[" * 100_000)
    assert "study.yaml:1" in refusal(folder, "a: " + "{a: " * 100_000)


def test_without_libyaml_the_refusals_are_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict, "_LOADER", yaml.SafeLoader)
    for old, new, where, _ in REFUSED.values():
        assert f"study.yaml:{where.partition(':')[0]}:" in refusal(folder, changed(old, new))
    assert load_study(write(folder, VALID)).text == VALID
    assert "surrogate" in refusal(folder, changed("label: instruction", 'label: "\\ud800"'))


def test_problems_without_end_are_a_short_message(folder: Path) -> None:
    assert "and 980 more" in refusal(folder, "".join(f"{number}: 1\n" for number in range(1000)))
    assert len(refusal(folder, "a: [" + "b" * 50_000 + "\n: &" + "c" * 50_000)) < 1000


def test_a_file_with_many_problems_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict, "MOST", 30)
    with pytest.raises(StudyError, match=r"and 10 more$"):
        strict.parse("a: 1\n" * 100, Path("study.yaml"))
