"""Looking needs neither vllm nor torch, and says everything that would go wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from assay.engines import find_preflight
from assay.engines.api import ModelRef
from assay.engines.vllm import VllmPreflight, preflight
from assay.errors import EngineError
from assay.plan import EngineSettings
from tests.engines.vllm.conftest import make_adapter, make_base

MODULE = import_module("assay.engines.vllm.preflight")
"""Its package has a function of the same name."""


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if vllm were installed."""
    monkeypatch.setattr(MODULE, "find_spec", lambda name: name)


def look(home: Path, *names: str, **engine: Any) -> VllmPreflight:
    adapters = [ModelRef(name, home / name) for name in names]
    return preflight(EngineSettings(name="vllm", **engine), ModelRef("base", home / "base"), adapters)


def errors(found: VllmPreflight) -> dict[str, str]:
    return {one.subject: one.message for one in found.problems if one.severity == "error"}


def test_the_engine_is_found_by_its_name() -> None:
    found: object = find_preflight("vllm")
    assert found is preflight


def test_where_vllm_is_absent_the_extra_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "find_spec", lambda _: None)
    with pytest.raises(EngineError, match=r"pip install 'lora-assay\[vllm\]'"):
        look(home)


def test_looking_imports_neither_vllm_nor_torch() -> None:
    code = "import sys, assay.engines.vllm, assay.engines.server; sys.exit('torch' in sys.modules or 'vllm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_identities_are_json_and_name_no_path(home: Path) -> None:
    found = look(home, "math", "chat")
    assert list(found.identities) == ["base", "math", "chat"]
    text = json.dumps(list(found.identities.values()))
    assert str(home) not in text
    assert "math" not in text


@pytest.mark.parametrize(
    ("engine", "same"),
    [
        ({"options": {"rows": 4, "tensor_parallel": 2, "length": 32, "eager": True}}, True),
        ({"dtype": "float32"}, True),
        ({"dtype": "bfloat16"}, False),
        ({"quantization": "fp8"}, False),
        ({"options": {"arguments": {"kv_cache_dtype": "fp8"}}}, False),
    ],
)
def test_what_rounds_alone_is_no_part_of_who_answers(home: Path, engine: dict[str, Any], same: bool) -> None:
    assert (look(home, "math", **engine).identities == look(home, "math").identities) is same


def test_an_adapter_that_vllm_cannot_take_is_a_problem_and_the_others_go_on(home: Path) -> None:
    make_adapter(home / "dora", use_dora=True)
    found = look(home, "math", "dora")
    assert list(errors(found)) == ["dora"]
    assert list(found.identities) == ["base", "math"]


def test_room_is_made_for_what_the_adapters_are_and_the_control(home: Path) -> None:
    given = look(home, "math", "chat").arguments()
    wanted = {"enable_lora": True, "max_loras": 3, "max_lora_rank": 8, "enable_prefix_caching": True}
    assert wanted.items() <= given.items()
    assert given["lora_target_modules"] == ["q_proj", "v_proj"]
    assert given["generation_config"] == "vllm"
    assert given["dtype"] == "float32"
    assert "max_model_len" not in given


def test_a_base_alone_is_loaded_without_lora(home: Path) -> None:
    assert "enable_lora" not in look(home).arguments()


def test_options_are_passed_through(home: Path) -> None:
    options = {
        "tensor_parallel": 2,
        "pipeline_parallel": 3,
        "length": 32,
        "memory": 0.5,
        "arguments": {"x": 1},
    }
    given = look(home, options=options).arguments()
    wanted = {"tensor_parallel_size": 2, "pipeline_parallel_size": 3, "max_model_len": 32}
    assert (wanted | {"gpu_memory_utilization": 0.5, "x": 1}).items() <= given.items()
    assert look(home, options=options).context == 32
    assert look(home).context == 64


def test_the_dtype_is_the_checkpoints_own(tmp_path: Path) -> None:
    make_base(tmp_path / "base", dtype="bfloat16")
    assert look(tmp_path).dtype == "bfloat16"
    make_base(tmp_path / "unsaid" / "base", dtype=None)
    assert look(tmp_path / "unsaid").dtype == "float32"


def test_ends_are_those_of_the_generation_configuration(home: Path) -> None:
    assert look(home).ends() == (2, 3)
    (home / "base" / "generation_config.json").write_text('{"eos_token_id": 9}')
    assert look(home).ends() == (9,)


def test_end_tokens_have_texts_where_the_tokenizer_s_file_names_them(home: Path) -> None:
    assert look(home).end_texts() == {}
    vocabulary = {"model": {"vocab": {"a": 1, "<end>": 3}}, "added_tokens": [{"content": "</s>", "id": 2}]}
    (home / "base" / "tokenizer.json").write_text(json.dumps(vocabulary))
    found = look(home)
    assert found.end_texts() == {"</s>": 2, "<end>": 3}
    assert (found.token("a"), found.token("b")) == (1, None)


def test_templates_are_rendered_and_told_apart(home: Path) -> None:
    (home / "math" / "chat_template.jinja").write_text("[{{ messages[0].content }}]")
    found = look(home, "math", "chat")
    assert found.chat("hi", found.templates["base"]) == "<hi>"
    assert found.chat("hi", found.templates["math"]) == "[hi]"
    assert "chat" not in found.templates


def test_the_same_weights_twice_are_warned_of(home: Path) -> None:
    make_adapter(home / "copy", value=2.0)
    assert any("byte for byte" in one.message for one in look(home, "math", "copy").problems)


def test_names_for_vllm_change_with_the_content(home: Path) -> None:
    before = look(home, "math").adapters["math"].called
    make_adapter(home / "other" / "math", value=9.0)
    (home / "other" / "math" / "adapter_model.safetensors").replace(
        home / "math" / "adapter_model.safetensors"
    )
    after = look(home, "math")
    assert after.adapters["math"].called != before
    assert after.adapters["math"].stamp.stale is False


def test_an_adapter_that_ends_with_another_token_ends_its_responses_with_it(home: Path) -> None:
    added = [{"content": text, "id": number} for text, number in {"<a>": 2, "<b>": 3, "<turn>": 7}.items()]
    (home / "base" / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {}}, "added_tokens": added}))
    (home / "math" / "tokenizer_config.json").write_text('{"eos_token": "<turn>"}')
    (home / "chat" / "tokenizer_config.json").write_text('{"eos_token": "<b>"}')
    looked = look(home, "math", "chat")
    assert looked.end_tokens == {"math": (7,)}
    [warning] = [problem for problem in looked.problems if "eos_token" in problem.message]
    assert (warning.subject, warning.severity) == ("math", "warning")
