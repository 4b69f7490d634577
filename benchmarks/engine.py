"""Tokens per second of the torch engine beside lm-eval, transformers + PEFT and vLLM, on one machine in one go.

Every system gets the same base, adapters, prompts and limits (see `engine_workload.py`) and runs in a
process of its own, so that its peak memory is its own. The limit is what the machine's bfloat16 matrix
products and its reads of memory allow: operations of all prompt and generated tokens, and the keys and values
that each generated token reads, over rates measured in the same run.

    python benchmarks/engine.py --ifeval IFEVAL.jsonl --peers lm-eval,peft,vllm --vllm-python VENV/bin/python
    python benchmarks/engine.py --random --peers lm-eval --grow 1,2,4,8,16,32
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from engine_workload import (
    LENGTHS,
    REAL,
    chat_prompts,
    ifeval_lengths,
    prompts,
    real_base,
    save_base,
    write_adapter,
    write_real_adapter,
)

HERE = Path(__file__).parent
SCRIPTS = {
    "assay": "engine_assay.py",
    "lm-eval": "engine_lm_eval.py",
    "peft": "engine_peft.py",
    "vllm": "engine_vllm.py",
}
NAMES = {
    "assay": "assay, one batch of all subjects",
    "lm-eval": "lm-eval --model hf, peft= in turn",
    "peft": "transformers + PEFT, mixed batch",
    "vllm": "vLLM on the CPU, LoRARequest",
}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--random", action="store_true", help="a random base of 0.5 B, random prompts")
    parser.add_argument("--prompts", type=int, default=24, help="prompts for each subject")
    parser.add_argument(
        "--tokens", type=int, help="of each response: at most (512); with --random neither more nor less (64)"
    )
    parser.add_argument("--adapters", type=int, default=8)
    parser.add_argument(
        "--ifeval", type=Path, help="IFEval's prompt file; with --random only lengths are taken"
    )
    parser.add_argument("--peers", default="", help="of lm-eval,peft,vllm")
    parser.add_argument("--vllm-python", default=sys.executable, help="the interpreter that has vLLM")
    parser.add_argument(
        "--lm-eval-subjects", type=int, default=0, help="measure so many, count the rest alike"
    )
    parser.add_argument("--grow", default="", help="numbers of adapters to time, such as 1,2,4,8,16,32")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--model", help=f"folder or hub id ({REAL}); with --random, where the base is kept")
    parser.add_argument("--json", type=Path, help="write the results here")
    options = parser.parse_args()
    if not options.random and options.ifeval is None:
        parser.error("--ifeval FILE is needed: IFEval's input_data.jsonl; or give --random")
    options.tokens = options.tokens or (64 if options.random else 512)
    return options


def prepare(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Save base and adapters, and say what is to be run."""
    grown = [int(count) for count in options.grow.split(",") if count]
    count = max(options.adapters, *grown, 1)
    if options.random:
        base = save_base(Path(options.model or folder / "base"))
        places = {f"a{i}": str(write_adapter(folder / f"a{i}", i)) for i in range(count)}
        texts = prompts(options.prompts, ifeval_lengths(options.ifeval) if options.ifeval else LENGTHS)
    else:
        base = real_base(options.model or REAL)
        places = {f"a{i}": str(write_real_adapter(base, folder / f"a{i}", i)) for i in range(count)}
        texts = chat_prompts(base, options.ifeval, options.prompts)
    return {
        "model": str(base),
        "adapters": places,
        "prompts": texts,
        "tokens": options.tokens,
        "exact": options.random,
        "threads": options.threads,
        "lm_eval_subjects": options.lm_eval_subjects,
    }


def run(system: str, python: str, workload: dict[str, Any], folder: Path, *more: str) -> dict[str, Any]:
    """One system in a process of its own. What it prints goes to a file, shown if it fails."""
    given, result, log = folder / "workload.json", folder / "result.json", folder / f"{system}.log"
    given.write_text(json.dumps(workload))
    result.unlink(missing_ok=True)
    quiet = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment = {**os.environ, **quiet, "OMP_NUM_THREADS": str(workload["threads"])}
    command = [python, str(HERE / SCRIPTS[system]), str(given), str(result), *more]
    with log.open("w") as output:
        ended = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False)
    if ended.returncode or not result.is_file():
        raise SystemExit(f"{system} failed ({ended.returncode}):\n{log.read_text()[-4000:]}")
    said: dict[str, Any] = json.loads(result.read_text())
    return said


def compare(workload: dict[str, Any], options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run assay and the peers, and print a line for each as it ends."""
    asked = {**workload, "adapters": dict(list(workload["adapters"].items())[: options.adapters])}
    rows = (options.adapters + 1) * options.prompts
    limit = f"{'' if options.random else 'up to '}{options.tokens} tokens"
    print(f"{rows} rows: base + {options.adapters} adapters x {options.prompts} prompts, {limit}")
    print(f"{'':36}{'tokens/s':>10}{'ratio':>8}{'of limit':>10}{'seconds':>9}{'loading':>9}{'peak GiB':>10}")
    results: dict[str, Any] = {}
    for system in ("assay", *(name for name in options.peers.split(",") if name)):
        python = options.vllm_python if system == "vllm" else sys.executable
        found = results[system] = run(system, python, asked, folder)
        if options.random and found["generated"] != rows * options.tokens:
            raise SystemExit(f"{system} generated {found['generated']} tokens, not {rows * options.tokens}")
        ours = results["assay"]
        found["rate"] = found["generated"] / found["seconds"]
        found["ratio"] = ours["rate"] / found["rate"]
        least = ours["work"] / ours["limit"] + ours["bytes"] / ours["bandwidth"]
        found["share"] = least * found["generated"] / ours["generated"] / found["seconds"]
        print(
            f"{NAMES[system]:36}{found['rate']:10.1f}{found['ratio']:8.1f}{found['share']:10.1%}"
            f"{found['seconds']:9.1f}{found['load_seconds']:9.1f}{found['peak_gib']:10.2f}",
            flush=True,
        )
        if found.get("measured_subjects") != found.get("subjects"):
            print(
                f"    measured on {found['measured_subjects']} of {found['subjects']} subjects, the rest alike"
            )
    print(
        f"limit: {ours['limit'] / 1e9:.0f} GFLOP/s for {ours['work'] / 1e9:.0f} GFLOP, {ours['bandwidth'] / 1e9:.0f} GB/s "
        f"for {ours['bytes'] / 1e9:.0f} GB of keys and values; {ours['steps']} steps, {ours['decoding']}"
    )
    if ours["plain"]:
        print(f"weights are not packed: {ours['plain']}")
    return results


def grow(workload: dict[str, Any], options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Time by number of adapters, on one base that is loaded once."""
    found = run("assay", sys.executable, workload, folder, options.grow)
    print(f"\n{'adapters':>8}{'rows':>7}{'seconds':>9}{'a subject':>11}{'tokens/s':>10}")
    for one in found["grown"]:
        seconds, subjects = one["seconds"], one["adapters"] + 1
        rate = one["generated"] / seconds
        print(f"{one['adapters']:8}{one['rows']:7}{seconds:9.1f}{seconds / subjects:11.2f}{rate:10.1f}")
    print(f"one load of {found['load_seconds']:.1f} s for all; peak {found['peak_gib']:.2f} GiB")
    return found


def processor() -> str:
    """What the system calls its processor, and the instructions for bfloat16 that it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    said = dict(line.split(":", 1) for line in lines if ":" in line)
    known = {key.strip(): value.split() for key, value in said.items()}
    name = known.get("model name") or [platform.machine()]
    able = [flag for flag in ("avx512_bf16", "amx_bf16") if flag in known.get("flags", [])]
    return " ".join([*name, *able])


def main() -> None:
    """Prepare, compare, grow, write."""
    options = arguments()
    results: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "threads": options.threads,
    }
    print(f"{results['machine']}, {options.threads} threads")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        workload = prepare(folder, options)
        results["read"] = [len(text.split()) for text in workload["prompts"]]
        results["systems"] = compare(workload, options, folder)
        if options.grow:
            results["grow"] = grow(workload, options, folder)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
