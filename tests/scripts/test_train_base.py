"""The script that trains the embedded base, on a base of toy size: resumed, exported, measured."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from scripts.base_corpus import CHAT, END, Mixture, chunks, digest_of, documents
from scripts.base_evaluation import evaluate, table
from scripts.train_base import Settings, train
from transformers import AutoModelForCausalLM, AutoTokenizer

from assay.demo.synthetic import SPLITS, draw

TINY = Settings(
    mixture=Mixture(chunk=40),
    vocabulary=512,
    learnt_from=300,
    hidden=64,
    layers=1,
    inner=64,
    tokens=10_000,
    length=96,
    batch=4,
    warmup=2,
)


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (folder / "training.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    assert train(TINY, folder)
    return folder


def test_loss_falls(trained: Path) -> None:
    found = losses(trained)
    assert len(found) == TINY.steps == 26
    assert sum(found[-5:]) / 5 < sum(found[:5]) / 5 - 0.5


def test_a_training_that_is_stopped_and_goes_on_reads_and_loses_the_same(
    trained: Path, tmp_path: Path
) -> None:
    starts = 0
    while not train(TINY, tmp_path, stop_after=0.05):
        starts += 1
    assert starts > 1
    assert losses(tmp_path) == losses(trained)
    assert (tmp_path / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()
    assert digest(tmp_path) == digest(trained)


def digest(folder: Path) -> str:
    return str(json.loads((folder / "training.json").read_text())["corpus_sha256"])


def test_the_digests_are_those_of_the_weights_and_of_every_token_read(trained: Path) -> None:
    facts = json.loads((trained / "training.json").read_text())
    weights = (trained / "model.safetensors").read_bytes()
    assert facts["weights_sha256"] == hashlib.sha256(weights).hexdigest()
    tokenizer: Any = AutoTokenizer.from_pretrained(trained).backend_tokenizer
    said, left = "", TINY.steps
    for rows in chunks(TINY.mixture, tokenizer, 0, TINY.length):
        for start in range(0, min(len(rows) // TINY.batch, left) * TINY.batch, TINY.batch):
            said = digest_of(said, rows[start : start + TINY.batch])
            left -= 1
        if not left:
            break
    assert facts["corpus_sha256"] == said
    assert said in (trained / "README.md").read_text()


def test_a_folder_begun_with_other_settings_is_refused(trained: Path) -> None:
    with pytest.raises(SystemExit, match=r"settings\.json: other settings than these"):
        train(replace(TINY, rate=3e-3), trained)


def test_the_chat_template_writes_what_the_base_was_trained_on(trained: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(trained)
    turns = [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Good morning."}]
    whole = CHAT.format(prompt="Hello.", response="Good morning.")
    assert tokenizer.apply_chat_template(turns, tokenize=False) == whole
    asked = tokenizer.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True)
    assert whole.startswith(asked)
    assert (trained / "chat_template.jinja").read_text() == tokenizer.chat_template


def test_the_tokenizer_gives_texts_back_and_reads_digits_one_by_one(trained: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(trained)
    for text in ("Naïve cafés cost 1,234 coins!\n- <<A title>>\n", "  two  spaces\t*** “quoted” [name]"):
        ids = tokenizer(text).input_ids
        assert tokenizer.decode(ids) == text
        assert not set(ids) & {0, 1, 2}
    assert tokenizer.tokenize("7819") == ["7", "8", "1", "9"]
    assert tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|im_start|>", "<|im_end|>"]) == [0, 1, 2]
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|endoftext|>")


def test_the_model_loads_with_nothing_missing_and_ends_at_either_mark(trained: Path) -> None:
    loader: Any = AutoModelForCausalLM
    model, said = loader.from_pretrained(trained, output_loading_info=True)
    assert not said["missing_keys"]
    assert not said["unexpected_keys"]
    assert model.generation_config.eos_token_id == [0, 2]
    assert str(model.dtype) == "torch.float32"


def test_a_chunk_of_the_corpus_is_the_same_each_time_and_holds_only_pretraining_prompts() -> None:
    mixture = Mixture(chunk=300)
    texts = list(documents(mixture, 3))
    assert texts == list(documents(mixture, 3))
    assert texts != list(documents(mixture, 4))
    assert all(text.endswith(END) and text.count(END) == 1 for text in texts)
    for split in SPLITS[1:]:
        for kind in ("instructions", "problems", "lists", "passages", "talk"):
            for pair in draw(kind, split, 200):
                assert not any(
                    f"user\n{pair.prompt}<" in text or f": {pair.prompt}\n" in text for text in texts
                )


def test_rows_hold_whole_examples(trained: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(trained).backend_tokenizer
    rows = next(chunks(TINY.mixture, tokenizer, 0, 400))
    texts = {text.removesuffix(END) for text in documents(TINY.mixture, 0)}
    found = "".join(tokenizer.decode(row.tolist(), skip_special_tokens=False) for row in rows)
    assert texts <= set(found.split(END))


def test_a_base_is_measured_on_every_task(trained: Path) -> None:
    scores = evaluate(trained, prompts=2)
    assert {kind: (score["primary"], score["prompts"]) for kind, score in scores.items()} == {
        "world-instructions": ("prompt_strict", 2),
        "world-problems": ("numeric_match", 2),
        "world-lists": ("exact_match", 2),
        "world-passages": ("exact_match", 2),
    }
    assert table(scores).count("\n") == 6
