"""Each rule of FollowBench passes and fails what the reference does, also where that is harsh or lax."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.followbench import FollowBenchRules
from assay.tasks.followbench.rules import BY_LEVEL, BY_TARGET, fails
from assay.tasks.followbench.task import FollowBenchJudged

LONG = " ".join(["word"] * 21)
TABLE = f"{LONG}.\n\n{LONG}.\n\n{LONG}."
STARS = "\n".join(f"**{n}. K: it makes many new jobs for all of us here now." for n in range(1, 6))

# Written by hand; each was put through the reference as well (commit 6278f4c of YJiangcm/FollowBench).
BEST = {
    "cnn_dailymail": "Potter gets rich. The actor is calm. The films have begun.",
    "xsum": "The operation is moving on.",
    "samsum": "Kim does stuff.",
    "gigaword": "two people were killed in an attack today",
    "arxiv": "We analyze activations.",
}
FAILED_AT = {
    "cnn_dailymail": (
        "Potter gets rich. The actor is calm.",
        f"Potter gets rich. The actor is calm {LONG}. The films have begun.",
        "Potter gets rich. The films have begun. The actor is calm.",
        "Potter gets rich. The lavish actor is calm. The films have begun.",
        "Potter gets rich. The actor is calm. The films began.",
    ),
    "xsum": (
        "The operation is moving on. It is.",
        f"The operation is moving on {LONG}.",
        "The operation is moving on in Newton Stewart.",
        "The operation moves on.",
        "The work is moving on.",
    ),
    "samsum": (
        "Kim does stuff. Tim too.",
        f"Kim does stuff {LONG}.",
        "Kim does a thing.",
        "Kim stops procrastinating on stuff.",
        "Kim, too, does stuff.",
    ),
    "gigaword": (
        "two people were killed in an attack",
        "two people were killed in an attack today.",
        "Two people were killed in an attack today",
        "two people were killed in a bus today",
        "two people were killed at an attack today",
    ),
    "arxiv": (
        "We analyze activations. We do.",
        f"We analyze activations {LONG}.",
        "Here we analyze activations.",
        "We analyze weights.",
        "We analyze activations of a transformer.",
    ),
}


@pytest.mark.parametrize("source", BEST)
def test_the_best_response_passes_every_level(source: str) -> None:
    assert [fails(source, BEST[source], "", level) for level in range(1, 6)] == [None] * 5


@pytest.mark.parametrize(
    ("source", "level"), [(source, level) for source in FAILED_AT for level in range(1, 6)]
)
def test_a_broken_constraint_fails_from_its_level_on(source: str, level: int) -> None:
    response = FAILED_AT[source][level - 1]
    assert [fails(source, response, "", one) is None for one in range(1, 6)] == [
        one < level for one in range(1, 6)
    ]
    assert fails(source, response, "", level) == BY_LEVEL[source][level - 1].failure


def test_harsh_and_lax_as_the_reference() -> None:
    assert fails("xsum", "It is 3.5 degrees", "", 1) == "is not one sentence"
    assert fails("xsum", "One sentence. ", "", 1) == "is not one sentence"
    assert fails("WIKIEVENTS", "a", "a\nb\nc", 5) is None
    assert fails("WIKIEVENTS", "a\na", "a\nb\nc", 5) is None
    assert fails("E2E", "name[x]\n", "name[x]", 1) is not None
    numbered = "\n\n".join(f"{n}. {LONG}." for n in (1, 2, 3))
    assert [fails("format-22", TABLE, "", level) is None for level in (1, 2, 3, 4, 5)] == [True] * 3 + [
        False
    ] * 2
    assert fails("format-22", numbered, "", 4) == "a sentence has 20 words or fewer"
    assert (
        fails("format-22", f"{TABLE}\n\nThose are suggestions", "", 5) == "a sentence has 20 words or fewer"
    )
    assert fails("format-30", "**a** quickly", "", 1) is None
    assert fails("format-30", "**a** quickly", "", 2) == "has not 5 keywords like `**1. Growth:`"
    assert fails("format-30", STARS, "", 2) is None


@pytest.mark.parametrize(
    ("rule", "target", "right", "wrong"),
    [
        ("E2E", "name[x]", "name[x]", "name[y]"),
        ("WIKIEVENTS", "a died\nb died", "b died", "c died"),
        ("CONLL2003", ["Bonn", "Paris"], "Paris", "Paris."),
        ("text_editing", "a b", "a b", "A b"),
        ("BBH_logical", "(B)", "Not (A) but (B).", "(B), no: (A)"),
        ("BBH_time", "12/29/1937", "12/28/1937 and a day: 12/29/1937", "12/29/37"),
        ("self_made_space", "14th floor", "On the 14th floor.", "On floor 14."),
        ("gsm_8k", "$14", "$12 and $2 make $14.", "$14 of $20"),
        ("example", "{instruction}\nBOT: {answer}", "BOT: yes", "yes"),
        ("example", "{instruction}\nBOT: {answer}", "BOT: ", "BOT: yes\n"),
        ("example", "{instruction}\n{{'a': '{answer}'}}", "{'a': 'x'}", "{{'a': 'x'}}"),
        ("example", "{instruction}\n[Answer]\n{answer}", "[Answer]\nx", "[Answer] x"),
    ],
)
def test_a_right_answer_passes_and_a_wrong_one_fails(
    rule: str, target: object, right: str, wrong: str
) -> None:
    assert fails(rule, right, target, 1) is None
    assert fails(rule, wrong, target, 1)


@given(st.sampled_from([*BY_LEVEL, "format-22"]), st.text(max_size=300), st.integers(1, 4))
def test_levels_only_add_constraints(rule: str, response: str, level: int) -> None:
    if rule != "format-22" or level < 4:  # its last level wants another number of paragraphs
        assert fails(rule, response, "", level) is None or fails(rule, response, "", level + 1) is not None


@given(st.sampled_from([*BY_TARGET]), st.text(max_size=200), st.text(max_size=50))
def test_any_text_passes_or_gets_a_reason(rule: str, response: str, target: str) -> None:
    given_target: object = [target] if rule == "CONLL2003" else target
    assert fails(rule, response, given_target, 1) is None or isinstance(
        fails(rule, response, given_target, 1), str
    )


@pytest.mark.parametrize("rule", [*BY_LEVEL, "format-22", *BY_TARGET])
def test_a_long_text_takes_no_time(rule: str) -> None:
    for text in ("a. " * 30_000, "**1" * 30_000, "\n\n" * 30_000, "am " * 30_000):
        fails(rule, text, "x", 5)


def test_the_real_files_split_into_350_and_470_prompts(shared: Path) -> None:
    data = shared / "data/followbench"
    rules, judged = FollowBenchRules().read(data), FollowBenchJudged().read(data)
    assert (len(rules), len(judged)) == (350, 470)
    task = FollowBenchRules()
    assert {
        len({example.data["level"] for example in rules if task.cluster(example) == group})
        for group in map(task.cluster, rules)
    } == {5}
    assert not {example.key for example in rules} & {example.key for example in judged}


def test_the_right_answers_of_the_real_files_pass(shared: Path) -> None:
    task = FollowBenchRules()
    passed = []
    for example in task.read(shared / "data/followbench"):
        target = example.data["target"]
        if example.data["rule"] == "example":
            answer = target.replace("{instruction}\n", "").replace("{{", "{").replace("}}", "}")
            passed.append(task.score(example, answer.replace("{answer}", "x")).passed)
        elif example.data["rule"] in BY_TARGET:
            passed.append(task.score(example, target[0] if isinstance(target, list) else target).passed)
    assert len(passed) == 315
    assert set(passed) == {(1,)}
