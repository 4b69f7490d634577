"""The gate's outcome as JUnit XML: a test case for each rule of each adapter. It decides nothing."""

from __future__ import annotations

from xml.etree import ElementTree

from assay.report.gate import AdapterGate, Gate, Outcome, Rule
from assay.text import plain

__all__ = ["to_junit"]


def to_junit(gate: Gate, study: str) -> str:
    """An undecided rule is an error, so that a reader of the XML alone does not take it for a pass.

    A rule on an advisory task, or of the champion, that does not pass is skipped, with its evidence: it fails no pipeline.
    Where no rule counts at all, nothing was judged: then the gate itself is a test case that does not pass.
    """
    tags = [_tag(rule, adapter) for adapter in gate.adapters for rule in adapter.rules]
    empty = [each.adapter for each in gate.adapters if not each.champion and not _judged(each)]
    empty += [] if any(not each.champion for each in gate.adapters) else [study]
    tags += ["error"] * len(empty)
    suite = ElementTree.Element(
        "testsuite",
        name=plain(study),
        tests=str(len(tags)),
        failures=str(tags.count("failure")),
        errors=str(tags.count("error")),
        skipped=str(tags.count("skipped")),
    )
    for adapter in gate.adapters:
        for rule in adapter.rules:
            case = ElementTree.SubElement(
                suite, "testcase", classname=plain(adapter.adapter), name=plain(rule.name)
            )
            if tag := _tag(rule, adapter):
                advisory = f"advisory, {rule.outcome}: " if tag == "skipped" else ""
                found = ElementTree.SubElement(
                    case, tag, type=rule.outcome, message=plain(f"{advisory}{rule.evidence}")
                )
                found.text = plain(f"to pass: {rule.needs}") if rule.needs else None
    for name in empty:
        case = ElementTree.SubElement(suite, "testcase", classname=plain(name), name="gate")
        message = "no rule counts: nothing was judged"
        ElementTree.SubElement(case, "error", type=Outcome.UNDECIDED, message=message)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _judged(adapter: AdapterGate) -> bool:
    return any(rule.counts for rule in adapter.rules)


def _tag(rule: Rule, adapter: AdapterGate) -> str | None:
    """The element that says how a test case ended; none where it passes."""
    if rule.outcome == Outcome.PASS:
        return None
    if adapter.champion or not rule.counts:
        return "skipped"
    return "failure" if rule.outcome == Outcome.FAIL else "error"
