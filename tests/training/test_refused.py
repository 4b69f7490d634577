"""What cannot work is refused before training starts, with the fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.errors import AssayError, OutputError
from assay.training import train
from tests.studies import jsonl
from tests.training.recipes import entry, write_recipe


def refusal(path: Path, out: Path | None = None) -> str:
    out = out or path.parent / "out"
    with pytest.raises(AssayError) as told:
        train(path, out)
    assert not list(out.glob("*/adapter_model.safetensors"))
    return str(told.value)


@pytest.mark.parametrize(
    ("settings", "field", "told"),
    [
        ({"target_modules": "qproj"}, "target_modules", 'called "qproj"; did you mean "q_proj"? It has '),
        (
            {"target_modules": ["q_proj", "wq"]},
            "target_modules",
            'no linear layer of the base is called "wq"',
        ),
        ({"target_modules": ["all-linear", "q_proj"]}, "target_modules", "`all-linear` beside other modules"),
        ({"rank": 17, "target_modules": ["v_proj"]}, "rank", "(32 x 16) can use; set 16 or less"),
        ({"rank": [4, 33], "target_modules": "down_proj"}, "rank", "a rank of 33 is more than the layer"),
        ({"max_length": 513}, "max_length", "more than the base's 512 positions; set 512 or less"),
    ],
)
def test_settings_that_the_base_cannot_have(
    toy: Path, tmp_path: Path, settings: dict[str, Any], field: str, told: str
) -> None:
    path = write_recipe(tmp_path, toy, entry(settings=settings))
    message = refusal(path)
    line = int(message.split(":")[1])
    assert path.read_text().splitlines()[line - 1].strip().startswith(field)
    assert f"adapters[0].settings.{field}: " in message
    assert told in message


def test_an_unknown_module_is_told_with_those_that_the_base_has(toy: Path, tmp_path: Path) -> None:
    message = refusal(write_recipe(tmp_path, toy, entry(settings={"target_modules": "x"})))
    assert "it has down_proj, gate_proj, k_proj, lm_head, o_proj, q_proj, up_proj, v_proj" in message


def test_a_row_without_any_response_token_left(toy: Path, tmp_path: Path) -> None:
    write_recipe(tmp_path, toy)
    rows = [{"prompt": "p", "response": "r"}, {"prompt": "p" * 70, "response": "r"}]
    jsonl(tmp_path / "sums.jsonl", rows)
    message = refusal(write_recipe(tmp_path, toy))
    assert "recipe.yaml:" in message
    assert "no response is left within 64 tokens" in message
    assert "sums.jsonl:2; raise `max_length`, or remove the rows" in message


def test_data_that_cannot_be_used(toy: Path, tmp_path: Path) -> None:
    write_recipe(tmp_path, toy)
    jsonl(tmp_path / "sums.jsonl", [{"prompt": "p", "response": ""}])
    assert "sums.jsonl:1: `response` is empty" in refusal(write_recipe(tmp_path, toy))


def test_a_label_without_a_claim(toy: Path, tmp_path: Path) -> None:
    message = refusal(write_recipe(tmp_path, toy, entry(label="numerical")))
    assert "the study of these adapters would be refused: label 'numerical'" in message


def test_an_unknown_task(toy: Path, tmp_path: Path) -> None:
    assert "unknown task 'numerics'" in refusal(write_recipe(tmp_path, toy, tasks=[{"task": "numerics"}]))


def test_a_folder_that_is_no_base(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    message = refusal(write_recipe(tmp_path, "./empty"))
    assert "recipe.yaml:3: base 'empty': " in message
    assert "no config.json in" in message


@pytest.mark.parametrize("device", ["gpu", "cuda:1", "meta"])
def test_a_device_that_training_does_not_have(toy: Path, tmp_path: Path, device: str) -> None:
    engine = {"options": {"device": device}}
    message = refusal(write_recipe(tmp_path, toy, engine=engine))
    assert f"training has no device '{device}'; write `cpu` or `cuda`" in message


def test_a_folder_in_the_way_that_no_training_made(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "numeric-s1").mkdir(parents=True)
    assert "numeric-s1: exists already and was not made by `assay train`" in refusal(
        write_recipe(tmp_path, toy)
    )


def test_a_study_in_the_way_that_no_training_wrote(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.yaml").write_text("name: mine\n")
    assert "study.yaml: was changed since it was written" in refusal(write_recipe(tmp_path, toy))


def test_a_file_where_the_folder_should_be(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file; give a folder with --out"):
        train(write_recipe(tmp_path, toy), tmp_path / "file")


def test_a_second_training_in_one_folder(toy: Path, tmp_path: Path) -> None:
    from assay.records.database import sole_writer

    path = write_recipe(tmp_path, toy)
    (tmp_path / "out" / ".training").mkdir(parents=True)
    with sole_writer(tmp_path / "out" / ".training"):
        assert "another assay process is writing" in refusal(path)


def test_a_loss_that_is_no_number_stops_and_keeps_nothing(toy: Path, tmp_path: Path) -> None:
    hot = {"learning_rate": 1e30, "clip": 0, "warmup": 0, "steps": 8}
    message = refusal(write_recipe(tmp_path, toy, entry(settings=hot)))
    assert "adapter 'numeric-s1': the loss is nan at step" in message
    assert "lower `learning_rate`" in message


def test_responses_that_are_cut_are_counted_and_told(toy: Path, tmp_path: Path) -> None:
    short = entry(settings={"max_length": 31, "steps": 1})
    path = write_recipe(tmp_path, toy, short)
    told = train(path, tmp_path / "out").warnings
    (warning,) = told
    assert ": " in warning
    assert "of 20 responses are cut at 31 tokens; raise `max_length`" in warning
