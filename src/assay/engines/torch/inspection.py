"""Problems of an adapter, found before any token is generated. Each is one message with its fix.

It needs a skeleton of the base, and no weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from assay.engines.adapter_fit import BaseShapes
from assay.engines.adapter_fit.header import config_precision
from assay.engines.adapter_fit.silent import base_warnings, missing_warning, replaced_warnings
from assay.engines.adapter_values import changed_weights
from assay.engines.api import Problem
from assay.engines.chat_template import own_template
from assay.engines.end_tokens import other_tokens, read_vocabulary
from assay.engines.files import read_object
from assay.engines.torch.adapter_load import Adapter, read_adapter
from assay.engines.torch.loading import Base
from assay.errors import EngineError

__all__ = ["Inspection", "inspect_adapter", "inspect_base"]
PLAIN: dict[str, Any] = {
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "min_length": 0,
    "min_new_tokens": 0,
    "num_beams": 1,
    "penalty_alpha": 0.0,
    "guidance_scale": 1.0,
    "exponential_decay_length_penalty": [],
    "bad_words_ids": [],
    "sequence_bias": {},
    "suppress_tokens": [],
    "begin_suppress_tokens": [],
    **dict.fromkeys(("forced_bos_token_id", "forced_eos_token_id", "watermarking_config", "dola_layers")),
}
"""What a generation configuration may ask for beside greedy choice and sampling, with what leaves it out."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found about one adapter."""

    adapter: Adapter | None
    """None where an error forbids to load it."""
    problems: tuple[Problem, ...]
    template: str | None = None
    """The chat template that it brings, where that differs from the base's."""

    @property
    def error(self) -> str:
        """Why it cannot be measured; empty where it can."""
        return next((problem.message for problem in self.problems if problem.severity == "error"), "")


def inspect_adapter(
    name: str,
    folder: Path,
    base: Base,
    *,
    allow_pickle: bool = False,
    precision: str = "",
    weights: Sequence[Path] = (),
) -> Inspection:
    """Read the adapter against its base, and say everything that is odd about it.

    precision: of the base as it will be loaded, as in `4 bits`; empty: that of its files.
    weights: files of the base, where it is a skeleton.
    """
    try:
        adapter = read_adapter(name, folder, base, allow_pickle=allow_pickle)
        _fits(adapter)
        template, more = _tokenizer(name, folder, base)
    except EngineError as bad:
        return Inspection(None, (Problem(name, "error", str(bad)),))
    changed = adapter.replaces or (changed_weights(adapter.files, adapter.fit, weights) if weights else ())
    tied = bool(getattr(base.model.config.get_text_config(), "tie_word_embeddings", False))
    kept = config_precision(base.model.config.to_dict())
    shapes, config = BaseShapes(tied=tied, name=base.called, precision=kept), adapter.fit.config
    texts = (
        *adapter.fit.warnings,
        *replaced_warnings(config, changed, shapes),
        *base_warnings(config, shapes, precision, adapter.fit.form),
        *_weights(adapter),
    )
    problems = [Problem(name, "warning", text) for text in texts]
    problems += [Problem(name, "note", text) for text in adapter.fit.notes]
    if adapter.unstackable:
        text = f"{adapter.unstackable}; it is run apart, through peft, and takes longer"
        problems.append(Problem(name, "note", text))
    return Inspection(adapter, (*problems, *more), template)


def inspect_base(base: Base, folder: Path) -> tuple[Problem, ...]:
    """What is odd about a base. folder: or its GGUF file, which has no generation configuration.

    Nothing of a chat template that cannot be used: that matters to a study only that asks under it.
    """
    problems = []
    generation = {} if folder.is_file() else read_object(folder / "generation_config.json")
    if unmet := [
        f"{key}: {generation[key]}"
        for key, plain in PLAIN.items()
        if generation.get(key, plain) not in (plain, None)
    ]:
        text = (
            f"its generation_config.json asks for {', '.join(unmet)}, which this engine does not apply, to the base "
            f"as to its adapters: figures made with it elsewhere differ"
        )
        problems.append(Problem(base.name, "warning", text))
    embedding: Tensor = base.model.get_input_embeddings().weight  # type: ignore[assignment]
    rows = embedding.shape[0]
    highest = max(base.tokenizer.get_vocab().values(), default=0)
    if highest >= rows:
        text = (
            f"its tokenizer knows tokens up to {highest}, and it has weights for {rows}: a prompt with one of "
            f"the others is refused; give the tokenizer that belongs to it, if some prompt needs them"
        )
        problems.append(Problem(base.name, "note", text))
    return tuple(problems)


def _fits(adapter: Adapter) -> None:
    """Raise EngineError where peft would ignore weights, or most layers lack theirs, of types that only it reads."""
    if adapter.surplus:
        raise EngineError(
            f"{len(adapter.surplus)} of its weights fit no layer that its configuration targets in the base "
            f"({', '.join(adapter.surplus[:3])}), and peft would ignore them",
            fix="save or download it again",
        )
    layers = ", ".join(adapter.missing[:3])
    if not adapter.fit.missing and 2 * len(adapter.missing) > adapter.targeted > 0:
        raise EngineError(
            f"{len(adapter.missing)} of the {adapter.targeted} layers that its configuration targets lack weights "
            f"in its file ({layers}): most of it is missing",
            fix="save or download it again",
        )


def _weights(adapter: Adapter) -> list[str]:
    warnings = []
    if unsaid := set(adapter.missing) - set(adapter.fit.missing):
        warnings.append(missing_warning(sorted(unsaid)))
    if adapter.deltas and adapter.norm == 0:
        why = "lora_alpha is 0" if getattr(adapter.config, "lora_alpha", 1) == 0 else ""
        why = why or "was it saved before training?"
        warnings.append(f"every weight change is zero: it cannot do anything; {why}")
    return warnings


def _tokenizer(name: str, folder: Path, base: Base) -> tuple[str | None, list[Problem]]:
    """Read the adapter's tokenizer files as data; no code of theirs runs."""
    text = other_tokens(read_vocabulary(folder), base.tokenizer.get_vocab())
    template = own_template(folder)
    return None if template == base.template else template, [Problem(name, "warning", text)] if text else []
