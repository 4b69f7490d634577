"""One adapter on the default suite: the study that is made of it, and what comes out. No model is loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.audit import Checked, check
from assay.engines import Fake, Prompt
from assay.engines.fake import FakePreflight
from assay.errors import AssayError, EngineError, Place, RunError, StudyError
from assay.runs.check import study_of_one
from tests.studies import examples, jsonl

pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an adapter, a base and the data of both tasks; the current one."""
    monkeypatch.chdir(tmp_path)
    for folder in ("adapters/qa", "models/tiny"):
        Path(folder).mkdir(parents=True)
    examples(tmp_path, 300, "gsm.jsonl")
    rows = (
        {
            "key": i,
            "prompt": f"Use no commas, {i}.",
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{}],
        }
        for i in range(300)
    )
    jsonl(tmp_path / "prompts.jsonl", rows)
    return tmp_path


def answering(better: int, worse: int) -> Fake:
    """On IFEval, prompts that only the adapter passes, then prompts that only the base passes; else all pass."""

    def answer(request: Prompt) -> str:
        number, adapter = int(request.example), request.subject == "qa"
        if request.task == "gsm8k":
            return f"#### {1 + number % 2}" + " so" * adapter
        fails = number < better if not adapter else better <= number < better + worse
        return "bad, this" if fails else "fine"

    return Fake(answer)


def checked(fake: Fake, **more: Any) -> Checked:
    return check(
        "adapters/qa",
        "models/tiny",
        "instruction",
        engine=fake.preflight,
        prompts="prompts.jsonl",
        examples="gsm.jsonl",
        **more,
    )


@pytest.mark.parametrize(
    ("better", "worse", "outcome", "code"),
    [(80, 10, "pass", 0), (10, 80, "fail", 1), (30, 20, "undecided", 2)],
)
def test_the_gate_says_what_the_evidence_allows(better: int, worse: int, outcome: str, code: int) -> None:
    found = checked(answering(better, worse))
    assert (found.gate.outcome, found.gate.exit_code) == (outcome, code)
    assert [claim.metric for claim in found.result.claims] == ["ifeval.prompt_strict"]
    assert found.folder == Path("runs/check-qa")
    assert (found.folder / "report.html").is_file()


def test_it_goes_on_where_it_stopped() -> None:
    first = checked(answering(80, 10), limit=120)
    again = answering(80, 10)
    assert checked(again, limit=120).result.claims == first.result.claims
    assert again.asked == []


def test_the_copy_in_the_run_is_a_study_of_its_own(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(answering(80, 10), out=place / "run")
    monkeypatch.chdir("/")
    study = assay.load_study(place / "run" / "study.yaml")
    assert study.source(study.adapters[0].path or "") == place / "adapters" / "qa"
    assert assay.run(study, place / "other", engine=answering(80, 10).preflight).claims == found.result.claims


def test_folders_and_files_become_absolute_and_hub_ids_stay(place: Path) -> None:
    study = study_of_one(
        "adapters/qa", "Qwen/Qwen3-4B", "instruction", base_revision="abc", prompts="prompts.jsonl"
    )
    assert study.name == "check-qa"
    assert (study.bases[0].name, study.bases[0].model, study.bases[0].revision) == (
        "Qwen3-4B",
        "Qwen/Qwen3-4B",
        "abc",
    )
    assert study.adapters[0].path == str(place / "adapters" / "qa")
    assert study.tasks[0].prompts == str(place / "prompts.jsonl")
    assert [(task.task, task.name, task.examples) for task in study.tasks[1:]] == [("numeric", "gsm8k", None)]
    assert study.engine.name == "torch"


def test_settings_stand_where_a_study_has_them() -> None:
    study = study_of_one(
        "owner/qa",
        "owner/base",
        "numeric",
        revision="r1",
        limit=7,
        max_tokens=99,
        dtype="float32",
        options={"rows": 4, "quantization": "int8"},
    )
    assert study.adapters[0].revision == "r1"
    assert [task.limit for task in study.tasks] == [7, 7]
    assert study.decoding.max_tokens == 99
    assert (study.engine.dtype, study.engine.options) == ("float32", {"rows": 4})
    assert study.engine.quantization == "int8"


def test_a_check_runs_behind_a_server_too() -> None:
    options = {"url": "http://localhost:8000", "key_env": "KEY", "models": {"qa": "served"}}
    engine = study_of_one("owner/qa", "owner/base", "numeric", "openai", options=options).engine
    assert (engine.name, engine.url, engine.key_env) == ("openai", "http://localhost:8000", "KEY")
    assert engine.options == {"models": {"qa": "served"}}
    with pytest.raises(StudyError, match=r"^--engine: `url` is for servers"):
        check("owner/qa", "owner/base", "numeric", options=options)
    with pytest.raises(StudyError, match=r"^--engine: no engine 'opanai'"):
        check("owner/qa", "owner/base", "numeric", engine="opanai")
    with pytest.raises(AssayError, match=r"^--option url: missing; give the server's address"):
        check(
            "adapters/qa",
            "models/tiny",
            "numeric",
            engine="openai",
            prompts="prompts.jsonl",
            examples="gsm.jsonl",
        )


def test_an_adapter_named_as_its_base_is_told_from_it() -> None:
    study = study_of_one("mine/tiny", "models/tiny", "instruction")
    assert (study.bases[0].name, study.adapters[0].name) == ("tiny", "tiny-adapter")


def test_a_label_without_a_task_is_refused() -> None:
    said = "^--label poetry: no task of the default suite has that capability; write instruction or numeric$"
    with pytest.raises(StudyError, match=said):
        check("adapters/qa", "models/tiny", "poetry", engine=answering(1, 1).preflight)


class Picky(FakePreflight):
    """Can apply no template of an adapter."""

    def chat(self, prompt: str, template: str) -> str:
        if template == "broken":
            raise EngineError("the template is broken; mend it")
        return FakePreflight.chat(self, prompt, template)


class OfPicky(Fake):
    def preflight(self, *given: Any) -> Picky:
        return Picky(self, *given)


@pytest.mark.parametrize(
    "fake",
    [
        Fake(lambda _: "fine", refused={"qa": "the template is broken; mend it"}),
        OfPicky(lambda _: "fine", templates={"tiny": "{prompt}", "qa": "broken"}),
    ],
)
def test_an_adapter_that_cannot_be_used_is_bad_input_and_leaves_nothing(fake: Fake, place: Path) -> None:
    with pytest.raises(EngineError, match=r"^adapter qa: the template is broken; mend it$"):
        checked(fake)
    assert fake.asked == []
    assert not (place / "runs").exists()


def test_an_adapter_that_changes_nothing_is_a_verdict() -> None:
    found = checked(Fake(lambda _: "fine", inert=["qa"]))
    assert (found.result.claims[0].verdict, found.gate.exit_code) == ("not applied", 1)


def test_the_weights_are_looked_at_once() -> None:
    fake, looks = answering(80, 10), []

    def preflight(*given: Any) -> Any:
        looks.append(given)
        return fake.preflight(*given)

    check(
        "adapters/qa", "models/tiny", "instruction", engine=preflight, limit=50,
        prompts="prompts.jsonl", examples="gsm.jsonl",
    )  # fmt: skip
    assert len(looks) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"prompts": "none.jsonl"}, "^--prompts none.jsonl: no such file$"),
        ({"prompts": "models"}, "^--prompts models: is a folder; name the file in it$"),
        ({"examples": "none.jsonl"}, "^--examples none.jsonl: no such file$"),
        ({"revision": "main"}, r"^--revision: a local folder has no revision \(.*\); leave it out$"),
        ({"limit": -1}, "^--limit: "),
        (
            {"prompts": None},
            r"; give --prompts FILE \(from https://raw.githubusercontent.com/google-research/.*\)$",
        ),
        ({"examples": None}, r"; give --examples FILE \(from https://.*\)$"),
    ],
)
def test_messages_name_options_and_no_study(
    settings: dict[str, Any], said: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(place / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    given = {"prompts": "prompts.jsonl", "examples": "gsm.jsonl", **settings}
    with pytest.raises(AssayError) as refused:
        check("adapters/qa", "models/tiny", "instruction", engine=answering(1, 1).preflight, **given)
    assert re.search(said, str(refused.value))
    assert "study" not in str(refused.value)


def test_a_base_whose_template_is_broken_can_be_given_another() -> None:
    fake = OfPicky(lambda _: "fine", templates={"tiny": "broken"})
    with pytest.raises(AssayError, match=r"^--template: the template is broken.*; give --template FILE"):
        checked(fake)
    assert checked(fake, template="none", limit=20).result.claims


def test_an_engines_refusal_of_a_setting_names_its_option() -> None:
    def preflight(*_: Any) -> Any:
        place = Place.of("engine", "options", "row")
        raise EngineError("no such option", place=place, fix="there are rows, tokens")

    with pytest.raises(EngineError, match=r"^--option row: no such option; there are rows, tokens$"):
        check(
            "adapters/qa", "models/tiny", "instruction", engine=preflight,
            prompts="prompts.jsonl", examples="gsm.jsonl",
        )  # fmt: skip


@pytest.mark.parametrize("adapter", ["./adapters/none", "/nowhere", "adapters/b/c"])
def test_an_adapter_that_is_nowhere_is_refused(adapter: str) -> None:
    with pytest.raises(StudyError, match=f"adapter {adapter}: no such folder"):
        study_of_one(adapter, "models/tiny", "instruction")


def test_a_folder_of_a_repository_follows_the_hub_id() -> None:
    study = study_of_one("owner/library/relevance/lora", "models/tiny", "instruction")
    assert study.adapter_source(study.adapters[0]) == ("owner/library", "relevance/lora")
    assert study.adapters[0].name == "lora"


def test_another_studys_run_is_not_touched() -> None:
    checked(answering(80, 10), out="run", limit=50)
    Path("adapters/other").mkdir()
    with pytest.raises(RunError, match="holds a run of the study 'check-qa'"):
        check(
            "adapters/other", "models/tiny", "instruction", "run", engine=answering(1, 1).preflight,
            prompts="prompts.jsonl", examples="gsm.jsonl",
        )  # fmt: skip


def test_it_is_offered_at_the_top() -> None:
    assert assay.check is check
