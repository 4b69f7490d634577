"""Cases of each instruction, what each needs, and an example that carries one."""

from __future__ import annotations

from typing import Any

from assay.tasks import Example
from assay.tasks.mifeval.registry import INSTRUCTIONS

Case = tuple[dict[str, Any], str, str, str]
"""Arguments as in a prompt file, a text that passes, one that fails, and the reason."""

SPANISH_TEXT = "el perro de mi vecina come pan todas las mañanas y luego duerme en el jardín de la casa"
FRENCH_TEXT = "le chien de ma voisine mange du pain tous les matins puis il dort dans le jardin de la maison"
GERMAN_TEXT = "Das ist ein schönes altes Haus am Rande der Stadt."

COMMON: dict[str, Case] = {  # the same in Spanish and French; {0} is "at least"
    "keywords:existence": ({"keywords": ["pan", "sol"]}, "Pan, sol", "un sol", 'missing: "pan"'),
    "keywords:frequency": (
        {"keyword": " pan ", "frequency": 2, "relation": "{0}"},
        "pan, PANES",
        "pan",
        '"pan" 1 time, at least 2 asked',
    ),
    "keywords:forbidden_words": ({"forbidden_words": ["sol"]}, "soles", "El SOL", 'forbidden: "sol"'),
    "keywords:letter_frequency": (
        {"letter": "z", "let_frequency": 2, "let_relation": "{0}"},
        "Zz",
        "z",
        '"z" 1 time, at least 2 asked',
    ),
    "language:response_language": (
        {"language": "de"},
        GERMAN_TEXT,
        FRENCH_TEXT,
        "language fr, de asked",
    ),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2},
        "a *** b",
        "a",
        "1 paragraph, exactly 2 asked",
    ),
    "detectable_format:json_format": (
        {},
        "```json\n[1]\n```",
        "[",
        "not JSON: Expecting value: line 1 column 2 (char 1)",
    ),
    "combination:two_responses": ({}, "a ****** b", "a ****** a", "twice the same response"),
    "punctuation:no_comma": ({}, "a; b", "a, b", "1 comma"),
}
CASES: dict[str, Case] = {
    **{f"es:{id_}": case for id_, case in COMMON.items()},
    **{f"fr:{id_}": case for id_, case in COMMON.items()},
    "es:combination:repeat_prompt": (
        {"prompt_to_repeat": "Dilo. "},
        "dilo. Sí",
        "Sí",
        "does not start with the request",
    ),
    "es:length_constraints:number_words": (
        {"num_words": 3, "relation": "como máximo"},
        "- uno, dos\n2. tres",
        "uno dos tres cuatro",
        "4 words, at most 3 asked",
    ),
    "es:length_constraints:number_sentences": (
        {"num_sentences": 2, "relation": "como máximo"},
        "1. Llegó el Dr. Pérez.\n2. ¿Quién?",
        "Uno. Dos. Tres.",
        "3 sentences, at most 2 asked",
    ),
    "es:length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Diría que"},
        "Uno.\n\n'Diría, que no",
        "Uno.\n\nDigo que no",
        'paragraph 2 starts with "digo que", "diría que" asked',
    ),
    "es:detectable_content:number_placeholders": (
        {"num_placeholders": 2, "relation": "al menos"},
        "[a] [b]",
        "[a]",
        "1 placeholder, at least 2 asked",
    ),
    "es:detectable_content:postscript": (
        {"postscript_marker": "P.D."},
        "Adiós.\np. d. algo",
        "PD: algo",
        'no postscript "P.D."',
    ),
    "es:detectable_format:number_bullet_lists": (
        {"num_bullets": 1},
        "* uno\n- dos",
        "* uno\n* dos",
        "2 bullet points, exactly 1 asked",
    ),
    "es:detectable_format:constrained_response": (
        {},
        "Pues: Quizás.",
        "Quizás",
        'none of "No.", "Quizás.", "Sí."',
    ),
    "es:detectable_format:number_highlighted_sections": (
        {"num_highlights": 2, "relation": "al menos"},
        "*a* **b**",
        "*a*",
        "1 highlighted section, at least 2 asked",
    ),
    "es:detectable_format:multiple_sections": (
        {"section_spliter": "Sección", "num_sections": 2, "relation": "al menos"},
        "Sección 1 a Sección2",
        "Sección 1 SECCIÓN 2",
        "1 section, at least 2 asked",
    ),
    "es:detectable_format:title": ({}, "<<oda>>", "<< >>", "no title in << >>"),
    "es:startend:end_checker": (
        {"end_phrase": "Un saludo"},
        'Hasta luego. un SALUDO."',
        "Un saludo, Ana",
        'does not end with "Un saludo"',
    ),
    "es:startend:quotation": ({}, '"sí"', '"sí', 'not wrapped in " "'),
    "es:change_case:spanish_capital": (
        {},
        SPANISH_TEXT.upper(),
        "ESTá BIEN",
        'not all capital letters: "a"',
    ),
    "es:change_case:spanish_lowercase": (
        {},
        SPANISH_TEXT,
        SPANISH_TEXT.capitalize(),
        'not all lowercase letters: "E" at character 1',
    ),
    "es:change_case:capital_word_frequency": (
        {"capital_frequency": 1, "capital_relation": "como máximo"},
        "La ONU y él.",
        "La ONU y YO.",
        "2 words in capitals, at most 1 asked",
    ),
    "es:punctuation:question_marks": ({}, "¿Sí?", "Sí? ¿ ?", "no question in ¿ ?"),
    "es:punctuation:exclamation_marks": ({}, "¡Sí!", "Sí! ¡¡!", "no exclamation in ¡ !"),
    "es:special_character:enie": (
        {"let_frequency": 2},
        "El NIÑO, mañana",
        "un niño",
        "1 word with ñ, exactly 2 asked",
    ),
    "es:special_character:dieresis": (
        {"let_frequency": 1},
        "una cigüeña",
        "una guerra",
        "0 words with ü, exactly 1 asked",
    ),
    "es:special_character:tildes": (
        {"num_words": 2, "relation": "al menos"},
        "Aquí, MÁS",
        "Aquí, à la ü",
        "1 word with an accent, at least 2 asked",
    ),
    "fr:combination:repeat_prompt": (
        {"prompt_to_repeat": "Dites-le. "},
        "dites-le. Oui",
        "Oui",
        "does not start with the request",
    ),
    "fr:length_constraints:number_words": (
        {"num_words": 3, "relation": "moins de"},
        "l'été",
        "un deux trois",
        "3 words, less than 3 asked",
    ),
    "fr:length_constraints:number_sentences": (
        {"num_sentences": 2, "relation": "moins de"},
        "Arrive M. Martin, av. J.-C. ou non.",
        "Oui. Non.",
        "2 sentences, less than 2 asked",
    ),
    "fr:length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Le"},
        "Un.\n\nle, oui",
        "Un.\n\nLa",
        'paragraph 2 starts with "la", "le" asked',
    ),
    "fr:detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        "[a] [b]",
        "[a]",
        "1 placeholder, at least 2 asked",
    ),
    "fr:detectable_content:postscript": (
        {"postscript_marker": "P.-S."},
        "Adieu.\nP.-S. bref",
        "P.S. bref",
        'no postscript "P.-S."',
    ),
    "fr:detectable_format:number_bullet_lists": (
        {"num_bullets": 2},
        "* un\n- deux",
        "* un",
        "1 bullet point, exactly 2 asked",
    ),
    "fr:detectable_format:constrained_response": (
        {},
        "Donc : Peut-être.",
        "Oui",
        'none of "Non.", "Oui.", "Peut-être."',
    ),
    "fr:detectable_format:number_highlighted_sections": (
        {"num_highlights": 2},
        "*a* **b**",
        "*a*",
        "1 highlighted section, at least 2 asked",
    ),
    "fr:detectable_format:multiple_sections": (
        {"section_spliter": "Partie", "num_sections": 2},
        "Partie 1 a Partie 2",
        "Partie 1",
        "1 section, at least 2 asked",
    ),
    "fr:detectable_format:title": ({}, "##ode##", "## ode", "no title in ## ##"),
    "fr:startend:end_checker": (
        {"end_phrase": "Fin."},
        'la fin."',
        "la fin",
        'does not end with "Fin."',
    ),
    "fr:startend:quotation": ({}, "« oui »", "« oui", "not wrapped in \" \" or ' ' or « »"),
    "fr:change_case:french_capital": (
        {},
        FRENCH_TEXT.upper(),
        "ETé",
        'not all capital letters: "é" at character 3',
    ),
    "fr:change_case:french_lowercase": (
        {},
        FRENCH_TEXT,
        FRENCH_TEXT.capitalize(),
        'not all lowercase letters: "L" at character 1',
    ),
    "fr:change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "moins de"},
        "L'ONU est là.",
        "ONU et OTAN.",
        "2 words in capitals, less than 2 asked",
    ),
    "fr:special_character:ethel_or_cedilla": (
        {"forbidden_char": "œ"},
        "coeur",
        "un ŒUF",
        'forbidden: "Œ" at character 4',
    ),
    "fr:detectable_content:informal_address": (
        {},
        "Je t'aime.",
        "Le total tue.",
        "none of tu, te, t', toi, ton, ta, tes",
    ),
    "fr:special_character:no_accents": ({}, "oeuf", "garçon", 'accent: "ç" at character 4'),
    "fr:special_character:accents": (
        {"word_to_accentuate": {"ecole": "école"}},
        "L'ÉCOLE",
        "l'Ecole",
        '"ecole", "école" asked',
    ),
    "fr:detectable_content:no_digits": ({}, "deux", "à 2", 'digit "2" at character 3'),
    "ja:keywords:existence": ({"keywords": ["猫", "犬"]}, "猫と犬がいる。", "猫がいる。", 'missing: "犬"'),
    "ja:keywords:frequency": (
        {"keyword": "猫", "frequency": 2, "relation": "未満"},
        "猫がいる。",
        "猫と猫がいる。",
        '"猫" 2 times, less than 2 asked',
    ),
    "ja:keywords:forbidden_words": (
        {"forbidden_words": ["海"]},
        "海外に行く。",
        "海に行く。",
        'forbidden: "海"',
    ),
    "ja:keywords:letter_frequency": (
        {"letter": "か", "let_frequency": 2, "let_relation": "以上"},
        "かカ",
        "が、か",
        '"か" 1 time, at least 2 asked',
    ),
    "ja:language:response_language": ({"language": "de"}, GERMAN_TEXT, FRENCH_TEXT, "language fr, de asked"),
    "ja:length_constraints:number_sentences": (
        {"num_sentences": 2, "relation": "未満"},
        "彼は「はい。いいえ！」と言った。",
        "はい。いいえ",
        "2 sentences, less than 2 asked",
    ),
    "ja:length_constraints:number_paragraphs": (
        {"num_paragraphs": 2},
        "一 *** 二",
        "一",
        "1 paragraph, exactly 2 asked",
    ),
    "ja:length_constraints:number_letters": (
        {"num_letters": 4, "relation": "以上"},
        "三文字\n",
        "三文字",
        "3 letters, at least 4 asked",
    ),
    "ja:length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "愛"},
        "一。\n\n「愛は」",
        "一。\n\n恋は",
        'paragraph 2 starts with "恋", "愛" asked',
    ),
    "ja:detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        "[甲][乙]",
        "[甲]",
        "1 placeholder, at least 2 asked",
    ),
    "ja:detectable_content:postscript": (
        {"postscript_marker": "追伸"},
        "では。\n追伸 また",
        "では。",
        'no postscript "追伸"',
    ),
    "ja:detectable_format:number_bullet_lists": (
        {"num_bullets": 2},
        "・一\n　・二",
        "・一\n* 二",
        "1 bullet point, exactly 2 asked",
    ),
    "ja:detectable_format:number_numbered_lists": (
        {"num_items": 2},
        "1. 一\n２. 二",
        "1. 一\n2.二",
        "1 numbered item, exactly 2 asked",
    ),
    "ja:detectable_format:constrained_response": (
        {},
        "はい、そうです。",
        "はい。",
        'none of "いいえ、違います。", "どちらとも言えません。", "はい、そうです。"',
    ),
    "ja:detectable_format:number_highlighted_sections": (
        {"num_highlights": 2},
        "《甲》と《乙》",
        "《甲》と《 》",
        "1 highlighted section, at least 2 asked",
    ),
    "ja:detectable_format:multiple_sections": (
        {"section_spliter": "章", "num_sections": 2},
        "第1章 甲 第２章 乙",
        "第1章 甲 第2節",
        "1 section, at least 2 asked",
    ),
    "ja:detectable_format:json_format": (
        {},
        '{"甲": 1}',
        "[",
        "not JSON: Expecting value: line 1 column 2 (char 1)",
    ),
    "ja:detectable_format:title": ({}, "『詩』", "『』", "no title in 『 』"),
    "ja:combination:two_responses": ({}, "甲 ****** 乙", "甲 ****** 甲", "twice the same response"),
    "ja:combination:repeat_prompt": (
        {"prompt_to_repeat": "A と言え。"},
        " A と言え。はい",
        "a と言え。はい",
        "does not start with the request",
    ),
    "ja:startend:end_checker": (
        {"end_phrase": "終わり。"},
        "「これで終わり。」",
        "終わり",
        'does not end with "終わり。"',
    ),
    "ja:startend:sentence_unified_end": (
        {"ending": "です"},
        "猫です。「犬だ。」が答えです！",
        "猫です。犬だ。",
        'a sentence ends with "犬だ", "です" asked',
    ),
    "ja:detectable_format:nominal_ending": (
        {"count": 2},
        "白い猫。黒い犬！",
        "白い猫。猫が走る。「犬。」",
        "1 sentence that ends with a noun, at least 2 asked",
    ),
    "ja:letters:furigana": (
        {},
        "漢字（かんじ）を読（よ）む",
        "漢字（かんじ）を読む",
        'no furigana after "読" at character 9',
    ),
    "ja:letters:kansuuji": ({}, "三つ", "３つ", 'digit: "３" at character 1'),
    "ja:letters:no_katakana": ({}, "ねこー", "ねこカ", 'katakana: "カ" at character 3'),
    "ja:letters:katakana_only": ({}, "ネコ、1ー!", "ネコと", 'not katakana: "と" at character 3'),
    "ja:letters:no_hiragana": ({}, "猫、ネコ", "猫の", 'hiragana: "の" at character 2'),
    "ja:letters:hiragana_only": ({}, "ねこー、1!", "ねこcat", 'not hiragana: "c" at character 3'),
    "ja:letters:kanji": (
        {"kanji_limit": 2, "relation": "未満"},
        "猫々",
        "子猫",
        "2 kanji characters, less than 2 asked",
    ),
    "ja:punctuation:no_comma": ({}, "猫, 犬", "猫、犬、", "2 commas"),
    "ja:punctuation:no_period": ({}, "猫．", "猫。", "1 full stop"),
    "ja:startend:quotation": ({}, "「はい」", "はい", "not wrapped in 「 」"),
}
AT_LEAST = {"es": "al menos", "fr": "au moins"}


def written(id_: str, arguments: dict[str, object] | None = None) -> dict[str, object]:
    """The arguments as a prompt file of the id's language has them."""
    arguments = CASES[id_][0] if arguments is None else arguments
    return {name: AT_LEAST[id_[:2]] if value == "{0}" else value for name, value in arguments.items()}


def read(id_: str, arguments: dict[str, object]) -> dict[str, object]:
    """The same as the task keeps them."""
    known = INSTRUCTIONS[id_].arguments
    return {name: known[name].cast(value) for name, value in arguments.items()}


def example(id_: str, arguments: dict[str, object] | None = None) -> Example:
    data = {"instruction_id_list": [id_], "kwargs": [read(id_, written(id_, arguments))]}
    return Example("1", "A prompt.", data)
