"""A checkpoint may hold blocks without the word that the model puts before them: then the file's name is the loader's."""

from __future__ import annotations

import pytest

from assay.engines.adapter_fit import BaseShapes
from tests.engines.adapter_fit.shapes import LAYERS, fit, plain, renamed

BARE = BaseShapes({key.removeprefix("model."): shape for key, shape in LAYERS.items()}, "llama")


def test_blocks_without_the_models_word_are_the_same_blocks() -> None:
    found = fit(plain(), BARE)
    assert (found.error, found.moves) == (None, None)
    assert {layer.place for layer in found.layers} <= set(BARE.layers)


@pytest.mark.parametrize("word", ["model.language_model.", "_orig_mod.model."])
def test_a_wrapper_before_them_is_taken_out_all_the_same(word: str) -> None:
    found = fit(renamed(plain(), lambda key: key.replace("model.layers", f"{word}layers")), BARE)
    assert found.error is None
    assert found.moves is not None
    assert {move.name for move in found.moves.values()} == set(plain())
