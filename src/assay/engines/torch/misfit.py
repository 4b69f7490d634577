"""Why an adapter does not fit a base, in words, with the fix."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from peft import PeftConfig

from assay.engines.torch.loading import Base, out_of_memory

__all__ = ["fits_nowhere", "mend", "other_base", "targets", "unfilled", "unwrapped"]

PREFIX = "base_model.model."
"""What peft puts before the name of a layer."""
SHAPES = re.compile(r"size mismatch for (\S+): .*?Size\(\[(.*?)\]\) .*?Size\(\[(.*?)\]\)", re.DOTALL)
"""How torch says that a tensor has another shape than its place."""


def other_base(config: PeftConfig, base: Base) -> str:
    """The base that an adapter's configuration names, where that is another than the one given.

    Only the last parts of paths and hub ids are compared: the same weights lie in many places.
    """
    trained = config.base_model_name_or_path or ""
    return "" if not trained or not base.called or _last(trained) == _last(base.called) else trained


def _last(source: str) -> str:
    """The last part of a path or hub id; of a folder in the hub's cache, that of the hub id."""
    parts = PurePath(source).parts
    if len(parts) > 2 and parts[-2] == "snapshots":
        return parts[-3].rpartition("--")[2].casefold()
    return PurePath(source).name.casefold()


def mend(config: PeftConfig, base: Base) -> str:
    """What to do about an adapter that does not fit."""
    if other := other_base(config, base):
        return f"give the base it was trained on, which it calls {other}"
    return "save or download it anew" if config.base_model_name_or_path else "give the base it was trained on"


def _mend_shapes(config: PeftConfig, base: Base) -> str:
    """The same for one whose weights have other shapes than its configuration and the base give them."""
    if other_base(config, base) or not config.base_model_name_or_path:
        return mend(config, base)
    return (
        "it names this base, so its weights and its configuration may not belong together, or the base "
        "was changed after the training: save or download it anew"
    )


def targets(config: PeftConfig) -> str:
    """The layers that a configuration names, as it names them."""
    named = getattr(config, "target_modules", None)
    return ", ".join(sorted(map(str, named))) if isinstance(named, set | list | tuple) else str(named)


def unwrapped(config: PeftConfig, base: Base, bad: Exception) -> str:
    """Said of an adapter whose layers peft did not put on the base."""
    if "not found in the base model" in str(bad):
        return (
            f"the base {base.name!r} has no layers that its target_modules ({targets(config)}) name; "
            f"{mend(config, base)}"
        )
    return f"peft cannot put it on the base: {' '.join(str(bad).split())[:300]}; {mend(config, base)}"


def fits_nowhere(folder: Path, config: PeftConfig, base: Base) -> str:
    """Said of an adapter of which nothing fits."""
    return (
        f"no weight in {folder} fits a layer of the base {base.name!r} (targets: {targets(config)}); "
        f"{mend(config, base)}"
    )


def unfilled(folder: Path, config: PeftConfig, base: Base, bad: Exception) -> str:
    """Said of an adapter whose file peft did not take."""
    if out_of_memory(bad):
        return f"memory ran out while {folder} was read; test fewer adapters at once, or use a larger machine"
    fix = mend(config, base)
    if shapes := SHAPES.findall(str(bad)):
        (key, stored, wanted), count = shapes[0], len(shapes)
        place = key.removeprefix(PREFIX).replace(".default", "")
        return (
            f"{count} of its weights have another shape than the base's layers ({place}: "
            f"[{stored}] in the file, [{wanted}] in the base); {_mend_shapes(config, base)}"
        )
    if isinstance(bad, KeyError):
        return f"{folder} holds no {bad.args[0]}, which its configuration promises; {fix}"
    return f"{folder} cannot be loaded: {' '.join(str(bad).split())[:300]}; {fix}"
