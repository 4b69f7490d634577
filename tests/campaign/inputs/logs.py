"""Logs and data files: what the importers and the readers of prompt files make of them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from assay.errors import ResponsesError
from assay.files import file_name
from assay.interop.importers.import_log import Import, import_log
from assay.interop.importers.logs import read_log
from assay.rows import read_rows
from assay.tasks import load_task
from tests.campaign.kinds import KEPT, Files, Kind, write
from tests.interop.importers.writing import asked, instance, sample

__all__ = ["KINDS"]

TEXTS = ("#### 1", "The answer is 2.", "", "None", 'a "quoted", text\nof two lines', "日本語 \u2028 𝄞")


def _lines(rows: Sequence[Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _samples() -> Sequence[Files]:
    rows = [sample(i, text) for i, text in enumerate(TEXTS)]
    old = [{**row, "arguments": [["Q", {"until": ["\n"]}]], "resps": [row["resps"][0]]} for row in rows]
    results = json.dumps({"config": {"model_args": "pretrained=org/base,peft=org/a"}, "results": {}}).encode()
    chat = [
        {**row, "arguments": {"gen_args_0": {"arg_0": ['[{"role": "user"}]'], "arg_1": {}}}} for row in rows
    ]
    return [{"samples_math_1.jsonl": _lines(form), "results_1.json": results} for form in (rows, old, chat)]


def _instances() -> Sequence[Files]:
    rows = [instance(i, text) for i, text in enumerate(TEXTS)]
    info = {"id": "org/a", "additional_details": {"base_model": "org/base", "adapter": "org/a"}}
    results = [{"evaluation_name": "math", "generation_config": {"temperature": 0}}]
    return [
        {
            "u_samples.jsonl": _lines(rows),
            "u.json": json.dumps({"model_info": info, "evaluation_results": results}, indent=1).encode(),
        }
    ]


def _responses() -> Sequence[Files]:
    rows = [
        {"key": str(i), "prompt": f"p {i}", "response": text, "sample": 0} for i, text in enumerate(TEXTS)
    ]
    return [
        {"r.jsonl": _lines(rows)},
        {"r.jsonl": json.dumps(rows, indent=2).encode()},
        {"r.jsonl": gzip.compress(_lines(rows))},
        {"r.jsonl": _lines([{"key": n, "response": None} for n in range(3)])},
    ]


def _tables() -> Sequence[Files]:
    rows = [f'"{i}";"{text.replace(chr(34), chr(34) * 2)}"' for i, text in enumerate(TEXTS)]
    return [
        {"r.csv": ("key;response\r\n" + "\r\n".join(rows)).encode()},
        {"r.csv": b"key\tresponse\n1\ta\n2\t\n"},
        {"r.csv": b'"key","re ""s""","response"\n1,,"x\ny"\n'},
    ]


def _columns() -> Sequence[Files]:
    """Parquet, where it can be written here."""
    try:
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        return [{"r.parquet": b"PAR1\x15\x04\x15\x00PAR1"}]
    file = io.BytesIO()
    parquet.write_table(
        arrow.table({"key": [str(n) for n in range(len(TEXTS))], "response": list(TEXTS)}), file
    )
    return [{"r.parquet": file.getvalue()}]


def _inspect() -> Sequence[Files]:
    """A log of Inspect, as JSON and as an archive, by hand: what its reader refuses is refused here."""
    log = {
        "version": 2,
        "status": "success",
        "eval": {"model": "vllm/b:a"},
        "samples": [{"id": 1, "epoch": 1, "input": "q"}],
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("header.json", json.dumps(log))
        packed.writestr("samples/1_epoch_1.json", json.dumps(log["samples"][0]))  # type: ignore[index]
    return [{"l.json": json.dumps(log).encode()}, {"l.eval": archive.getvalue()}]


def _reads(form: str) -> Callable[[Files, Path], None]:
    def feed(files: Files, folder: Path) -> None:
        write(files, folder)
        name = next((name for name in files if not name.startswith(KEPT)), "none")
        stated = "pretrained=org/base" if form not in ("lm-eval", "every-eval-ever") else None
        log = read_log(form, folder / name, stated)
        assert log.rows
        for row in log.rows:
            (row.text or "").encode()

    return feed


def _imports(files: Files, folder: Path) -> None:
    """An adapter's log, beside a base's that is in order, into a run that a hostile file may be part of."""
    write(files, folder)
    run = folder / "run"
    import_log(asked("jsonl", folder / "base.jsonl", "base"), run)
    name = files.get("name", b"a").decode("utf-8", "replace")
    if (state := files.get("imports.json")) is not None and state != b"-":
        (run / "imported" / "imports.json").write_bytes(state)
    what = Import(
        "lm-eval",
        folder / "samples_math_1.jsonl",
        name,
        "numeric",
        "pretrained=org/base,peft=org/a",
        label="numeric",
    )
    imported = import_log(what, run)
    assert (run / "imported" / imported.file).resolve().is_relative_to(folder.resolve()), file_name(name)


def _imports_whole() -> Sequence[Files]:
    base = _lines(
        [{"key": str(i), "prompt": f"question {i}", "response": "#### 2"} for i in range(len(TEXTS))]
    )
    rows = _lines(
        [
            {**sample(i, text), "doc": {"key": str(i), "question": f"question {i}"}}
            for i, text in enumerate(TEXTS)
        ]
    )
    return [{f"{KEPT}base.jsonl": base, "samples_math_1.jsonl": rows, "name": b"a", "imports.json": b"-"}]


def _prompts_whole(kind: str) -> Callable[[], Sequence[Files]]:
    rows: dict[str, list[dict[str, Any]]] = {
        "ifeval": [
            {"key": 1, "prompt": "p", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
            {
                "key": 2,
                "prompt": "q",
                "instruction_id_list": ["keywords:existence", "length_constraints:number_words"],
                "kwargs": [{"keywords": ["a", "b"]}, {"num_words": 5, "relation": "at least"}],
            },
        ],
        "numeric": [
            {"question": "How many?", "answer": "3 + 2 = 5\n#### 5"},
            {"question": "How far?", "answer": 2.5},
            {"key": "k", "question": "Who?", "answer": "1,234"},
            {"ID": "c-1", "Body": "Ann has 3.", "Question": "And?", "Answer": 3.0},
        ],
    }
    rows["ifbench"] = [
        {**row, "instruction_id_list": ["format:emoji"], "kwargs": [{}]} for row in rows["ifeval"]
    ]
    return lambda: [{"p.jsonl": _lines(rows[kind])}, {"p.jsonl": json.dumps(rows[kind], indent=1).encode()}]


def _prompts(kind: str) -> Callable[[Files, Path], None]:
    def feed(files: Files, folder: Path) -> None:
        write(files, folder)
        task = load_task(kind)()
        for example in task.read(folder / "p.jsonl"):
            task.prompt(example, True, 0).encode()
            task.score(example, "The answer is 5.\n\nTwo, lines")

    return feed


def _rows(files: Files, folder: Path) -> None:
    write(files, folder)
    for name in files:
        for _, row in read_rows(folder / name, ResponsesError, allow_nan=True):
            assert isinstance(row, dict)


KINDS = (
    Kind("lm-eval logs", _samples, _reads("lm-eval"), weight=2),
    Kind("every-eval-ever logs", _instances, _reads("every-eval-ever")),
    Kind("inspect logs", _inspect, _reads("inspect"), weight=0.3),
    Kind("response files", _responses, _reads("jsonl")),
    Kind("csv files", _tables, _reads("csv"), weight=2),
    Kind("parquet files", _columns, _reads("parquet")),
    Kind("row files", lambda: [*_responses(), *_tables()], _rows),
    Kind("imports", _imports_whole, _imports, weight=0.5),
    *(
        Kind(f"{kind} prompts", _prompts_whole(kind), _prompts(kind))
        for kind in ("ifeval", "ifbench", "numeric")
    ),
)
