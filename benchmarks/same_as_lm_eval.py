"""The same prompts by assay's engine and by lm-eval's own model class, response by response.

    python benchmarks/same_as_lm_eval.py BASE ifeval.jsonl --dtype float32 --count 24 --tokens 256 [--adapter FOLDER]

BASE is a folder with an instruct model, and the prompts are IFEval's own file. Of each response that differs: the first
token that differs, and how far apart transformers' own two best logits are there (float32: a near-tie is below 1e-4).
Both are scored as IFEval scores them. In bfloat16 each side is also run on its prompts in another order, in other
batches: how much it differs from itself is the noise that the difference between both is compared with.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from assay.engines import Prompt
from assay.engines.torch import Source, TorchEngine, load_base, read_adapter
from assay.tasks.ifeval import IFEval
from engine_workload import chat_prompts

END = "<|im_end|>"


def main() -> None:
    """Print the counts, then each response that differs."""
    given = _arguments()
    warnings.simplefilter("ignore")
    texts = chat_prompts(given.base, given.prompts, given.count)
    back = list(reversed(range(len(texts))))
    ours, theirs = _ours(given, texts), _theirs(given, texts, given.batch)
    differ = [i for i in range(len(texts)) if ours[i] != theirs[i]]
    print(f"{given.dtype}: {len(texts) - len(differ)} of {len(texts)} responses equal")
    if given.dtype == "float32":
        for i in differ:
            print(f"  prompt {i}: {_gap(given, texts[i], ours[i], theirs[i])}")
    else:
        ours_again = dict(zip(back, _ours(given, [texts[i] for i in back]), strict=True))
        theirs_again = dict(
            zip(back, _theirs(given, [texts[i] for i in back], given.batch // 2), strict=True)
        )
        print(f"  assay differs from itself in {sum(ours[i] != ours_again[i] for i in back)}")
        print(f"  lm-eval differs from itself in {sum(theirs[i] != theirs_again[i] for i in back)}")
    task = IFEval()
    examples = task.read(given.prompts)[: len(texts)]
    for name, several in (("assay", ours), ("lm-eval", theirs)):
        scores = [task.score(example, text) for example, text in zip(examples, several, strict=True)]
        print(f"  prompt_strict by {name}: {sum(score.passed[0] for score in scores)} of {len(scores)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", type=Path)
    parser.add_argument("prompts", type=Path)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--batch", type=int, default=12)
    return parser.parse_args()


def _ours(given: argparse.Namespace, texts: Sequence[str]) -> list[str]:
    base = load_base(Source(str(given.base), dtype=given.dtype, device="cpu"))
    adapters = [read_adapter("adapter", given.adapter, base)] if given.adapter else []
    engine = TorchEngine(base, adapters)
    subject = "adapter" if given.adapter else "base"
    asked = [Prompt(subject, "ifeval", str(i), text, max_tokens=given.tokens) for i, text in enumerate(texts)]
    done = {int(one.prompt.example): one.text for one in engine.complete(asked)}
    engine.close()
    return [done[i].strip() for i in range(len(texts))]


def _theirs(given: argparse.Namespace, texts: Sequence[str], batch: int) -> list[str]:
    more = {"peft": str(given.adapter)} if given.adapter else {}
    model = HFLM(
        pretrained=str(given.base), dtype=given.dtype, device="cpu", batch_size=batch, max_length=2048, **more
    )
    limits = {"until": [END], "do_sample": False, "max_gen_toks": given.tokens}
    asked = [Instance("generate_until", {}, (text, limits), i) for i, text in enumerate(texts)]
    return [text.strip() for text in model.generate_until(asked, disable_tqdm=True)]


def _gap(given: argparse.Namespace, text: str, ours: str, theirs: str) -> str:
    """Where two responses part, and how far apart transformers' two best logits are there."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(given.base)
    model: Any = AutoModelForCausalLM.from_pretrained(given.base, dtype=torch.float32)
    if given.adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, given.adapter)
    prompt, *both = (tokenizer(part, add_special_tokens=False)["input_ids"] for part in (text, ours, theirs))
    pairs = enumerate(zip(*both, strict=False))
    at = next((i for i, (mine, other) in pairs if mine != other), min(map(len, both)))
    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *both[0][:at]]])).logits[0, -1]
    first, second = logits.topk(2).values.tolist()
    return f"token {at}, two best logits {first - second:.2e} apart"


if __name__ == "__main__":
    main()
