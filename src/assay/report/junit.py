"""The gate's outcome as JUnit XML: a test case for each rule of each adapter. It decides nothing."""

from __future__ import annotations

from xml.etree import ElementTree

from assay.report.gate import Gate, Outcome
from assay.text import plain

__all__ = ["to_junit"]


def to_junit(gate: Gate, study: str) -> str:
    """An undecided rule is an error, so that a reader of the XML alone does not take it for a pass."""
    rules = [rule for adapter in gate.adapters for rule in adapter.rules]
    suite = ElementTree.Element(
        "testsuite",
        name=plain(study),
        tests=str(len(rules)),
        failures=str(sum(rule.outcome == Outcome.FAIL for rule in rules)),
        errors=str(sum(rule.outcome == Outcome.UNDECIDED for rule in rules)),
    )
    for adapter in gate.adapters:
        for rule in adapter.rules:
            case = ElementTree.SubElement(
                suite, "testcase", classname=plain(adapter.adapter), name=plain(rule.name)
            )
            if rule.outcome != Outcome.PASS:
                tag = "failure" if rule.outcome == Outcome.FAIL else "error"
                ElementTree.SubElement(case, tag, type=rule.outcome, message=plain(rule.evidence))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
