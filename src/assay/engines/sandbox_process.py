"""The process behind `sandbox`: it applies templates and expressions that strangers wrote, under limits of its own.

It is run as a script, with nothing of assay, no environment and no key. A line of JSON comes in, one goes out. An
operation that takes too long ends the process; one that takes too much memory, or that opens a file, a connection or a
process, ends in an error.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, NoReturn

__all__ = ["MEMORY", "SECONDS"]

SECONDS = 1.0
"""Processor time of one operation."""
MEMORY = 256 * 2**20
"""Bytes that the process may have in all."""
LONGEST = 16 * 2**20
"""Characters of one prompt."""
DAY = datetime(2024, 7, 26, tzinfo=UTC)
"""The day that Llama 3's own template falls back to: no prompt depends on the day."""
REFUSED = ("socket.", "subprocess.", "os.", "shutil.", "ctypes.", "pty.", "signal.", "sys.addaudithook")
"""Beginnings of the interpreter's events that no template has a use for; nor has it one for a file that is no module."""


def render(request: Mapping[str, Any]) -> str:
    """A template applied to its variables; it may not use those of `unknown`."""
    import jinja2

    template, variables = _compiled(request["template"])
    if missing := sorted(set(request["unknown"]) & variables):
        raise jinja2.TemplateError(
            f"it uses {', '.join(missing)}, which tokenizer_config.json does not define: define it there"
        )
    text = template.render(**request["variables"], date_string=DAY.strftime("%d %b %Y"))
    if len(text) > LONGEST:
        raise jinja2.TemplateError(f"it makes {len(text):,} characters of one prompt")
    return str(text)


def match(request: Mapping[str, Any]) -> None:
    """Try each expression on each name; whether it matches is not of interest."""
    for pattern in map(re.compile, request["patterns"]):
        for name in request["names"]:
            pattern.match(name)
            pattern.fullmatch(name)


OPERATIONS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {"render": render, "match": match}


@lru_cache(maxsize=64)
def _compiled(text: str) -> tuple[Any, frozenset[str]]:
    """A template under transformers' rules, and its variables."""
    from jinja2 import meta, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks what an assistant said; for one user turn it changes nothing."""

        tags: ClassVar[set[str]] = {"generation"}  # type: ignore[misc]

        def parse(self, parser: Any) -> nodes.Node | list[nodes.Node]:
            """The block's own content."""
            next(parser.stream)
            return list(parser.parse_statements(("name:endgeneration",), drop_needle=True))

    rules = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    rules.filters["tojson"] = _tojson
    del rules.filters["random"], rules.globals["lipsum"]  # no prompt depends on chance
    helpers: dict[str, Callable[..., Any]] = {"raise_exception": _refuse, "strftime_now": DAY.strftime}
    rules.globals.update(helpers)
    return rules.from_string(text), frozenset(meta.find_undeclared_variables(rules.parse(text)))


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: Any = None,
    separators: Any = None,
    sort_keys: bool = False,
) -> str:
    """JSON as templates mean it: jinja's own filter escapes for HTML."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _refuse(message: str) -> NoReturn:
    import jinja2

    raise jinja2.TemplateError(message)


def _answer(line: bytes) -> dict[str, Any]:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        request = json.loads(line)
        return {"value": OPERATIONS[request["do"]](request)}
    except Exception as bad:  # a template is a program: it can raise anything
        return {"error": " ".join(f"{type(bad).__name__}: {bad}".split())[:300]}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _refuse_event(event: str, arguments: Sequence[Any]) -> None:
    module = event == "open" and str(arguments[0]).endswith((".py", ".pyc")) and arguments[1] in ("r", "rb")
    if event.startswith(REFUSED) or (event == "open" and not module):
        raise PermissionError(f"{event} is not allowed")


def _serve() -> None:
    """Answer until the input ends."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.path[:] = json.loads(source.readline())

    render(
        {"template": "{{ x | tojson }}{{ 'a' }}", "unknown": [], "variables": {"x": []}}
    )  # what loads late
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent ends it
    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    sys.addaudithook(_refuse_event)
    for line in source:
        target.write(json.dumps(_answer(line)).encode() + b"\n")
        target.flush()


if __name__ == "__main__":
    _serve()
