"""The 58 instructions of IFBench: what each is called, what it needs, who judges it, and where the reference errs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.tasks.ifbench import answers, counts, layout, nesting, places, ratios, repeats, tables, wording
from assay.tasks.ifbench.english import STOPWORDS, SYLLABLES, TAGGER
from assay.tasks.instructions import Argument, Instruction

__all__ = ["INSTRUCTIONS"]


def _is_whole(value: object) -> bool:
    """5 and 5.0: the published file has both."""
    return type(value) in (int, float) and value == value // 1  # type: ignore[operator]


COUNT = Argument("a whole number, 1 or more", lambda value: _is_whole(value) and value >= 1, int)
PLACE = Argument("a whole number, 0 or more", lambda value: _is_whole(value) and value >= 0, int)
PERCENT = Argument("a whole number, 0 to 100", lambda value: _is_whole(value) and 0 <= value <= 100, int)
TEXT = Argument("a text", lambda value: isinstance(value, str) and bool(value.strip()))


def _disorder(arguments: Mapping[str, Any]) -> str:
    low, high = arguments["min_words"], arguments["max_words"]
    if low <= high:
        return ""
    return f"`min_words` is {low} and `max_words` {high}; the first must not be the larger"


def _outside(arguments: Mapping[str, Any]) -> str:
    start, end = arguments["n_start"], arguments["n_end"]
    words = len(arguments["prompt_to_repeat"].split())
    if start <= end < words:
        return ""
    return (
        f"`n_start` is {start} and `n_end` {end} of {words} words counted from 0; a span of these is expected"
    )


_ONE_SENTENCE = "the reference passes a single sentence, which nothing is compared with"
_COUNTS = {
    "count:word_count_range": Instruction(
        counts.word_count_range, {"min_words": COUNT, "max_words": COUNT}, clash=_disorder
    ),
    "count:unique_word_count": Instruction(
        counts.unique_word_count,
        {"N": COUNT},
        counts.unique_word_count_fixed,
        "the reference counts a lone mark as a word",
    ),
    "count:conjunctions": Instruction(
        counts.conjunctions,
        {"small_n": COUNT},
        counts.conjunctions_fixed,
        "the reference takes `and`, `And` and `and,` for different conjunctions",
    ),
    "count:person_names": Instruction(counts.person_names, {"N": COUNT}),
    "count:numbers": Instruction(counts.numbers, {"N": COUNT}),
    "count:pronouns": Instruction(counts.pronouns, {"N": COUNT}, punkt=True),
    "count:punctuation": Instruction(counts.punctuation),
    "count:words_japanese": Instruction(
        counts.words_japanese,
        {"N": COUNT},
        counts.words_japanese_fixed,
        "the reference passes a text that ends before the first word in question",
    ),
    "count:keywords_multiple": Instruction(
        counts.keywords_multiple,
        {f"keyword{number}": TEXT for number in range(1, 6)},
        counts.keywords_multiple_fixed,
        "the reference counts a keyword inside other words",
    ),
}
_RATIOS = {
    "ratio:stop_words": Instruction(ratios.stop_words, {"percentage": PERCENT}, needs=(STOPWORDS,)),
    "ratio:sentence_type": Instruction(
        ratios.sentence_type,
        fixed=ratios.sentence_type_fixed,
        why="the reference misses a sentence that ends in a quotation mark or bracket, and passes none and none",
        punkt=True,
    ),
    "ratio:sentence_balance": Instruction(
        ratios.sentence_balance,
        fixed=ratios.sentence_balance_fixed,
        why="the reference misses a sentence that ends in a quotation mark or bracket, and passes none of each",
        punkt=True,
    ),
    "ratio:sentence_words": Instruction(
        ratios.sentence_words,
        fixed=ratios.sentence_words_fixed,
        why="the reference does not ask for different words",
        punkt=True,
    ),
    "ratio:overlap": Instruction(ratios.overlap, {"reference_text": TEXT, "percentage": PERCENT}),
}
_SENTENCES = {
    "sentence:alliteration_increment": Instruction(
        places.alliteration_increment,
        fixed=places.alliteration_increment_fixed,
        why=_ONE_SENTENCE,
        punkt=True,
    ),
    "sentence:keyword": Instruction(places.keyword, {"word": TEXT, "N": COUNT}, punkt=True),
    "sentence:increment": Instruction(
        places.increment, {"small_n": COUNT}, places.increment_fixed, _ONE_SENTENCE, punkt=True
    ),
}
_WORDS = {
    "words:alphabet": Instruction(wording.alphabet),
    "words:vowel": Instruction(wording.vowel),
    "words:consonants": Instruction(
        wording.consonants,
        fixed=wording.consonants_fixed,
        why="the reference takes a lone mark for a word",
    ),
    "words:palindrome": Instruction(wording.palindrome),
    "words:prime_lengths": Instruction(
        wording.prime_lengths,
        fixed=wording.prime_lengths_fixed,
        why="the reference counts curly quotes and dashes as letters, and passes a text without words",
    ),
    "words:start_verb": Instruction(wording.start_verb, punkt=True, needs=(TAGGER,)),
    "words:repeats": Instruction(wording.repeats, {"small_n": COUNT}),
    "words:odd_even_syllables": Instruction(wording.odd_even_syllables, needs=(SYLLABLES,)),
    "words:last_first": Instruction(
        places.last_first,
        fixed=places.last_first_fixed,
        why="the reference keeps a mark behind a sentence's first word and curly quotes, and passes one sentence",
        punkt=True,
    ),
    "words:paragraph_last_first": Instruction(
        places.paragraph_last_first,
        fixed=places.paragraph_last_first_fixed,
        why="the reference keeps the mark behind a first word, and passes a text without words",
    ),
    "words:no_consecutive": Instruction(wording.no_consecutive),
    "words:keywords_specific_position": Instruction(
        places.keywords_specific_position, {"keyword": TEXT, "n": COUNT, "m": COUNT}, punkt=True
    ),
    "words:words_position": Instruction(
        places.words_position,
        {"keyword": TEXT},
        places.words_position_fixed,
        "the reference takes marks for words, but for one at the end",
        punkt=True,
    ),
}
_FORMATS = {
    "format:parentheses": Instruction(
        nesting.parentheses,
        fixed=nesting.parentheses_fixed,
        why="the reference passes five open brackets of which one is closed",
    ),
    "format:quotes": Instruction(
        nesting.quotes,
        fixed=nesting.quotes_fixed,
        why="the reference takes an apostrophe for a quotation mark and knows no curly ones",
    ),
    "format:options": Instruction(layout.options, {"options": TEXT}),
    "format:newline": Instruction(
        layout.newline,
        fixed=layout.newline_fixed,
        why="the reference compares two totals, and takes a line of spaces for a line",
    ),
    "format:emoji": Instruction(
        layout.emoji,
        fixed=layout.emoji_fixed,
        why="the reference knows no flags and keycaps, and passes a character behind an emoji",
        punkt=True,
    ),
    "format:line_indent": Instruction(
        layout.line_indent,
        fixed=layout.line_indent_fixed,
        why="the reference passes over some empty lines and not over others, and passes a single line",
    ),
    "format:quote_unquote": Instruction(
        nesting.quote_unquote,
        fixed=nesting.quote_unquote_fixed,
        why="the reference knows no curly quotes",
    ),
    "format:list": Instruction(
        layout.list_,
        {"sep": TEXT},
        layout.list_fixed,
        "the reference finds the mark inside a line",
    ),
    "format:thesis": Instruction(
        layout.thesis,
        fixed=layout.thesis_fixed,
        why="the reference takes a part of <em> and </em> for text, and closes one kind with the other",
    ),
    "format:sub-bullets": Instruction(
        layout.sub_bullets,
        fixed=layout.sub_bullets_fixed,
        why="the reference takes any star and any hyphen for a bullet, and passes a text without stars, loosely any",
    ),
    "format:no_bullets_bullets": Instruction(
        layout.no_bullets_bullets,
        fixed=layout.no_bullets_bullets_fixed,
        why="the reference fails a text for an empty line, and asks for no full stops",
        punkt=True,
    ),
    "format:title_case": Instruction(
        wording.title_case,
        fixed=wording.title_case_fixed,
        why="the reference asks for capitals in minor words, and in the n't of Don't",
        punkt=True,
    ),
    "format:output_template": Instruction(layout.output_template),
    "format:no_whitespace": Instruction(layout.no_whitespace),
}
_CUSTOM = {
    "custom:multiples": Instruction(answers.multiples),
    "custom:mcq_count_length": Instruction(answers.mcq_count_length),
    "custom:reverse_newline": Instruction(answers.reverse_newline),
    "custom:word_reverse": Instruction(answers.word_reverse, punkt=True),
    "custom:character_reverse": Instruction(answers.character_reverse),
    "custom:sentence_alphabet": Instruction(
        answers.sentence_alphabet,
        fixed=answers.sentence_alphabet_fixed,
        why="the reference takes a quotation mark for a word's first letter",
        punkt=True,
    ),
    "custom:european_capitals_sort": Instruction(
        answers.european_capitals_sort,
        fixed=answers.european_capitals_sort_fixed,
        why="the reference's list of capitals lacks Kyiv",
    ),
    "custom:csv_city": Instruction(tables.csv_city),
    "custom:csv_special_character": Instruction(
        tables.csv_special_character,
        fixed=tables.csv_special_character_fixed,
        why="the reference reads no further than the first special character",
    ),
    "custom:csv_quotes": Instruction(tables.csv_quotes),
    "custom:date_format_list": Instruction(
        answers.date_format_list,
        fixed=answers.date_format_list_fixed,
        why="the reference accepts days that are in no calendar",
    ),
}
_REPEATS = {
    "repeat:repeat_change": Instruction(
        repeats.repeat_change,
        {"prompt_to_repeat": TEXT},
        repeats.repeat_change_fixed,
        "the reference takes other spaces for another first word",
    ),
    "repeat:repeat_simple": Instruction(repeats.repeat_simple),
    "repeat:repeat_span": Instruction(
        repeats.repeat_span,
        {"prompt_to_repeat": TEXT, "n_start": PLACE, "n_end": PLACE},
        repeats.repeat_span_fixed,
        "the prompts ask for words, the reference for characters",
        clash=_outside,
    ),
}

INSTRUCTIONS: dict[str, Instruction] = _COUNTS | _RATIOS | _SENTENCES | _WORDS | _FORMATS | _CUSTOM | _REPEATS
"""By id."""
