"""The reference's own metrics are reproduced on generated conversations in its languages.

MULTI_IF_REFERENCE=CHECKOUT pytest -m slow tests/tasks/multiif/test_oracle.py
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from assay.tasks.multiif import MultiIF
from assay.tasks.multiif.registry import INSTRUCTIONS
from assay.tasks.task import Answer
from tests.tasks.ifeval.test_oracle import arguments_of
from tests.tasks.ifeval.texts import PIECES, text_of
from tests.tasks.multiif.conftest import Oracle
from tests.tasks.multiif.written import conversation, read

SENTENCES = {
    "English": "The weather is fine today. We walk to the market! Do you come along?",
    "French": "Il fait beau aujourd'hui. Nous allons au marché ! Venez-vous avec nous ?",
    "Russian": "Сегодня хорошая погода. Мы идём на рынок! Вы с нами?",
    "Hindi": "आज मौसम अच्छा है। हम बाज़ार जा रहे हैं! क्या आप साथ चलेंगे?",
    "Italian": "Oggi il tempo è bello. Andiamo al mercato! Venite con noi?",
    "Portuguese": "Hoje o tempo está bom. Vamos ao mercado! Vocês vêm conosco?",
    "Spanish": "Hoy hace buen tiempo. ¡Vamos al mercado! ¿Vienes con nosotros?",
    "Chinese": "今天天气很好。我们去市场吧！你一起来吗？我有3个 apples，😀👍🏽。",
}
MARKS = (
    *"。！？、，；：「」《》“”…￥—=|~@#^`\\/",
    "।",
    "।।",
    "😀",
    "👨‍👩‍👧",
    "©",
    "№",
    "한국",
    "カナ",
    "“a”",
    "「犬」",
    "a\u2028b",
)


def text_in(language: str, chance: random.Random) -> str:
    """A text in a language, cut and patched with what the instructions look for."""
    if chance.random() < 0.2:
        return text_of(chance)
    text = " ".join([SENTENCES[language]] * chance.randint(1, 4))
    text = text[: chance.randint(len(text) // 4, len(text))]
    for _ in range(chance.choice((0, 1, 2, 6))):
        place = chance.randint(0, len(text))
        text = text[:place] + chance.choice((*MARKS, *PIECES)) + text[place:]
    if chance.random() < 0.2:
        text = chance.choice(("“{}”", "「{}」", '"{}"', "*{}*\nx", "Sure!\n{}\nBye", "{}\n\n{}")).format(
            text, text
        )
    return chance.choice((str.upper, str.lower))(text) if chance.random() < 0.1 else text


def asked(chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """Three instructions, each of them added in one turn."""
    listed = []
    for id_ in chance.sample(list(INSTRUCTIONS), 3):
        arguments = arguments_of(id_, chance)
        if "nth_paragraph" in arguments:
            arguments["nth_paragraph"] = chance.randint(1, int(str(arguments["num_paragraphs"])))
        listed.append((id_, arguments))
    return listed


@pytest.mark.slow
def test_the_reference_s_metrics_are_reproduced(tmp_path: Path, oracle: Oracle) -> None:
    chance = random.Random(24)  # noqa: S311
    rows, answers = [], []
    for number in range(400):
        language, added = chance.choice(list(SENTENCES)), asked(chance)
        rows.append(conversation(str(number), added[:1], added[:2], added, language=language))
        answers.append([text_in(language, chance) or "x" for _ in range(3)])
    task, examples = MultiIF(), read(tmp_path, *rows)
    task.require(examples)
    scores = [
        task.score_answers(example, list(map(Answer, texts)))
        for example, texts in zip(examples, answers, strict=True)
    ]
    averages = task.averages(examples, scores)
    for turn in (1, 2, 3):
        given = [{**row, "responses": texts[turn - 1]} for row, texts in zip(rows, answers, strict=True)]
        numbers, checks = oracle(given, turn)
        start = sum(range(turn))
        for row, texts, score, (strict, loose) in zip(rows, answers, scores, checks, strict=True):
            ours = [score.detail[form][start : start + turn] for form in ("strict", "loose")]
            assert ours == [strict, loose], (row[f"turn_{turn}_kwargs"], texts[turn - 1])
        theirs = {group: numbers[f"turn_{turn}_{group}_overall"] for group in ("all_languages", *SENTENCES)}
        assert averages[f"turn_{turn}_overall"] == pytest.approx(theirs.pop("all_languages"), abs=1e-12)
        for language, average in theirs.items():
            assert averages[f"turn_{turn}_{language}"] == pytest.approx(average, abs=1e-12)
    passed = [check for score in scores for check in score.detail["strict"]]
    assert 0.1 < sum(passed) / len(passed) < 0.9, json.dumps(averages)
