"""Draws are the same on every platform."""

from __future__ import annotations

from assay.demo.synthetic.portable_random import between, choose, happens, pick, seeded, several, shuffled


def test_draws_are_the_same_everywhere() -> None:
    # From the SHA-256 of the parts and CPython's promise about `Random.random`.
    generator = seeded("golden", 1)
    assert [between(generator, 1, 100) for _ in range(5)] == [27, 41, 41, 65, 12]
    assert several(generator, range(50), 3) == [47, 13, 32]
    assert shuffled(generator, "abcde") == ["c", "e", "d", "b", "a"]
    assert not happens(generator, 0.5)


def test_a_weight_of_zero_is_never_picked() -> None:
    generator = seeded("weights")
    assert {pick(generator, "abc", (1, 2, 0)) for _ in range(500)} == {"a", "b"}
    assert {choose(generator, "abc") for _ in range(200)} == set("abc")
