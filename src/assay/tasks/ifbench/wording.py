"""Properties of every word: letters, lengths, syllables. Each check returns None when followed, else the reason."""

from __future__ import annotations

import re
import string
from collections import Counter
from itertools import pairwise

from assay.tasks.ifbench.english import SYLLABLES, TAGGER, syllables, tokens, verbless
from assay.tasks.ifbench.marks import bare, has_word, unmarked
from assay.tasks.ifbench.registry import COUNT, fixed, instruction
from assay.tasks.ifeval.matching import amount, numbered, quoted

_ALPHABET = string.ascii_lowercase
_CLUSTER = re.compile("[bcdfghjklmnpqrstvwxyz]{2}")
_PRIMES = frozenset(n for n in range(2, 98) if all(n % divisor for divisor in range(2, n)))
# Articles, coordinating conjunctions and prepositions of up to four letters.
_MINOR = frozenset(
    (  # noqa: SIM905 - to be read as words
        "a an the and but for nor or so yet as at by if in of off on per to up via down from into like near "
        "once onto out over past than upon with"
    ).split()
)
_TITLE_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@instruction("words:alphabet")
def alphabet(text: str) -> str | None:
    """Each word starts with the letter after the one before, with a after z, whatever the first."""
    words = bare(text).split()
    if not words:
        return "no words"
    letter = words[0][0].lower()
    if letter not in _ALPHABET:
        return f'the first word starts with "{letter}"'
    for place, word in enumerate(words[1:], 2):
        letter = _ALPHABET[(_ALPHABET.index(letter) + 1) % 26]
        if word.lower()[0] != letter:
            return f'word {place}, "{word[:40]}", does not start with "{letter}"'
    return None


@instruction("words:vowel")
def vowel(text: str) -> str | None:
    """One line with at most three of the letters a, e, i, o, u."""
    text = text.strip()
    if "\n" in text:
        return f"{text.count(chr(10)) + 1} lines, a single paragraph asked"
    vowels = sorted(set("aeiou") & set(text.lower()))
    return None if len(vowels) <= 3 else f"{len(vowels)} vowels ({quoted(vowels)}), at most 3 asked"


@instruction("words:consonants")
def consonants(text: str) -> str | None:
    """Each word has two consonants side by side; in the reference, a lone mark is a word without any."""
    return _clustered(text.lower().split())


@fixed("words:consonants", "the reference takes a lone mark for a word")
def consonants_fixed(text: str) -> str | None:
    """Likewise; a lone mark is no word."""
    words = [word for word in text.lower().split() if has_word(word)]
    return _clustered(words) if words else "no words"


@instruction("words:palindrome")
def palindrome(text: str) -> str | None:
    """At least ten words of five letters or more that read the same backwards."""
    palindromes = [word for word in bare(text).lower().split() if len(word) >= 5 and word == word[::-1]]
    return amount(len(palindromes), "at least", 10, "palindrome")


@instruction("words:prime_lengths")
def prime_lengths(text: str) -> str | None:
    """Each word's length is a prime below 100; the reference drops ASCII marks alone, and passes no words."""
    return _prime(bare(text).split())


@fixed(
    "words:prime_lengths",
    "the reference counts curly quotes and dashes as letters, and passes a text without words",
)
def prime_lengths_fixed(text: str) -> str | None:
    """Likewise, without the marks of any script; one word at least."""
    words = unmarked(text).split()
    return _prime(words) if words else "no words"


@instruction("words:start_verb", punkt=True, needs=(TAGGER,))
def start_verb(text: str) -> str | None:
    """nltk's tagger takes the first word for a form of a verb."""
    reason = verbless(text)
    return reason and f"starts with {reason}, a verb asked"


@instruction("words:repeats", small_n=COUNT)
def repeats(text: str, small_n: int) -> str | None:
    """No word comes more often, in any case and without ASCII punctuation."""
    counts = Counter(bare(text.lower()).split())
    often = {word for word, count in counts.items() if count > small_n}
    if not often:
        return None
    word = min(often, key=lambda each: (-counts[each], each))
    return f'"{word[:40]}" {counts[word]} times, at most {small_n} asked'


@instruction("words:odd_even_syllables", needs=(SYLLABLES,))
def odd_even_syllables(text: str) -> str | None:
    """Words with an odd and an even number of syllables take turns; a word with a digit has none."""
    words = bare(text).lower().split()
    counts = [syllables(word) for word in words]
    for place, (earlier, later) in enumerate(pairwise(counts)):
        if earlier % 2 == later % 2:
            return f'"{words[place][:40]}" and "{words[place + 1][:40]}": {earlier} and {later} syllables'
    return None


@instruction("words:no_consecutive")
def no_consecutive(text: str) -> str | None:
    """No two words side by side start with the same letter, in any case."""
    for earlier, later in pairwise(bare(text.lower()).split()):
        if earlier[0] == later[0]:
            return f'"{earlier[:40]} {later[:40]}" start with the same letter'
    return None


@instruction("format:title_case", punkt=True)
def title_case(text: str) -> str | None:
    """None of nltk's words is in lower case, or in capitals behind a small letter.

    The reference takes `of` for a major word, and the `n't` of `Don't` for a word.
    """
    for word in tokens(text):
        if word[0].isalpha() and word[0].islower() and (len(word) == 1 or _one_case(word[1:])):
            return f'"{word[:40]}" is not in title case'
    return None


@fixed("format:title_case", "the reference asks for capitals in minor words, and in the n't of Don't")
def title_case_fixed(text: str) -> str | None:
    """Each word starts with a capital but those of one case behind a small letter, and minor words inside."""
    words = [word for word in _TITLE_WORD.findall(text) if word[0].isalpha()]
    for place, word in enumerate(words):
        if not word[0].islower() or (place and word in _MINOR):
            continue
        if len(word) == 1 or _one_case(word[1:]):
            return f'"{word[:40]}" is not in title case'
    return None if words else "no words"


def _one_case(rest: str) -> bool:
    return rest.islower() or rest.isupper()


def _clustered(words: list[str]) -> str | None:
    for word in words:
        if not _CLUSTER.search(word):
            return f'"{word[:40]}" has no two consonants together'
    return None


def _prime(words: list[str]) -> str | None:
    for word in words:
        if len(word) not in _PRIMES:
            return f'"{word[:40]}" has {numbered(len(word), "letter")}, which is no prime'
    return None
