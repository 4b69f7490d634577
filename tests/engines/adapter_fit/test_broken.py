"""A sound adapter broken in random ways: the same change as before, or a refusal; never a wrong layer or another base."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.engines.adapter_files import CONFIG as CONFIG_FILE
from assay.engines.adapter_files import WEIGHTS, read_adapter_files
from assay.engines.adapter_fit import BaseShapes, Fit, fit_adapter
from assay.engines.adapter_fit.silent import base_warnings
from assay.errors import EngineError
from tests.engines.adapter_fit.shapes import BASE, CONFIG, PREFIX, ROWS, TIED, WIDTH, Shapes, fit, plain
from tests.engines.vllm.conftest import tensors

Broken = tuple[dict[str, tuple[str, tuple[int, ...]]], dict[str, Any]]
"""Tensors by their broken name: the name that each was saved under, and its shape now; and changes of the configuration."""
WORDS = (
    *(
        "_orig_mod",
        "_fsdp_wrapped_module",
        "module",
        "base_model.model",
        "model",
        "language_model",
        "default",
    ),
    *(
        "model.language_model",
        "text_model",
        "foo",
        "vision_tower",
        "encoder",
        "decoder",
        "layers",
        "draft.model",
    ),
)
NAMES = ("q_proj", "k_proj", "v_proj", "self_attn", "layers", "model", "lora_A", "mlp", "weight")


def breaks(dice: random.Random) -> Callable[[Broken], Broken]:
    """One way of breaking."""
    return dice.choice((prefixed, dropped, transposed, renamed_part, truncated, resized, more, stripped))(
        dice
    )


def prefixed(dice: random.Random) -> Callable[[Broken], Broken]:
    """A word put somewhere into every name."""
    word, before = dice.choice(WORDS), dice.choice(("", "model.layers", "layers", "self_attn", "lora_"))

    def change(key: str) -> str:
        return key.replace(before, f"{word}.{before}", 1) if before else f"{word}.{key}"

    return lambda broken: ({change(key): kept for key, kept in broken[0].items()}, broken[1])


def stripped(dice: random.Random) -> Callable[[Broken], Broken]:
    """A part of every name left out."""
    part = dice.choice((PREFIX, "model.", "base_model.", "layers.", "self_attn.", ".weight"))
    return lambda broken: ({key.replace(part, "", 1): kept for key, kept in broken[0].items()}, broken[1])


def dropped(dice: random.Random) -> Callable[[Broken], Broken]:
    """Some tensors gone."""
    share = dice.choice((0.05, 0.5, 0.95))
    return lambda broken: ({key: kept for key, kept in broken[0].items() if dice.random() > share}, broken[1])


def transposed(dice: random.Random) -> Callable[[Broken], Broken]:
    """Some or all matrices turned, and no longer what they were."""
    share = dice.choice((0.1, 1.0))

    def turn(saved: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        if dice.random() > share:
            return saved, shape
        again = saved.startswith("turned ")
        return saved.removeprefix("turned ") if again else f"turned {saved}", shape[::-1]

    return lambda broken: ({key: turn(*kept) for key, kept in broken[0].items()}, broken[1])


def renamed_part(dice: random.Random) -> Callable[[Broken], Broken]:
    """A part of some names exchanged for another."""
    old, new, share = (
        dice.choice((*NAMES, "1")),  # not exchanged for another block's: that makes another sound adapter
        dice.choice((*NAMES, "attention", "9", "blocks")),
        dice.choice((0.2, 1.0)),
    )

    def change(key: str) -> str:
        parts = key.split(".")
        chosen = old in parts and dice.random() < share
        return ".".join(new if part == old else part for part in parts) if chosen else key

    return lambda broken: ({change(key): kept for key, kept in broken[0].items()}, broken[1])


def truncated(dice: random.Random) -> Callable[[Broken], Broken]:
    """Rows or columns of some matrices gone."""
    share, axis = dice.choice((0.1, 1.0)), dice.choice((0, 1))

    def cut(saved: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        if dice.random() > share or len(shape) <= axis:
            return saved, shape
        return "cut " + saved, tuple(size - (place == axis) for place, size in enumerate(shape))

    return lambda broken: ({key: cut(*kept) for key, kept in broken[0].items()}, broken[1])


def resized(dice: random.Random) -> Callable[[Broken], Broken]:
    """Every size above the rank doubled."""
    share = dice.choice((0.2, 1.0))

    def grow(saved: str, shape: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
        if dice.random() > share:
            return saved, shape
        return "grown " + saved, tuple(2 * size if size > 2 else size for size in shape)

    return lambda broken: ({key: grow(*kept) for key, kept in broken[0].items()}, broken[1])


def more(dice: random.Random) -> Callable[[Broken], Broken]:
    """A tensor that does not belong there."""
    key, shape = dice.choice(
        (
            (f"{PREFIX}score.weight", (2, WIDTH)),
            (f"{PREFIX}model.embed_tokens.weight", (ROWS + 3, WIDTH)),
            ("v_head.summary.weight", (1, WIDTH)),
            (f"{PREFIX}vision_tower.proj.weight", (WIDTH, WIDTH)),
            ("optimizer.step", (1,)),
        )
    )
    return lambda broken: (broken[0] | {key: (key, shape)}, broken[1])


def applied(found: Fit, tensors: dict[str, tuple[str, tuple[int, ...]]]) -> dict[str, str]:
    """What lands where: the tensor that was saved, by the name that peft looks for."""
    if found.moves is None:
        return {key: saved for key, (saved, _) in tensors.items()}
    return {
        move.name: ("turned " if move.turned else "") + tensors[key][0] for key, move in found.moves.items()
    }


@pytest.mark.parametrize("base", [BASE, TIED], ids=["head", "tied"])
def test_a_broken_adapter_is_never_read_as_another(base: BaseShapes) -> None:
    for seed in range(3000):
        check(random.Random(seed), base)  # noqa: S311 - no secret


def check(dice: random.Random, base: BaseShapes) -> None:
    """One adapter, broken once or twice."""
    kinds = dice.choice((("self_attn.q_proj", "self_attn.v_proj"), ("self_attn.q_proj", "mlp.down_proj"), ()))
    sound: Shapes = plain(*kinds)
    targets = sorted({key.split(".lora_")[0].rpartition(".")[2] for key in sound})
    broken: Broken = {key: (key, shape) for key, shape in sound.items()}, {"target_modules": targets}
    for _ in range(dice.choice((1, 1, 2))):
        broken = breaks(dice)(broken)
    tensors, config = broken
    found = fit({key: shape for key, (_, shape) in tensors.items()}, base, **config)
    if found.error is not None:
        assert "give the base" not in str(found.error), found.error
        assert found.error.fix
        return
    landed = applied(found, tensors)
    for layer in found.layers:
        for matrix in ("lora_A.weight", "lora_B.weight"):
            name = f"{PREFIX}{layer.place}.{matrix}"
            assert landed[name] == name, (landed[name], found.notes)
    whole = len(found.layers) == len(sound) // 2
    assert whole or found.warnings, "layers are missing without a word"
    assert config["target_modules"] == targets
    assert CONFIG["r"] == 2


VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        4,
        2.5,
        1e400,
        "",
        "q_proj",
        "([",
        ".*",
        [],
        ["q_proj"],
        ["(["],
        [1],
        [None],
    ),
    *(
        {},
        {"q_proj": 2},
        {"([": 2},
        {"q_proj": None},
        {"q_proj": "x"},
        [[0, 1]],
        {"a": {"b": 1}},
        "all-linear",
    ),
)
FIELDS = (
    *(
        "r",
        "lora_alpha",
        "target_modules",
        "modules_to_save",
        "rank_pattern",
        "alpha_pattern",
        "exclude_modules",
    ),
    *(
        "layers_to_transform",
        "layers_pattern",
        "target_parameters",
        "use_rslora",
        "use_dora",
        "lora_bias",
        "bias",
    ),
    *("trainable_token_indices", "layer_replication", "task_type", "peft_type", "base_model_name_or_path"),
    *("fine_tune_type", "lora_parameters", "init_lora_weights", "fan_in_fan_out", "use_something"),
)


def test_no_configuration_is_more_than_it_can_bear(tmp_path: Path) -> None:
    tensors(tmp_path / WEIGHTS, plain())
    for seed in range(1500):
        dice = random.Random(seed)  # noqa: S311 - no secret
        config = dict(CONFIG)
        for _ in range(dice.choice((1, 2, 3))):
            config[dice.choice(FIELDS)] = dice.choice(VALUES)
        if dice.random() < 0.2:
            del config["peft_type"]
        (tmp_path / CONFIG_FILE).write_text(json.dumps(config))
        try:
            files = read_adapter_files(tmp_path)
        except EngineError:
            continue
        found = fit_adapter(files, dice.choice((BASE, TIED, BaseShapes())))
        list(base_warnings(found.config, BASE))
        assert found.error is None or found.error.fix
