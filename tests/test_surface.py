"""The public surface, exactly: what stands here may be relied upon, and changes with a line in CHANGELOG.

To see the commands as they are: `python -m tests.test_surface`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

import assay
import assay.testing
from assay.cli import app
from assay.cli.errors import INTERNAL, INTERRUPTED, USAGE

DOCS = Path(__file__).parents[1] / "docs"
PACKAGE = [
    "AssayError",
    "Result",
    "Run",
    "Study",
    "__version__",
    "check",
    "decide",
    "gate",
    "load_study",
    "open_result",
    "resolve",
    "run",
    "stats",
]
RUN = [
    "analyze",
    "check_analyzed",
    "check_generated",
    "close",
    "events",
    "finish",
    "generate",
    "manifest",
    "open",
    "redeclare",
    "score",
    "start",
    "state",
]
TESTING = ["Completion", "Fake", "Prompt", "assert_label_holds", "score_response"]
COMMANDS = {
    "demo": "--recipe RECIPE.yaml, --out DIR, --recorded, --published, --json",
    "init": "FOLDER, --base*, --label, --out, --steps, --force, --json",
    "inspect": "ADAPTER..., --base, --digest, --json",
    "plan": "STUDY.yaml, --discordance+, --seed-sd, --pilot RUN, --trial, --engine NAME, --option+ KEY=VALUE, --json",
    "run": "STUDY.yaml, --out, --until full|decided, --engine NAME, --option+ KEY=VALUE, --json",
    "check": (
        "ADAPTER, --base*, --label*, --revision, --base-revision, --prompts, --examples, --limit, --max-tokens, "
        "--template, --dtype, --budget TIME, --out, --engine NAME, --option+ KEY=VALUE, --json"
    ),
    "decide": "RUN, --json",
    "report": "RUN, --json",
    "gate": "RUN, --policy, --junit, --json",
    "view": "[FOLDER], --port, --host, --registry FILE|URL, --no-browser, --json",
    "compare": "RUN_A, RUN_B, --adapter+ NAME, --json",
    "import": (
        "LOG, --out* RUN, --as*, --task*, --model-args, --base, --label, --data, --limit, --after, --format, --json"
    ),
    "export": "RUN, --format, --out, --subject, --dataset+ TASK=ORG/NAME:ID, --project, --json",
    "verify": "EVIDENCE, --run RUN, --adapter FOLDER, --json",
    "parity": (
        "RUN, --server* URL, --adapter NAME, --model NAME, --kind vllm|other, --prompts, --key-env VARIABLE, --json"
    ),
    "registry": (
        "add|list, [RUN]..., --label LABEL, --base BASE, --verdict VERDICT, --adapter TEXT, --freshness fresh|stale, "
        "--max-age DAYS, --history, --registry FILE|URL, --json"
    ),
    "watch": "FOLDER, --study* TEMPLATE, --once, --every SECONDS, --out, --label, --registry FILE|URL, --json",
    "score": ("TASK, RESPONSES, --prompts, --examples, --limit, --seed, --mode, --after, --out, --json"),
    "schema": "study|recipe|verdicts|comparison, --json",
    "tasks": "--json",
    "train": "RECIPE.yaml, --out, --json",
    "doctor": "--online, --json",
}
"""Arguments, then options: `*` a required one, `+` one that may be repeated. Old names are in tests/cli/test_app.py."""
VERBS = {
    "demo": "assay.demo.controlled.run_controlled",
    "init": "assay.study.init.draft",
    "inspect": "assay.inspecting.inspect_adapters",
    "plan": "assay.audit.plan",
    "run": "assay.run",
    "check": "assay.check",
    "decide": "assay.decide",
    "report": "assay.audit.report",
    "gate": "assay.gate",
    "view": "assay.view.serve.serve",
    "compare": "assay.comparison.compare",
    "import": "assay.interop.importers.import_log.import_log",
    "export": "assay.interop.exporters.export.export_run",
    "verify": "assay.evidence.verify",
    "parity": "assay.parity.check_parity",
    "registry": "assay.registry.index.Registry",
    "watch": "assay.registry.watch.Watch",
    "score": "assay.scoring.file.score_file",
    "schema": "assay.schemas.json_schema",
    "tasks": "assay.tasks.task_names",
    "train": "assay.training.train",
    "doctor": "assay.doctor.diagnose",
}
"""What each command is in Python, as docs/how-to/python.md says."""


def surface() -> dict[str, str]:
    """Each command's arguments and options, hidden ones left out."""
    command: Any = typer.main.get_command(app)
    return {name: ", ".join(map(_parameter, _shown(one))) for name, one in command.commands.items()}


def _shown(command: Any) -> list[Any]:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    return sorted(shown, key=lambda parameter: parameter.param_type_name == "option")


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    marks = "*" * parameter.required + "+" * parameter.multiple
    return " ".join(part for part in (parameter.opts[0] + marks, parameter.metavar) if part)


def test_the_package_offers_these_names() -> None:
    assert sorted(assay.__all__) == PACKAGE
    assert all(hasattr(assay, name) for name in PACKAGE)


def test_a_run_has_these_verbs() -> None:
    assert sorted(name for name in vars(assay.Run) if not name.startswith("_")) == RUN


def test_users_tests_are_offered_these_names() -> None:
    assert sorted(assay.testing.__all__) == TESTING


def test_the_command_line_takes_these_arguments_and_options() -> None:
    assert surface() == COMMANDS


def test_every_option_and_command_has_a_help_text_of_a_sentence() -> None:
    command: Any = typer.main.get_command(app)
    for name, one in command.commands.items():
        texts = [one.help, *(parameter.help for parameter in _shown(one))]
        assert all(text and text[0].isupper() and text.rstrip().endswith(".") for text in texts), (
            name,
            texts,
        )


def test_exit_codes() -> None:
    assert (USAGE, INTERNAL, INTERRUPTED) == (64, 70, 130)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_function_that_is_documented(command: str) -> None:
    home, _, name = VERBS[command].rpartition(".")
    assert callable(getattr(import_module(home), name))
    assert f"`{VERBS[command]}`" in (DOCS / "how-to" / "python.md").read_text()


if __name__ == "__main__":
    for _name, _taken in surface().items():
        print(f'    "{_name}": "{_taken}",')
