from __future__ import annotations

from assay.engines import Prompt, Session
from assay.engines.fake import Fake


def ask(number: int, **more: object) -> Prompt:
    return Prompt("math", "numeric", str(number), "2 + 2 =", **more)  # type: ignore[arg-type]


def test_a_function_answers_and_what_was_asked_is_kept() -> None:
    fake = Fake(lambda request: f"four {request.example}")
    engine: Session = fake
    assert [done.text for done in engine.complete([ask(1), ask(2)])] == ["four 1", "four 2"]
    assert [request.example for request in fake.asked] == ["1", "2"]


def test_limits_and_stop_texts_hold() -> None:
    fake = Fake(lambda _: "one two three")
    [cut, stopped, whole] = fake.complete([ask(1, max_tokens=2), ask(2, stop=("", "thr")), ask(3)])
    assert (cut.text, cut.tokens, cut.finish) == ("one two", 2, "length")
    assert (stopped.text, stopped.finish) == ("one two ", "stop")
    assert (whole.text, whole.tokens, whole.finish) == ("one two three", 3, "stop")


def test_continuations_get_the_score_of_a_function() -> None:
    fake = Fake(lambda _: "", lambda request: -float(request.request))
    asked = [ask(1, kind="loglikelihood", continuation="a b", request=i) for i in (0, 2)]
    assert [(done.logprob, done.greedy, done.tokens) for done in fake.complete(asked)] == [
        (0.0, True, 2),
        (-2.0, False, 2),
    ]
