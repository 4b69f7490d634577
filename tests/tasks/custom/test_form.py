"""Every field of a task's file has its effect, or is refused with line and fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import StudyError
from tests.tasks.custom.files import VALID, read


def test_every_field_has_its_effect(tmp_path: Path) -> None:
    task = read(tmp_path, VALID)("tone")
    assert (task.kind, task.name, task.capability, task.data_field) == ("own", "tone", "support", "prompts")
    assert [metric.name for metric in task.metrics] == ["right"]
    assert (task.form.max_tokens, task.form.stop, task.form.shots, task.form.most_shots) == (
        64,
        ("\n",),
        2,
        2,
    )
    assert task.data == tmp_path / "tone.jsonl"


REFUSED = {
    "an unknown field": ("metric: right", "metrics: right", "6: metrics", 'did you mean "metric"'),
    "no check": ("check:\n  exact:\n    ignore: [case]\n", "", "1: check", "missing; add it"),
    "no capability": ("capability: support\n", "", "1: capability", "missing; add it"),
    "no prompts": ("prompts: tone.jsonl\n", "", "1: prompts", "missing; add it"),
    "an unknown check": ("  exact:", "  exakt:", "3: check", 'no check "exakt"; did you mean "exact"?'),
    "two checks": ("  exact:", "  numeric:\n  exact:", "3: check", "one kind of check is expected"),
    "an unknown option": ("    ignore: [case]", "    ignor: [case]", "5: check.exact.ignor", 'mean "ignore"'),
    "an unknown thing to ignore": ("[case]", "[cases]", "5: check.exact.ignore[0]", 'did you mean "case"'),
    "a bad pattern": ("  exact:\n    ignore: [case]", "  regex: '('", "4: check.regex", "no regular expression"),
    "a bad pattern as an option": ("  exact:\n    ignore: [case]", "  regex:\n    pattern: '('", "5: check.regex.pattern", "no regular"),
    "a function that is none": ("  exact:\n    ignore: [case]", "  python: check.py", "4: check.python", "write `check.py:judge`"),
    "a function in another folder": ("  exact:\n    ignore: [case]", "  python: ../check.py:judge", "4: check.python", "beside this one"),
    "a function's file that is not there": ("  exact:\n    ignore: [case]", "  python: no.py:judge", "4: check.python", "no.py: cannot be read"),
    "no function": ("  exact:\n    ignore: [case]", "  python: {out_of: 3}", "4: check.python.function", "missing"),
    "points out of nothing": ("  exact:\n    ignore: [case]", "  python: {function: 'check.py:judge', out_of: 0}", "4: check.python.out_of", "above 0"),
    "a schema that is not there": ("  exact:\n    ignore: [case]", "  json_schema: no.json", "4: check.json_schema", "cannot be read"),
    "a schema that is no JSON": ("  exact:\n    ignore: [case]", "  json_schema: bad.json", "4: check.json_schema", "not JSON"),
    "a schema in another folder": ("  exact:\n    ignore: [case]", "  json_schema: a/b.json", "4: check.json_schema", "keep the file beside"),
    "a tolerance below 0": ("  exact:\n    ignore: [case]", "  numeric: {tolerance: -1}", "4: check.numeric.tolerance", "at least 0"),
    "a metric with a point": ("metric: right", "metric: a.b", "6: metric", "without a point"),
    "a metric's name that is taken": ("metric: right", "metric: found", "6: metric", "cannot name a metric"),
    "no tokens": ("max_tokens: 64", "max_tokens: 0", "7: max_tokens", "more than 0"),
    "an empty stop": ('["\\n"]', '[""]', "8: stop[0]", "empty"),
    "words without the prompt": ("Q: {prompt}", "Q: prompt", "9: plain", "`{prompt}`"),
    "half a worked example": ('{prompt: 2 + 2, response: "4"}', "{prompt: 2 + 2}", "12: shots[1].response", "missing"),
    "a worked example too much": ('response: "4"}', 'response: "4", x: 1}', "12: shots[1].x", "fields here: prompt, response"),
    "broken YAML": ("capability: support", "capability: [support", "2: not YAML", "or the one above"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "fix"), REFUSED.values(), ids=REFUSED)
def test_refused_with_line_and_fix(tmp_path: Path, old: str, new: str, where: str, fix: str) -> None:
    assert VALID.count(old) == 1
    with pytest.raises(StudyError) as refused:
        read(tmp_path, VALID.replace(old, new))
    message = str(refused.value).replace(f"{tmp_path}/", "")
    lines = [line for line in message.split("\n") if line.startswith(f"tone.yaml:{where}")] or [message]
    assert lines[0].startswith(f"tone.yaml:{where}")
    assert fix in lines[0]
