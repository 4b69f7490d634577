"""The instructions of Multi-IF by id: IFEval's 25, some of which `counts` replaces."""

from __future__ import annotations

from dataclasses import replace

from assay.tasks.ifbench.registry import COUNT
from assay.tasks.ifeval import IFEval
from assay.tasks.ifeval import registry as ifeval
from assay.tasks.instructions import Argument, Instructions

__all__ = ["COUNT", "INSTRUCTIONS", "fixed", "instruction"]

_LANGUAGES = (*ifeval.LANGUAGES, "zh")  # langdetect tells zh-cn and zh-tw
_LANGUAGE = Argument(f"one of {', '.join(_LANGUAGES)}", lambda value: value in _LANGUAGES)
_OWN = {ifeval.COUNT: COUNT, ifeval.LANGUAGE: _LANGUAGE}

INSTRUCTIONS = Instructions()
for id_, entry in IFEval.instructions.items():
    arguments = {name: _OWN.get(argument, argument) for name, argument in entry.arguments.items()}
    INSTRUCTIONS[id_] = replace(entry, arguments=arguments)
instruction, fixed = INSTRUCTIONS.add, INSTRUCTIONS.repair
