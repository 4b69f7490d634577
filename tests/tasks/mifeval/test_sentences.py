"""Spanish and French sentences are punkt's, French ones with the reference's abbreviations."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval.sentences import FRENCH, SPANISH, count_sentences

from .conftest import no_punkt, skip


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        (SPANISH, "", 0),
        (SPANISH, "¿Quién? ¡Yo! Fin.", 3),
        (SPANISH, "Llegó el Dr. Pérez a EE.UU. ayer.", 1),
        (SPANISH, "Un título\nsin punto\nFin.", 1),
        (FRENCH, "Oui. Non !", 2),
        (FRENCH, "En janv. Martin arrive, cf. Dupont.", 1),
        (FRENCH, "Né en 44 av. J.-C. Rome brûle.", 1),
    ],
)
def test_sentences(language: str, text: str, sentences: int) -> None:
    skip(no_punkt(language))
    assert count_sentences(text, language) == sentences
