"""Makes a damaged file from whole ones: of any format, and of JSON by its structure. It knows no kind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.campaign.kinds import KEPT, Files

__all__ = ["damaged", "mutate"]

LONG, LONGEST = 20_000, 5_000_000
"""Bytes of a file that a piece was repeated to: mostly, and once in 2,000 inputs."""
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 0.5, -0.0, 1e-320, 1e308),
    *(float("inf"), float("-inf"), float("nan")),
    *(
        "",
        " ",
        "0",
        "\x00",
        "\ud800",
        "\u202e",
        "\u2028",
        "\U0010ffff",
        "None",
        "null",
        "a" * 5000,
        "\n" * 200,
    ),
    *("../../../../etc/passwd", "/etc/passwd", "/dev/zero", "~/.ssh/id_rsa", "file:///etc/passwd"),
    *(
        "http://127.0.0.1:9/",
        "(a+)+$",
        "(a|a)*b",
        "([a-z._0-9]+)*!",
        "[",
        "{{ ''.__class__.__mro__ }}",
        "%s" * 50,
    ),
    *([], {}, [[]], [None], {"": None}, {"__class__": 1}, [0] * 300, {str(n): n for n in range(300)}),
)
"""Values that readers forget."""
PIECES: tuple[bytes, ...] = (
    *(
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x1f\x8b",
        b"PK\x03\x04",
        b"PAR1",
        b"\x80\x04",
        b"\r",
        b"\n",
        b"\t",
    ),
    *(
        b'"',
        b"'",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"#",
        b"---\n",
        b"- ",
        b"&a ",
        b"*a",
        b"!!python/name:os.system ",
    ),
    *(
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"-1",
        b"9" * 400,
        b"1" * 5000,
        b"1e999999999",
        b"0x10",
        b"null",
    ),
    *(
        b"\\u0000",
        b"\\ud800",
        b"\\",
        b"\xe2\x80\xa8",
        b"\xe2\x80\xae",
        b"\xf0\x9f\x98\x80",
        b"\xed\xa0\x80",
        b"\xcc\x81" * 30,
    ),
    *(
        b"{{",
        b"}}",
        b"{%",
        b"%}",
        b"```",
        b"####",
        b"**",
        b"<script>",
        b"(a+)+$",
        b"../",
        b"%n%s",
        b"${HOME}",
    ),
    *(
        b"[" * 3000,
        b"{" * 3000,
        b'{"a":' * 3000,
        b"(" * 300,
        b'"",' * 300,
        b"- " * 300,
        b" " * 3000,
        b"a" * 3000,
    ),
    *(
        "１２".encode(),
        "½".encode(),
        "１/０".encode(),
        "ﬀ".encode(),
        "ẞ".encode(),
        "İ".encode(),
        "の".encode(),
        "¿?".encode(),
    ),
)
"""Bytes that parsers trip over."""


def damaged(whole: Sequence[Files], random: Random) -> dict[str, bytes]:
    """One of the sets of files, with damage in one of them or in several."""
    files = dict(random.choice(whole))
    names = [name for name in files if not name.startswith(KEPT)]
    for name in random.sample(names, min(len(names), random.choice((1, 1, 1, 2, 3)))):
        others = [other[name] for other in whole if name in other]
        files[name] = mutate(files[name], random, others)
        if random.random() < 0.01 and name != names[0]:
            del files[name]
    return files


def mutate(content: bytes, random: Random, others: Sequence[bytes] = ()) -> bytes:
    """The content with one to five changes; `others` are whole files to take pieces from."""
    for _ in range(random.choice((1, 1, 2, 3, 5))):
        content = random.choice(WAYS)(content, random, others)[: LONGEST + 5000]
    return content


def _place(content: bytes, random: Random) -> tuple[int, int]:
    """A stretch of the content, short more often than long."""
    start = random.randint(0, len(content))
    return start, min(len(content), start + int(random.expovariate(1 / 20)))


def _flip(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    if not content:
        return b"\x00"
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]


def _cut(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    return content[: random.randint(0, len(content))]


def _remove(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _place(content, random)
    return content[:start] + content[end:]


def _insert(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _place(content, random)
    return content[:start] + random.choice(PIECES) + content[random.choice((start, end)) :]


def _noise(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _place(content, random)
    return content[:start] + random.randbytes(random.randrange(1, 40)) + content[end:]


def _repeat(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, end = _place(content, random)
    piece = content[start:end] or random.choice(PIECES)
    size = LONGEST if random.random() < 0.001 else random.choice((100, 1000, LONG))
    return content[:start] + piece * max(1, size // len(piece)) + content[end:]


def _splice(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    other = random.choice(others) if others else content
    start, end = _place(content, random)
    first, last = _place(other, random)
    return content[:start] + other[first:last] + content[end:]


def _lines(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            lines.insert(random.randrange(len(lines) + 1), lines[at])
        case 1:
            del lines[at]
        case 2:
            random.shuffle(lines)
        case _:
            lines[at] = b" " * random.randrange(9) + lines[at].lstrip()
    return b"\n".join(lines)


def _packed(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    if random.random() < 0.8:
        return content
    packed = gzip.compress(content, 1, mtime=0)
    return packed if random.random() < 0.5 else _flip(packed, random, ())


def _encoded(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    encoding = random.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"))
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def _structure(content: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    """JSON, or one line of JSON Lines, with a value replaced, removed, renamed or doubled."""
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    try:
        whole = random.random() < 0.5 or len(lines) == 1
        value = json.loads(content if whole else lines[at])
    except (ValueError, RecursionError):
        try:
            whole, value = False, json.loads(lines[at])
        except (ValueError, RecursionError):
            return _insert(content, random, ())
    spots = list(_spots(value))
    if not spots:
        return json.dumps(random.choice(VALUES)).encode()
    inside, key = random.choice(spots)
    match random.randrange(6):
        case 0:
            del inside[key]
        case 1 if isinstance(inside, dict):
            inside[random.choice((f"{key} ", key.upper(), "", "key", "name"))] = inside.pop(key)
        case 2:
            other, name = random.choice(spots)
            inside[key] = json.loads(json.dumps(other.get(name) if isinstance(other, dict) else other[name]))
        case 3:
            inside[key] = [inside[key]] * random.randrange(4)
        case _:
            inside[key] = random.choice(VALUES)
    changed = json.dumps(value, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    return changed if whole else b"\n".join([*lines[:at], changed, *lines[at + 1 :]])


def _spots(value: Any, depth: int = 0) -> Any:
    """Every place in a JSON value, as its container and its key."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in list(entries):
        yield value, key
        if depth < 30:
            yield from _spots(inner, depth + 1)


WAYS: tuple[Callable[[bytes, Random, Sequence[bytes]], bytes], ...] = (
    *(_flip, _cut, _remove, _insert, _insert, _noise, _repeat, _splice, _lines, _packed, _encoded),
    *(_structure, _structure, _structure, _structure),
)
"""Each way of damage; structure more often, for bytes alone seldom get past a parser."""
