from __future__ import annotations

from typing import Any

import pytest

from assay.engines.encoding import encode_pair
from assay.engines.torch import TorchEngine
from tests.engines.torch.toys import ADAPTERS, PROMPTS, Toy, ask

CONTINUATIONS = [" yes", "no", " a longer answer, with words", "x"]
SUBJECTS = ["base", *ADAPTERS]


def pairs() -> list[tuple[str, str]]:
    prompts = [*PROMPTS, "ends with spaces   ", ""]
    return [(prompt, continuation) for prompt in prompts for continuation in CONTINUATIONS]


def scored(engine: TorchEngine, subjects: list[str]) -> dict[tuple[str, str, str], tuple[float, bool]]:
    requests = [
        ask(subject, prompt, i, request=i, kind="loglikelihood", continuation=continuation)
        for subject in subjects
        for i, (prompt, continuation) in enumerate(pairs())
    ]
    beside = [ask(subject, "generate beside it", 0, max_tokens=9) for subject in subjects]
    found = {}
    for done in engine.complete([*beside, *requests]):
        if done.prompt.kind == "loglikelihood":
            asked = done.prompt
            assert done.logprob is not None
            assert done.greedy is not None
            found[asked.subject, asked.text, asked.continuation] = (done.logprob, done.greedy)
    assert len(found) == len(requests)
    return found


def test_log_probabilities_are_those_of_transformers_and_peft(llama: Toy, engine: TorchEngine) -> None:
    found = scored(engine, SUBJECTS)
    for subject in SUBJECTS:
        model = llama.plain(None if subject == "base" else subject)
        for prompt, continuation in pairs():
            tokens, count = encode_pair(llama.base.tokenizer, prompt, continuation)
            logprob, greedy = llama.logprob(model, tokens, count)
            said = found[subject, prompt, continuation]
            assert said[0] == pytest.approx(logprob, abs=1e-4, rel=1e-6)
            assert said[1] == greedy


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("adapter", [None, "r4", "rslora"])
def test_log_probabilities_are_those_of_lm_eval(llama: Toy, engine: TorchEngine, adapter: str | None) -> None:
    huggingface = pytest.importorskip("lm_eval.models.huggingface", exc_type=ImportError)
    from lm_eval.api.instance import Instance

    model = llama.plain(adapter)
    options: dict[str, Any] = {"pretrained": model, "tokenizer": llama.base.tokenizer, "batch_size": 4}
    judge = huggingface.HFLM(**options, device="cpu", max_length=512)
    asked = [
        Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=i)
        for i, pair in enumerate(pairs())
    ]
    theirs = judge.loglikelihood(asked, disable_tqdm=True)
    name = adapter or "base"
    ours = scored(engine, [name])
    for (prompt, continuation), (logprob, greedy) in zip(pairs(), theirs, strict=True):
        said = ours[name, prompt, continuation]
        assert said[0] == pytest.approx(logprob, abs=1e-4, rel=1e-6)
        assert said[1] == greedy


def test_a_continuation_that_greedy_decoding_gives_is_greedy(engine: TorchEngine) -> None:
    for prompt in PROMPTS:
        [done] = engine.complete([ask("r4", prompt, 0, max_tokens=1)])
        if not done.text or not done.text.isascii() or done.text.isspace():
            continue
        request = ask("r4", prompt, 0, kind="loglikelihood", continuation=done.text)
        [score] = engine.complete([request])
        assert score.greedy
        return
    pytest.fail("no prompt gave a byte of text")


def test_continuations_of_one_token_share_one_sequence(engine: TorchEngine) -> None:
    prompt = PROMPTS[3]
    requests = [
        ask("base", prompt, 0, request=i, kind="loglikelihood", continuation=letter)
        for i, letter in enumerate("ABCD")
    ]
    before = engine.usage.read
    assert len(list(engine.complete(requests))) == 4
    assert engine.usage.read - before == len(engine.base.tokenizer.encode(prompt))
