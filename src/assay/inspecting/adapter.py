"""One adapter by its configuration and the header of its weights: what it is, and whether it would load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from assay.adapter_folders import CONFIG, is_adapter, words_within
from assay.engines.adapter_files import AdapterFiles
from assay.engines.adapter_fit import BaseShapes, Fit, fit_adapter
from assay.engines.adapter_fit.base_names import same_base
from assay.engines.adapter_fit.silent import base_warnings, replaced_warnings
from assay.engines.files import Entry, json_sha256, read_object
from assay.errors import AssayError
from assay.inspecting.base import KnownBase
from assay.inspecting.engines import readiness
from assay.inspecting.inspection import Inspection, Status
from assay.inspecting.layers import layer_kinds
from assay.inspecting.sources import find_source
from assay.inspecting.texts import Texts, text_warnings

__all__ = ["inspect_adapter"]


def inspect_adapter(path: str, base: KnownBase | None = None, *, digest: bool = False) -> Inspection:
    """An adapter's folder or hub id, against a base where one is given; digest: of its weights, too.

    It raises nothing of its own: what cannot be read is `unusable`, with the reason.
    """
    try:
        source = find_source(path)
    except AssayError as bad:
        return Inspection(path, "unknown", "unusable", (str(bad),))
    try:
        files, header = source.read()
        texts = Texts(source.folder)
        digests = _digests(files, header, texts)
        if digest:
            digests["weights"] = source.weights_sha256(files)
        return _judged(path, files, texts, base, digests)
    except AssayError as bad:
        return Inspection(path, _kind_of_folder(source.folder), "unusable", (str(bad),))


def _judged(
    path: str,
    files: AdapterFiles,
    texts: Texts,
    base: KnownBase | None,
    digests: Mapping[str, str | None],
) -> Inspection:
    shapes = base.shapes if base else BaseShapes()
    fit = fit_adapter(files, shapes)
    engines = readiness(files, fit)
    usable = any(engine.loads for engine in engines.values())
    if usable:
        reasons = tuple(dict.fromkeys(_warnings(fit, texts, base)))
    else:
        reasons = tuple(dict.fromkeys(engine.reason or "" for engine in engines.values()))
    status: Status = "unusable" if not usable else "warnings" if reasons else "usable"
    layers = layer_kinds(fit.layers, fit.replaces.values())
    return Inspection(path, _kind(files, fit), status, reasons, layers, engines, digests)


def _warnings(fit: Fit, texts: Texts, base: KnownBase | None) -> Iterator[str]:
    """What changes the result, and what is not known."""
    yield from fit.warnings
    shapes = base.shapes if base else BaseShapes()
    for text in replaced_warnings(fit.config, fit.replaces.values(), shapes, compared=False):
        yield f"{text}, unless its numbers are the base's own, which headers do not tell"
    if base is None:
        return
    if base.unknown:
        yield base.unknown
    trained = fit.config.get("base_model_name_or_path")
    if not base.local or same_base(str(trained), base.shapes.name):  # a folder may be called anything
        yield from base_warnings(fit.config, base.shapes, form=fit.form)
    yield from text_warnings(texts, base.texts)


def _digests(files: AdapterFiles, header: Mapping[str, Entry], texts: Texts) -> dict[str, str | None]:
    listed = {name: [entry.dtype, list(entry.shape)] for name, entry in header.items()}
    return {"header": json_sha256(listed), "config": json_sha256(files.config), **texts.digests()}


def _kind(files: AdapterFiles, fit: Fit) -> str:
    config = fit.config
    if (kind := config.get("peft_type", "LORA")) != "LORA":
        return str(kind)
    flags = {"use_dora": "DoRA", "use_rslora": "rsLoRA", "use_qalora": "QALoRA"}
    name = next((words for field, words in flags.items() if config.get(field)), "LoRA")
    return f"{name} of mlx-lm" if files.form == "mlx-lm" else name


def _kind_of_folder(folder: Path) -> str:
    """What a folder is that cannot be read as an adapter."""
    if is_adapter(folder):
        try:
            kind = read_object(folder / CONFIG).get("peft_type")
        except AssayError:
            kind = None
        return {"LORA": "LoRA"}.get(str(kind), str(kind)) if isinstance(kind, str) else "unknown"
    if words_within(folder):
        return "folder of adapters"
    return "base" if (folder / "config.json").is_file() else "unknown"
