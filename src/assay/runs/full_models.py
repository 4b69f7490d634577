"""Full models of their own weights as subjects of a base: what preflight finds of each. It loads no weights."""

from __future__ import annotations

from assay.engines import ModelRef, Preflight, PreflightFunction
from assay.engines.preflight import NO_TEMPLATE
from assay.errors import EngineError
from assay.plan import Problem
from assay.study import Base, Study

__all__ = ["full_models"]


def full_models(
    study: Study, base: Base, checked: Preflight, preflight: PreflightFunction
) -> tuple[dict[str, Preflight], list[Problem]]:
    """Full models by name, each looked at as a base of its own, and what is odd about them.

    Their chat templates and end tokens join those that the base's adapters bring.
    """
    models: dict[str, Preflight] = {}
    problems: list[Problem] = []
    own, usual = checked.identities[base.name], checked.templates.get(base.name)
    for adapter in (entry for entry in study.adapters if entry.base == base.name and entry.model):
        name = adapter.name
        ref = ModelRef(name, study.source(adapter.model or ""), adapter.revision, file=adapter.file)
        try:
            model = preflight(study.engine, ref, [])
        except EngineError as bad:
            problems.append(Problem(name, "error", str(EngineError(bad.message, fix=bad.fix))))
            continue
        problems += [problem for problem in model.problems if problem.message != NO_TEMPLATE]
        if name not in model.identities:
            continue
        models[name], identity = model, model.identities[name]
        if (template := model.templates.get(name, usual)) is not None and template != usual:
            checked.templates[name] = template
        problems += _ends(name, model, checked)
        if identity.get("weights", name) == own.get("weights"):
            text = "its weights are those of its base, byte for byte; if that is not meant, correct the path of one"
            problems.append(Problem(name, "warning", text))
        if identity.get("tokenizer") != own.get("tokenizer"):
            text = "its tokenizer is not its base's: both get the same prompts as text, and each makes its own tokens of them"
            problems.append(Problem(name, "note", text))
    return models, problems


def _ends(name: str, model: Preflight, checked: Preflight) -> list[Problem]:
    """Have the base end its responses too where the model ends its own, as far as both have that token."""
    known = checked.end_texts()
    more = {text: token for text, token in model.end_texts().items() if text not in known}
    shared = tuple(token for text, token in more.items() if checked.token(text) == token)
    if not more:
        return []
    text = f"it ends its responses with {', '.join(more)}, which do not end its base's"
    if shared:
        checked.end_tokens[name] = shared
        text += "; they end those of the base that they are compared with"
    return [Problem(name, "warning", text)]
