"""Why an adapter's file does not fit a base: one cause and one fix, by names and shapes alone.

It advises another base only where shapes or layers show that this is another, and the configuration does not name this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.engines.adapter_files import Shape
from assay.engines.adapter_fit.base_names import same_base
from assay.engines.adapter_fit.configuration import rank_of
from assay.engines.adapter_fit.names import block_of, is_embedding, layer_suffix, prefix_of
from assay.engines.adapter_fit.places import Pair, Places
from assay.engines.adapter_fit.reading import Reading
from assay.engines.adapter_fit.types import BaseShapes
from assay.errors import EngineError

__all__ = [
    "base_fix",
    "empty_error",
    "is_vision",
    "misfit_error",
    "pair_error",
    "rows_error",
    "shown",
    "vocabulary",
]

VISION = re.compile(r"vision|visual|image|audio|speech|mm_projector|multi_modal|multimodal|(^|_)vit($|_)")
"""In the names of layers that see or hear."""
FAMILIES = (
    (re.compile(r"(^|\.)h\.\d+\.(attn|mlp)\.c_"), "GPT-2"),
    (re.compile(r"(^|\.)gpt_neox\."), "GPT-NeoX"),
    (re.compile(r"\.self_attention\.query_key_value"), "BLOOM or Falcon"),
    (re.compile(r"\.self_attn\.qkv_proj|\.mlp\.gate_up_proj"), "Phi-3"),
    (re.compile(r"(^|\.)decoder\.layers\.\d+\.(self_attn|fc)"), "OPT"),
    (re.compile(r"(^|\.)(encoder|decoder)\.block\."), "T5"),
    (re.compile(r"\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"), "Llama, Qwen, Mistral or Gemma"),
)
ZERO3 = (
    "save it again with `stage3_gather_16bit_weights_on_model_save: true` in DeepSpeed's configuration, or rebuild "
    "the weights from its checkpoint with `zero_to_fp32.py`"
)


def shown(names: Iterable[str]) -> str:
    """The first names of many."""
    listed = list(names)
    return ", ".join(listed[:3]) + (", ..." if len(listed) > 3 else "")


def empty_error(place: str, tensors: Mapping[str, Shape]) -> EngineError | None:
    """Where a file holds no numbers, or none of some tensors."""
    if not tensors:
        text = (
            f"{place} holds no tensors at all; it was most likely saved under DeepSpeed ZeRO-3 without gathering the "
            f"weights"
        )
        return EngineError(text, fix=ZERO3)
    empty = [name for name, shape in tensors.items() if 0 in shape]
    flat = [name for name, shape in tensors.items() if ".lora_" in name and _is_flat(name, shape)]
    if bad := empty or flat:
        text = (
            f"{len(bad)} of the {len(tensors)} tensors in {place} hold no matrix ({bad[0]}: "
            f"{list(tensors[bad[0]])}); it was most likely saved under DeepSpeed ZeRO-3 or FSDP without gathering the "
            f"weights"
        )
        return EngineError(text, fix=ZERO3)
    return None


def _is_flat(name: str, shape: Shape) -> bool:
    matrix = re.search(r"\.lora_(embedding_)?[AB]\b", name)
    return matrix is not None and len(shape) < 2 and not name.endswith(".bias")


def pair_error(config: Mapping[str, Any], pairs: Sequence[Pair], halves: Sequence[str]) -> EngineError | None:
    """Where matrices are missing, or two do not make a product."""
    if halves:
        text = f"its file holds one of the two matrices of {len(halves)} layers only ({shown(halves)})"
        return EngineError(text, fix="the file is incomplete: save or download the adapter again")
    turned = [pair for pair in pairs if _is_turned(pair, rank_of(config, pair.layer))]
    odd = turned or [pair for pair in pairs if not pair.whole]
    if not odd:
        return None
    first, many = odd[0], f"{len(odd)} of its {len(pairs)} layers"
    both = f"{first.layer}: A is {list(first.down)}, B is {list(first.up)}"
    if turned:
        text = (
            f"the matrices of {many} are transposed ({both}; peft stores A as (rank, in) and B as (out, rank)), or the "
            f"two are exchanged"
        )
        fix = "save it again with both matrices of each layer transposed, as after a conversion from mlx-lm"
        return EngineError(text, fix=fix)
    text = f"the two matrices of {many} do not share a rank ({both})"
    return EngineError(text, fix="the file is damaged or was edited: save or download the adapter again")


def _is_turned(pair: Pair, rank: int) -> bool:
    """Whether both matrices share a rank only if they are transposed, or exchanged."""
    if not len(pair.down) == len(pair.up) == 2 or pair.down[1] != pair.up[0]:
        return False
    return not pair.whole or (pair.rank != rank and pair.down[1] == rank)


def misfit_error(reading: Reading) -> EngineError:
    """Why some pairs have no place in the base."""
    config, pairs, absent, places = reading.config, reading.pairs, reading.absent, reading.places
    base = places.base
    seeing = [pair for pair in absent if is_vision(pair.layer)]
    if seeing and not any(map(is_vision, base.layers)):
        return _vision_error(pairs, seeing)
    for pair in absent:
        if rows := _rows(pair, base):
            return rows_error(pair.layer, pair.change[0], rows, added=reading.files.added_tokens)
    misshapen = [pair for pair in absent if places.alike(pair.layer)]
    if misshapen:
        return _shape_error(config, pairs, misshapen, places)
    known = [pair for pair in absent if layer_suffix(pair.layer) in places.ends]
    if known:
        return _prefix_error(absent, known, places)
    if beyond := _beyond(absent, base):
        return _depth_error(config, pairs, absent, beyond, base)
    return _name_error(config, pairs, absent, base)


def is_vision(layer: str) -> bool:
    """Whether a layer sees or hears, by its name."""
    return (
        any(VISION.search(word) for word in prefix_of(layer))
        or VISION.search(layer.split(".")[0]) is not None
    )


def _vision_error(pairs: Sequence[Pair], seeing: Sequence[Pair]) -> EngineError:
    tower = ".".join(prefix_of(seeing[0].layer)) or seeing[0].layer
    text = (
        f"it has weights of a vision tower ({len(seeing)} of its {len(pairs)} layers, under `{tower}.`), and the base "
        f"here is the text model alone"
    )
    if len(seeing) == len(pairs):
        return EngineError(
            text, fix="it changes nothing that generates text: it cannot be measured on a text model"
        )
    fix = f"remove the tensors under `{tower}.` from its file to measure its text layers alone"
    return EngineError(text, fix=fix)


def _rows(pair: Pair, base: BaseShapes) -> int:
    """The base's rows where a pair changes embeddings or an output layer of another count; 0 where it does not."""
    last = pair.layer.rpartition(".")[2]
    if not is_embedding(pair.layer) and last != "lm_head":
        return 0
    rows = vocabulary(base)
    width = next((shape[1] for name, shape in base.layers.items() if is_embedding(name)), 0)
    return rows if rows and pair.change[1] == width and pair.change[0] != rows else 0


def vocabulary(base: BaseShapes) -> int:
    """Rows of the base's embeddings; 0: not known."""
    return next((shape[0] for name, shape in base.layers.items() if is_embedding(name)), 0)


def rows_error(layer: str, rows: int, own: int, *, added: bool) -> EngineError:
    """Of embeddings or an output layer with more or fewer rows than the base's.

    added: whether an added_tokens.json lies beside the file.
    """
    if rows > own:
        tokens = "an added token" if rows == own + 1 else f"{rows - own} added tokens"
        tokens += " (added_tokens.json)" if added else ""
        text = f"it was trained with {tokens}: {layer} has {rows} rows in its file, and {own} in the base"
        fix = (
            f"resize the base to {rows} rows with the adapter's tokenizer (`resize_token_embeddings`) and give that, or "
            f"merge the adapter into it"
        )
        return EngineError(text, fix=fix)
    text = f"it was trained on a vocabulary of {own - rows} fewer rows: {layer} has {rows} in its file, and {own} in the base"
    return EngineError(
        text, fix=f"resize the base to {rows} rows with the adapter's tokenizer, and give that"
    )


def _shape_error(
    config: Mapping[str, Any], pairs: Sequence[Pair], misshapen: Sequence[Pair], places: Places
) -> EngineError:
    base, first = places.base, misshapen[0]
    alike = places.alike(first.layer)
    whole = base.layers[alike[0]]
    fitting = [place for place in alike if places.fits(first, place)]
    if len(fitting) > 1:
        text = f"{first.layer} may be any of {len(fitting)} layers of the base ({shown(fitting)})"
        return EngineError(text, fix="rename its tensors as the base names its layers, and save it again")
    both = f"{first.layer} is {list(first.change)} in its file and {list(whole)} in the base"
    turned = [pair for pair in misshapen if pair.change[::-1] == base.layers[places.alike(pair.layer)[0]]]
    if len(turned) == len(misshapen):
        text = f"the changes of {len(turned)} of its {len(pairs)} layers are transposed ({both})"
        return EngineError(text, fix="exchange and transpose both matrices of each layer, and save it again")
    if len(misshapen) == len(pairs) > 1:
        text = f"all of its {len(pairs)} layers have other sizes than the base's ({both}): it was trained on a base of another size"
        return EngineError(text, fix=base_fix(config, base))
    text = f"{len(misshapen)} of its {len(pairs)} layers have other sizes than the base's ({both}), and the others fit"
    return EngineError(text, fix="the file is damaged or was edited: save or download the adapter again")


def _prefix_error(absent: Sequence[Pair], known: Sequence[Pair], places: Places) -> EngineError:
    """Of layers that the base has under another prefix, where what stands before is no known wrapper's."""
    first = known[0]
    own = ".".join(prefix_of(places.ends[layer_suffix(first.layer)][0]))
    before = ".".join(prefix_of(first.layer))
    text = (
        f"{len(absent)} of its layers are named `{before}.{layer_suffix(first.layer)}` and the like, and the base has "
        f"the same layers under `{own}.`; `{before}.` is none of the known wrappers' names"
    )
    return EngineError(
        text, fix=f"rename its tensors from `{before}.` to `{own}.`, if these are the same layers"
    )


def _beyond(absent: Sequence[Pair], base: BaseShapes) -> tuple[int, int] | None:
    """The highest block of the file and of the base, where the base lacks only the number."""
    own = [block for name in base.layers if (block := block_of(name))]
    known = {(name, rest) for name, _, rest in own}
    blocks = [block_of(pair.layer) for pair in absent]
    if not own or not all(block and (block[0], block[2]) in known for block in blocks):
        return None
    return max(block[1] for block in blocks if block), max(number for _, number, _ in own)


def _depth_error(
    config: Mapping[str, Any],
    pairs: Sequence[Pair],
    absent: Sequence[Pair],
    beyond: tuple[int, int],
    base: BaseShapes,
) -> EngineError:
    highest, last = beyond
    numbers = {block[1] for pair in pairs if (block := block_of(pair.layer))}
    text = (
        f"{len(absent)} of its layers are not in the base ({shown(pair.layer for pair in absent)}): its file has "
        f"blocks up to {highest}, and the base up to {last}"
    )
    if numbers >= set(range(last + 1, highest + 1)):
        return EngineError(text + "; it was trained on a deeper base", fix=base_fix(config, base))
    return EngineError(text, fix="the file was edited or damaged: save or download the adapter again")


def _name_error(
    config: Mapping[str, Any], pairs: Sequence[Pair], absent: Sequence[Pair], base: BaseShapes
) -> EngineError:
    """Of layers that the base has under no such name: another architecture, or other names for the same."""
    first = absent[0].layer
    text = f"{len(absent)} of its {len(pairs)} layers are not in the base ({shown(pair.layer for pair in absent)})"
    own, other = family(first), next((known for name in base.layers if (known := family(name))), "")
    sizes = set(base.layers.values())
    if (
        all(pair.change in sizes for pair in absent)
        and len(absent) > 1
        and not (own and other and own != other)
    ):
        text += ", which has layers of the same sizes under other names"
        return EngineError(text, fix="rename its tensors as the base names its layers, and save it again")
    if len(absent) < len(pairs):
        return EngineError(text, fix="the file was edited or damaged: save or download the adapter again")
    if own and own != other:
        text += f": they are named as in {own}" + (f", the base's as in {other}" if other else "")
    return EngineError(text, fix=base_fix(config, base))


def family(layer: str) -> str:
    """The architectures that name a layer so; empty: not known."""
    return next((name for form, name in FAMILIES if form.search(layer)), "")


def base_fix(config: Mapping[str, Any], base: BaseShapes) -> str:
    """Advice for an adapter of another base; where it names this one, its files do not belong together."""
    trained = config.get("base_model_name_or_path") or ""
    if trained and base.name and same_base(trained, base.name):
        return (
            "its configuration names this base, so that its weights and its configuration are not of one training: "
            "give both from one place"
        )
    return "give the base that it was trained on" + (f", which it calls {trained}" if trained else "")
