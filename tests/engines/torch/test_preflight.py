from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from logging import INFO
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.utils import logging

from assay.engines import find_preflight
from assay.engines.api import ModelRef, Problem
from assay.engines.files import Stamp
from assay.engines.torch import TorchOptions, TorchPreflight, estimate, preflight
from assay.engines.torch.loading import Quantization
from assay.engines.torch.options import TorchSettings
from assay.engines.torch.preflight import _decodes_slowly
from assay.errors import EngineError
from assay.plan import EngineSettings
from tests.engines.torch.toys import Toy, ask, configure, reweigh

ENGINE = EngineSettings(name="torch", options={"device": "cpu"})
WEIGHTS = "adapter_model.safetensors"
TEMPLATE = "<{{ messages[0].content }}>"


@pytest.fixture
def home(llama: Toy, tmp_path: Path) -> Path:
    """A base of its own in `base`, its adapters r1 and r2 beside it."""
    names = [adapter.name for adapter in llama.adapters]
    shutil.copytree(llama.folder, tmp_path / "base", ignore=shutil.ignore_patterns(*names, "embeddings"))
    for name in ("r1", "r2"):
        shutil.copytree(llama.folder / name, tmp_path / name)
        configure(tmp_path / name, base_model_name_or_path="org/base")
    return tmp_path


def look(home: Path, *names: str, engine: EngineSettings = ENGINE, base: str = "base") -> TorchPreflight:
    return preflight(engine, ModelRef("base", home / base), [ModelRef(name, home / name) for name in names])


def without(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink()


def errors(found: TorchPreflight) -> dict[str, str]:
    return {one.subject: one.message for one in found.problems if one.severity == "error"}


def said(found: TorchPreflight, subjects: Sequence[str]) -> list[str]:
    with found.load() as loaded:
        asked = [ask(name, "hello", 0, max_tokens=6) for name in subjects]
        texts = {one.prompt.subject: one.text for one in loaded.complete(asked)}
    return [texts[name] for name in subjects]


def test_the_engine_is_found_by_its_name(home: Path) -> None:
    found = find_preflight("torch")(ENGINE, ModelRef("base", home / "base"), [])
    assert list(found.identities) == ["base"]


def test_tokens_that_end_a_text_are_known_by_their_text(home: Path) -> None:
    found = look(home)
    assert found.end_texts() == {"</s>": 257}
    assert (found.token("<pad>"), found.token("no token")) == (258, None)


def test_nothing_is_loaded_by_looking(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.engines.torch.loading.AutoModelForCausalLM.from_pretrained", None)
    found = look(home, "r1", "r2")
    assert found.problems == ()
    assert list(found.identities) == ["base", "r1", "r2"]


def test_identities_are_json_and_name_no_path(home: Path) -> None:
    text = json.dumps(dict(look(home, "r1").identities))
    assert str(home) not in text
    assert "r1" not in text.replace('"r1":', "")


def test_moving_and_renaming_changes_no_identity(home: Path) -> None:
    before = look(home, "r1")
    (home / "base").rename(home / "elsewhere")
    (home / "r1").rename(home / "renamed")
    after = look(home, "renamed", base="elsewhere")
    assert after.identities["base"] == before.identities["base"]
    assert after.identities["renamed"] == before.identities["r1"]


def test_one_byte_of_weights_changes_an_identity(home: Path) -> None:
    before = look(home, "r1", "r2").identities
    flip(home / "r1" / WEIGHTS)
    after = look(home, "r1", "r2").identities
    assert after["r1"] != before["r1"]
    assert (after["r2"], after["base"]) == (before["r2"], before["base"])
    flip(home / "base" / "model.safetensors")
    last = look(home, "r1", "r2").identities
    assert all(last[name] != after[name] for name in ("base", "r1", "r2"))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-4] ^= 1  # a low bit of the last number
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"base_model_name_or_path": "other/base"}, True),
        ({"inference_mode": False, "lora_dropout": 0.1, "revision": "main", "peft_version": "0"}, True),
        ({"target_modules": ["v_proj", "q_proj"]}, True),
        ({"lora_alpha": 99}, False),
        ({"use_rslora": True}, False),
    ],
)
def test_an_adapters_identity_knows_the_settings_that_matter_and_no_others(
    home: Path, changes: dict[str, Any], same: bool
) -> None:
    configure(home / "r1", target_modules=["q_proj", "v_proj"])
    before = look(home, "r1").identities["r1"]
    configure(home / "r1", **changes)
    assert (look(home, "r1").identities["r1"] == before) == same


def test_the_dtype_and_the_tokenizer_are_part_of_an_identity_and_templates_are_not(home: Path) -> None:
    before = look(home, "r1").identities
    half = look(home, "r1", engine=EngineSettings(name="torch", dtype="bfloat16", options={"device": "cpu"}))
    assert half.identities["base"]["dtype"] == "bfloat16"
    assert half.identities["r1"] != before["r1"]
    (home / "base" / "chat_template.jinja").write_text(TEMPLATE)
    path = home / "base" / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": "x"}))
    assert look(home, "r1").identities == before
    path = home / "base" / "tokenizer.json"
    path.write_text(path.read_text() + " ")
    assert look(home, "r1").identities["base"] != before["base"]


@pytest.mark.slow
def test_an_adapter_with_an_error_is_left_out_and_the_others_answer(home: Path) -> None:
    (home / "r1" / WEIGHTS).write_bytes(b"cut")
    found = look(home, "r1", "r2", "absent")
    assert list(errors(found)) == ["r1", "absent"]
    assert "no folder" in errors(found)["absent"]
    assert list(found.identities) == ["base", "r2"]
    assert said(found, ["r2"]) == said(look(home, "r2"), ["r2"])
    with found.load() as loaded:
        assert loaded.failed == {}


def test_pickles_are_loaded_only_where_the_study_allows_it(home: Path) -> None:
    text = said(look(home, "r1"), ["r1"])
    torch.save(load_file(home / "r1" / WEIGHTS), home / "r1" / "adapter_model.bin")
    torch.save(load_file(home / "base" / "model.safetensors"), home / "base" / "pytorch_model.bin")
    (home / "r1" / WEIGHTS).unlink()
    assert "set `engine.options.allow_pickle: true`" in errors(look(home, "r1"))["r1"]
    (home / "base" / "model.safetensors").unlink()
    with pytest.raises(EngineError, match=r"base 'base': .* is a pickle"):
        look(home, "r1")
    allowed = EngineSettings(name="torch", options={"device": "cpu", "allow_pickle": True})
    assert said(look(home, "r1", engine=allowed), ["r1"]) == text


def test_equal_weights_under_two_names_are_warned_of(home: Path) -> None:
    shutil.copytree(home / "r1", home / "copy")
    [problem] = look(home, "r1", "r2", "copy").problems
    assert (problem.subject, problem.severity) == ("copy", "warning")
    assert "its weights are byte for byte those of adapter 'r1'" in problem.message


def test_templates_are_the_bases_and_those_that_differ(home: Path) -> None:
    (home / "r1" / "chat_template.jinja").write_text(TEMPLATE)
    own = (home / "base" / "chat_template.jinja").read_text()
    (home / "r2" / "chat_template.jinja").write_text(own)
    found = look(home, "r1", "r2")
    assert found.templates == {"base": own, "r1": TEMPLATE}
    assert found.chat("hi", TEMPLATE) == "<hi>"
    assert found.chat("hi", found.templates["base"]) == "<s>[user]hi[assistant]"
    assert found.problems == ()


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{% for %}", r"cannot be applied to a prompt \(TemplateSyntaxError: Expected"),
        ("the same for all", "leaves the prompt out"),
    ],
)
def test_a_bases_own_template_of_no_use_is_kept_and_refused_when_it_is_asked_under(
    home: Path, template: str, fault: str
) -> None:
    (home / "base" / "chat_template.jinja").write_text(template)
    found = look(home)
    assert (found.templates, found.problems) == ({"base": template}, ())
    message = rf"^base 'base': its chat template {fault}.*; set `decoding.template: FILE` .* `decoding.template: none`"
    with pytest.raises(EngineError, match=message):
        found.chat("hi", template)
    assert found.chat("hi", TEMPLATE) == "<hi>"


def test_a_template_that_the_study_names_and_leaves_prompts_out_is_refused(home: Path) -> None:
    found = look(home)
    with pytest.raises(
        EngineError, match=r"^the chat template that `decoding.template` names leaves the prompt"
    ):
        found.chat("hi", "the same for all")
    with pytest.raises(EngineError, match=r"TemplateSyntaxError.*fix it, or name another"):
        found.chat("hi", "{{ messages")


def test_a_template_that_fails_on_one_prompt_only_is_refused_there(home: Path) -> None:
    (home / "r1" / "chat_template.jinja").write_text(
        "{% if 'no' in messages[0].content %}{{ raise_exception('never') }}{% endif %}" + TEMPLATE
    )
    found = look(home, "r1")
    assert found.chat("hi", found.templates["r1"]) == "<hi>"
    with pytest.raises(EngineError, match=r"^its chat template cannot be .*never\); fix it, or remove it"):
        found.chat("no", found.templates["r1"])


def test_a_template_is_looked_at_once_and_not_for_each_prompt(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def count(_: object, template: str) -> str:
        looks.append(template)
        return ""

    monkeypatch.setattr(sys.modules["assay.engines.preflight"], "template_error", count)
    found = look(home)
    assert [found.chat(text, TEMPLATE) for text in "abc"] == ["<a>", "<b>", "<c>"]
    assert looks == [TEMPLATE]


def test_a_base_without_a_template_is_noted(home: Path) -> None:
    (home / "base" / "chat_template.jinja").unlink()
    found = look(home)
    assert found.templates == {}
    [note] = found.problems
    assert (note.subject, note.severity) == ("base", "note")
    assert (
        "no chat template: prompts are sent as they are; `decoding.template: FILE` gives one" in note.message
    )


def test_the_context_is_the_configurations_and_none_where_it_names_none(home: Path) -> None:
    found = look(home)
    assert found.context == 512
    skeleton = replace(found._skeleton, context=2**31)
    assert TorchPreflight("base", Stamp.of(home / "base"), found.settings, skeleton).context is None


def test_a_base_whose_weights_have_another_shape_than_its_configuration_is_blamed_itself(home: Path) -> None:
    path = home / "base" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"intermediate_size": 96}))
    with pytest.raises(
        EngineError, match=r"base 'base': 9 of the weights in .*: \[\d+, \d+\] in the file, .* by config.json"
    ):
        look(home, "r1")


def test_nothing_of_transformers_own_is_printed(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logging.set_verbosity_info()
    logging.enable_progress_bar()
    try:
        said(look(home, "r1"), ["r1"])
        assert logging.is_progress_bar_enabled()
        assert logging.get_verbosity() == INFO
    finally:
        logging.set_verbosity_warning()
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_a_base_that_decodes_without_cuda_graphs_is_noted_where_there_could_be_some(llama: Toy) -> None:
    def slow(quantization: Quantization, **options: Any) -> str:
        return _decodes_slowly(TorchSettings(TorchOptions(**options), "auto", quantization), llama.base)

    assert slow("4bit", device="cpu") == ""
    assert slow("none", device="cuda") == ""
    assert slow("4bit", device="cuda", graphs=False) == ""
    assert slow("4bit", device="cuda") == "kernels for quantized weights may wait for the processor"


def test_provenance_names_software_and_device(home: Path) -> None:
    found = look(home).provenance
    assert {"assay", "torch", "transformers", "peft", "python", "device"} <= set(found)
    assert found["torch"] == torch.__version__
    assert found["device"].startswith("cpu: ")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda base: (base / "config.json").unlink(), "no config.json in"),
        (lambda base: (base / "config.json").write_text("{}"), r"config\.json has no `model_type`"),
        (lambda base: (base / "config.json").write_text(" "), r"config\.json is empty; download it again"),
        (lambda base: without(base, "tokenizer.json"), r"no tokenizer in .* \(tokenizer\.json, "),
        (lambda base: (base / "tokenizer.json").write_text("{"), r"tokenizer\.json is not JSON"),
        (
            lambda base: (base / "tokenizer.json").write_text("{}"),
            r"tokenizer\.json cannot be used .*download it",
        ),
        (
            lambda base: (base / "tokenizer_config.json").write_text("[]"),
            r"tokenizer_config\.json is not a JSON",
        ),
        (
            lambda base: (base / "generation_config.json").write_text("["),
            r"generation_config\.json is not JSON",
        ),
        (lambda base: (base / "model.safetensors").unlink(), "no model.safetensors in"),
        (lambda base: (base / "model.safetensors").write_bytes(b"x"), "no complete safetensors header"),
        (lambda base: (base / "adapter_config.json").write_text("{}"), "move the adapter into a folder"),
        (lambda base: shutil.rmtree(base), "no folder"),
    ],
)
def test_a_base_that_cannot_be_run_is_an_error_before_anything_is_loaded(
    home: Path, damage: Any, message: str
) -> None:
    damage(home / "base")
    with pytest.raises(EngineError, match=message) as bad:
        look(home, "r1")
    assert str(bad.value).count("base 'base': ") == 1


def test_an_adapter_given_as_base_is_told(home: Path) -> None:
    with pytest.raises(EngineError, match="it is an adapter; give the base"):
        look(home, base="r1")


def test_code_of_a_base_needs_the_option(home: Path) -> None:
    path = home / "base" / "config.json"
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    path.write_text(json.dumps(json.loads(path.read_text()) | own))
    (home / "base" / "own.py").write_text("raise SystemExit('ran')")
    with pytest.raises(EngineError, match=r"engine\.options\.trust_remote_code"):
        look(home)


def test_a_base_that_is_too_large_is_refused_with_figures(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "free_bytes", lambda _: 1000)
    with pytest.raises(EngineError, match=r"base 'base': it needs about .* GiB on cpu"):
        look(home, "r1")


def test_hub_ids_that_are_not_here_are_refused_offline(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def fail(*_: Any, **__: Any) -> str:
        raise hub.errors.LocalEntryNotFoundError("offline")

    monkeypatch.setattr(hub, "snapshot_download", fail)
    with pytest.raises(EngineError, match=r"base 'base': no folder org/model here, no complete download"):
        preflight(ENGINE, ModelRef("base", "org/model"), [])
    found = preflight(ENGINE, ModelRef("base", home / "base"), [ModelRef("mine", "org/mine", "v1")])
    assert "hf download org/mine --revision v1" in errors(found)["mine"]


def test_a_hub_id_is_the_bases_name_where_adapters_name_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub, "snapshot_download", lambda *_, **__: str(home / "base"))
    configure(home / "r1", base_model_name_or_path="someone/Model")
    found = preflight(ENGINE, ModelRef("base", "org/model"), [ModelRef("r1", home / "r1")])
    assert found.problems == ()
    configure(home / "r1", base_model_name_or_path="someone/other")
    [problem] = preflight(ENGINE, ModelRef("base", "org/model"), [ModelRef("r1", home / "r1")]).problems
    assert "the base given is org/model" in problem.message


def test_an_adapter_of_zeros_is_warned_of_and_loaded(home: Path) -> None:
    reweigh(home / "r1", lora_B__weight=torch.zeros_like)
    found = look(home, "r1")
    assert [one.severity for one in found.problems] == ["warning"]
    with found.load() as loaded:
        [dead] = loaded.liveness(["r1"])
    assert (dead.modules, dead.norm, dead.alive) == (6, 0, False)


def test_a_wider_adapter_is_an_error_that_names_its_base(home: Path) -> None:
    weights = load_file(home / "r1" / WEIGHTS)
    wide = {key: torch.cat([w, w], 1) if "lora_A" in key else w for key, w in weights.items()}
    save_file(wide, home / "r1" / WEIGHTS)
    configure(home / "r1", base_model_name_or_path="someone/wide-7b")
    assert "which it calls someone/wide-7b" in errors(look(home, "r1"))["r1"]


def test_problems_are_one_line_each_and_start_with_no_name(home: Path) -> None:
    configure(home / "r1", base_model_name_or_path="a/b", use_dora=True)
    found: tuple[Problem, ...] = look(home, "r1").problems
    assert found
    for one in found:
        assert "\n" not in one.message
        assert not one.message.startswith(("adapter", "base"))
