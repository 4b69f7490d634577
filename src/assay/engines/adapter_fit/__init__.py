"""How an adapter's files fit a base, by names and shapes alone: the one function behind every engine's preflight.

    fit = fit_adapter(read_adapter_files(folder), base_shapes)     # BaseShapes(): the base is not known
    fit.error                                                      # why it cannot be loaded, with the fix; None
    fit.layers, fit.notes, fit.warnings                            # what it changes, and what there is to know

It needs neither torch nor peft, loads no weights, and never decides by what a base is called.

types    BaseShapes, Fit                  names   tensors' names, taken apart     places  the base's layer of each pair
reading  a file against a base            others  tensors that are no LoRA        mlx     mlx-lm's own form
checks, causes  why it cannot be loaded   silent  what would be ignored           moves   names for peft
configuration   peft's rules for targets, rank and scale                           header  a base's shapes
base_names      names of one base
"""

from __future__ import annotations

from assay.engines.adapter_fit.fitting import fit_adapter
from assay.engines.adapter_fit.header import entry_shapes, header_shapes
from assay.engines.adapter_fit.types import BaseShapes, Fit, Layer, Move

__all__ = ["BaseShapes", "Fit", "Layer", "Move", "entry_shapes", "fit_adapter", "header_shapes"]
