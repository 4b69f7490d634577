"""A model card: what the hub's own parser reads of it, and what a reader is told."""

from __future__ import annotations

import pytest
import yaml

from assay.errors import OutputError
from assay.interop.exporters.card import to_card
from assay.interop.exporters.finished import Finished
from tests.interop.exporters.conftest import BETTER, N


def test_the_hubs_own_parser_reads_a_card(finished: Finished) -> None:
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(to_card(finished, "a"))
    values = {one.metric_type: one.metric_value for one in card.data.eval_results}
    assert (card.data.model_name, values["numeric_match"]) == ("a", BETTER / N)
    again = hub.ModelCard(str(card))
    assert again.data.to_dict() == card.data.to_dict()
    assert card.data.library_name == "peft"


def test_a_card_says_claim_evidence_verdict_and_how_to_reproduce(finished: Finished) -> None:
    text = to_card(finished, "a")
    for words in (
        "labelled **numeric**",
        "math.numeric\\_match: gains 5.0 points or more",
        "+60.0",
        "**confirmed**",
        "Gate: **",
        finished.result.claims_sha256,
        "Declared after the responses",
        finished.plan.study_text.rstrip(),
    ):
        assert words in text, words


def test_a_base_that_is_no_hub_id_is_not_named_as_one(finished: Finished) -> None:
    front = yaml.safe_load(to_card(finished, "a").split("---")[1])
    assert "base_model" not in front


def test_a_card_of_several_adapters_asks_which(finished: Finished) -> None:
    with pytest.raises(OutputError, match=r"several adapters .* --subject, one of a, b\|c"):
        to_card(finished)
    with pytest.raises(OutputError, match="no adapter 'base'"):
        to_card(finished, "base")
