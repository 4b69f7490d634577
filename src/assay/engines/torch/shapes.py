"""The shapes of a model's layers, from its modules; no weights are needed."""

from __future__ import annotations

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from assay.engines.adapter_files import Shape
from assay.engines.adapter_fit import BaseShapes

__all__ = ["model_shapes"]


def model_shapes(model: PreTrainedModel, name: str) -> BaseShapes:
    """Each layer as (out, in), also where its weight is stored turned, and every other parameter.

    name: the folder or hub id that the base was given by.
    """
    layers: dict[str, Shape] = {}
    for parameter, weight in model.named_parameters(remove_duplicate=False):
        layers[parameter.removesuffix(".weight")] = tuple(weight.shape)
    for layer, module in model.named_modules():
        if isinstance(module, Conv1D):
            layers[layer] = tuple(module.weight.shape)[::-1]
        elif isinstance(module, nn.Linear):
            layers[layer] = (module.out_features, module.in_features)
    head = model.get_output_embeddings()
    linear = frozenset(
        layer
        for layer, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and module is not head
    )
    tied = bool(getattr(model.config.get_text_config(), "tie_word_embeddings", False))
    return BaseShapes(layers, str(getattr(model.config, "model_type", "")), tied, name, linear)
