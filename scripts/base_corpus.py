"""What the embedded base reads: a mixture of the small world's examples, as text and as tokens.

It knows no model. A chunk of the corpus is a function of the mixture and the chunk's number, so that
training can stop and go on anywhere.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from assay.demo.synthetic import DIFFICULTY, TIDY, Difficulty, Habits, Pair, stream
from assay.demo.synthetic.kind import ANSWER
from assay.demo.synthetic.portable_random import happens, pick, seeded, shuffled
from assay.tasks import TASKS, Example, load_task

__all__ = [
    "CHAT",
    "SPECIAL",
    "START",
    "TEMPLATE",
    "Mixture",
    "chunks",
    "digest_of",
    "documents",
    "train_tokenizer",
]

END, START, STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPECIAL = (END, START, STOP)
"""Tokens 0, 1, 2: after a document, before and after a turn."""
CHAT = f"{START}user\n{{prompt}}{STOP}\n{START}assistant\n{{response}}{STOP}\n"
TEMPLATE = (
    "{% for message in messages %}"
    r"{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    r"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""ChatML, which transformers and vLLM run as it is, and llama.cpp knows by its marks."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """What the corpus is made of."""

    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "text": 1.0,
            "talk": 1.5,
            "instructions": 3.0,
            "problems": 3.5,
            "lists": 4.0,
            "passages": 4.0,
        }
    )
    """Examples of each kind, relative."""
    chat: float = 0.7
    """Share of examples under the chat template; the others are plain."""
    habits: Mapping[str, Habits] = field(
        default_factory=lambda: {
            "instructions": Habits(0.15, 0.95),
            "problems": Habits(0.15, 0.95),
            "lists": Habits(0.35, 1.0),
            "passages": Habits(0.35, 1.0),
        }
    )
    """How often examples do as they are asked; always, for kinds that are not named.

    A base that decodes greedily obeys the wordings whose share is above about one half. One that obeys
    0, 1, 2, 3 or 4 of the four wordings, and never errs, scores .05, .17, .38, .64, 1 on instructions
    and about 0, .25, .5, .75, 1 on lists and passages; what it cannot do comes off that.
    """
    levers: Difficulty = DIFFICULTY
    """How hard they are; the tasks are drawn with DIFFICULTY whatever this says."""
    chunk: int = 2000
    """Examples in a chunk."""
    first_lists: int = 5
    """Chunks at the beginning that hold lists alone."""
    copies: tuple[int, int] = (33, 40)
    """Chunks from the one to before the other hold lists to copy alone: among much else, copying is learnt late."""
    seed: int = 0


def documents(mixture: Mixture, number: int) -> Iterator[str]:
    """The examples of one chunk, as texts that end in a mark."""
    generator = seeded("corpus", mixture.seed, number)
    seed = mixture.seed * 1_000_000 + number
    kinds = tuple(mixture.weights)
    copying = mixture.copies[0] <= number < mixture.copies[1]
    alone = copying or number < mixture.first_lists
    weights = [float(kind == "lists") if alone else mixture.weights[kind] for kind in kinds]
    streams = {
        kind: stream(kind, "pretrain", seed, difficulty=mixture.levers, habits=mixture.habits.get(kind, TIDY))
        for kind in kinds
    }
    for _ in range(mixture.chunk):
        kind = pick(generator, kinds, weights)
        pair = next(streams[kind])
        while copying and not (", " in pair.data["answer"] and pair.data["answer"] in pair.prompt):
            pair = next(streams[kind])
        yield _written(kind, pair, generator, mixture.chat) + END


def _written(kind: str, pair: Pair, generator: random.Random, chat: float) -> str:
    """An example under the chat template, or as its task is asked without one."""
    if not pair.prompt:
        return pair.response
    if happens(generator, chat):
        return CHAT.format(prompt=pair.prompt, response=pair.response)
    if f"world-{kind}" not in TASKS:
        return f"{pair.prompt}\n\n{pair.response}"
    asked = load_task(f"world-{kind}")().prompt(Example(pair.key, pair.prompt, pair.data), False, 0)
    return f"{asked}{'' if asked.endswith(chr(10)) else ' '}{pair.response.removeprefix(f'{ANSWER} ')}"


def chunks(mixture: Mixture, tokenizer: Tokenizer, first: int, length: int) -> Iterator[NDArray[np.uint16]]:
    """Chunks from the first one on, as rows of `length` + 1 tokens: whole examples, then END to the end."""
    number = first
    while True:
        encoded = tokenizer.encode_batch(list(documents(mixture, number)))
        packed = _packed([one.ids[: length + 1] for one in encoded], length + 1)
        rows = np.zeros((len(packed), length + 1), dtype=np.uint16)
        for place, row in enumerate(shuffled(seeded("rows", mixture.seed, number), packed)):
            rows[place, : len(row)] = row
        yield rows
        number += 1


def _packed(texts: Sequence[list[int]], size: int) -> list[list[int]]:
    """Rows of at most `size` tokens, the longest texts first, each into the fullest row that has room."""
    rows: list[list[int]] = []
    room: dict[int, list[int]] = {left: [] for left in range(size + 1)}
    for text in sorted(texts, key=len, reverse=True):
        left = next((left for left in range(len(text), size + 1) if room[left]), None)
        if left is None:
            rows.append([])
            place, left = len(rows) - 1, size
        else:
            place = room[left].pop()
        rows[place] += text
        room[left - len(text)].append(place)
    return rows


def train_tokenizer(mixture: Mixture, vocabulary: int, examples: int) -> Tokenizer:
    """Byte-level BPE with digits on their own, split as SmolLM's is: llama.cpp's pre-tokenizer `smollm`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    chunks_of_all = range(mixture.first_lists, 10**6)
    texts = (text for number in chunks_of_all for text in documents(mixture, number))
    # Marks are tokens of their own, so that no merge may learn them.
    plain = (text.replace(END, "").replace(START, "").replace(STOP, "") for text in islice(texts, examples))
    tokenizer.train_from_iterator(plain, trainer)
    return tokenizer


def digest_of(before: str, tokens: NDArray[np.uint16]) -> str:
    """The SHA-256 of a digest and the rows after it: what was read so far, in its order."""
    return hashlib.sha256(before.encode() + tokens.astype("<u2").tobytes()).hexdigest()
