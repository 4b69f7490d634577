"""Parts hold every example of a batch once, end to end; the order of the examples is the seed's."""

from __future__ import annotations

from array import array
from collections import Counter

import torch

from assay.training.batches import Example, Feed, Part, order, parts
from assay.training.tokens import Tokenised

EXAMPLES = [Example(range(first, first + length), 1) for first, length in ((0, 3), (10, 5), (20, 5), (30, 2))]


def test_a_part_lays_its_examples_end_to_end_the_longest_first() -> None:
    part = Part.of(EXAMPLES)
    assert part.tokens.tolist() == [[*range(10, 15), *range(20, 25), 0, 1, 2, 30, 31]]
    assert part.positions.tolist() == [[*range(5), *range(5), 0, 1, 2, 0, 1]]
    assert part.blocks == ((2, 5), (1, 3), (1, 2))


def test_each_learnt_token_is_the_one_after_its_place_and_in_the_same_example() -> None:
    part = Part.of([Example([1, 2, 3, 4], 2), Example([5, 6, 7], 1)])
    assert part.learnt.tolist() == [3, 4, 6, 7]
    assert torch.equal(part.tokens[0, part.before + 1], part.learnt)


def test_a_first_token_is_never_learnt() -> None:
    assert Part.of([Example([1, 2], 0), Example([3], 0)]).learnt.tolist() == [2]


def test_parts_hold_every_example_once_within_both_limits() -> None:
    whole = list(parts(EXAMPLES, most=2, tokens=9))
    assert [part.blocks for part in whole] == [((1, 5),), ((1, 5), (1, 3)), ((1, 2),)]
    seen = Counter(token for part in whole for token in part.tokens[0].tolist())
    assert seen == Counter(token for example in EXAMPLES for token in example.tokens)


def test_an_example_longer_than_the_limit_is_a_part_of_its_own() -> None:
    assert [part.blocks for part in parts(EXAMPLES, most=9, tokens=4)] == [
        *(((1, 5),), ((1, 5),), ((1, 3),), ((1, 2),))
    ]


def test_without_a_limit_of_tokens_examples_alone_are_counted() -> None:
    assert [part.blocks for part in parts(EXAMPLES, most=4, tokens=None)] == [((2, 5), (1, 3), (1, 2))]


def test_the_feed_gives_rows_in_the_order_given_as_often_as_given() -> None:
    tokens = Tokenised((array("i", [1, 2, 3]), array("i", [4, 5])), (1, 1), 0, ())
    feed = Feed(tokens, [1, 0, 1])
    assert [list(feed[i].tokens) for i in range(len(feed))] == [[4, 5], [1, 2, 3], [4, 5]]
    assert feed.tokens(0, 2) == 5


def test_every_row_comes_as_often_as_any_other_or_once_more() -> None:
    rows = order([3] * 10, steps=5, batch=5, seed=1)
    assert len(rows) == 25
    assert {rows.count(row) for row in range(10)} == {2, 3}


def test_rows_of_like_length_share_a_batch_and_batches_come_in_any_order() -> None:
    lengths = [1, 9, 5] * 20
    rows = order(lengths, steps=15, batch=4, seed=1)
    batches = [{lengths[row] for row in rows[start : start + 4]} for start in range(0, 60, 4)]
    assert sum(len(batch) > 1 for batch in batches) <= 4
    assert [max(batch) for batch in batches] != sorted(max(batch) for batch in batches)


def test_the_order_is_the_seeds() -> None:
    lengths = list(range(50))
    assert order(lengths, 10, 5, seed=1) == order(lengths, 10, 5, seed=1) != order(lengths, 10, 5, seed=2)
