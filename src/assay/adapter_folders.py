"""Where adapters lie: a folder, the folders in it, or a folder of a repository on the hub. It opens no weights.

    within(Path("out/run"))                          # [Path("out/run/checkpoint-100"), Path("out/run/checkpoint-200")]
    step_of("checkpoint-200")                        # 200
    split_hub_id("owner/library/relevance/lora")     # ("owner/library", "relevance/lora")

An adapter is a folder with an `adapter_config.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["CONFIG", "DEPTH", "is_adapter", "split_hub_id", "step_of", "within", "words_within"]

CONFIG = "adapter_config.json"
DEPTH = 2
"""How far below a folder adapters are looked for."""
_CHECKPOINT = re.compile(r"(?:checkpoint|global_step|step|epoch)[-_]?(\d{1,12})")
_DIGITS = re.compile(r"([0-9]+)")


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter's configuration."""
    return (folder / CONFIG).is_file()


def within(folder: Path, depth: int = DEPTH) -> list[Path]:
    """Adapters below a folder, not the folder itself: `s2` before `s10`. What lies within one of them is left out."""
    adapters: list[Path] = []
    for inner in _folders(folder) if depth else ():
        adapters += [inner] if is_adapter(inner) else within(inner, depth - 1)
    return adapters


def step_of(name: str) -> int | None:
    """The training step (or epoch) of a checkpoint by its folder's name; None where it is no checkpoint's."""
    match = _CHECKPOINT.fullmatch(name)
    return int(match[1]) if match else None


def words_within(folder: Path) -> str:
    """Names of the adapters below a folder, for a message: `checkpoint-100, checkpoint-200`; empty where there is none."""
    names = [path.relative_to(folder).as_posix() for path in within(folder)]
    more = f" and {len(names) - 4} more" if len(names) > 5 else ""
    return ", ".join(names[:4] if more else names) + more


def split_hub_id(text: str) -> tuple[str, str | None]:
    """A hub id, and the folder of its repository where the text names one."""
    owner, _, rest = text.partition("/")
    name, _, folder = rest.partition("/")
    return (f"{owner}/{name}", folder.strip("/") or None) if name else (text, None)


def _folders(folder: Path) -> Iterator[Path]:
    """Folders in a folder, in the order that people count in; hidden ones are left out."""
    try:
        inner = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return
    yield from sorted(
        inner,
        key=lambda path: [part.zfill(20) if part.isdigit() else part for part in _DIGITS.split(path.name)],
    )
