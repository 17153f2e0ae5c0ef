"""Write outcomes of cases as JUnit XML, which build servers read."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from lxml import etree

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML can't hold


class CaseResult(msgspec.Struct, frozen=True):
    """A case in the table: its differences as ``failure`` or the reason why it could not run as ``error``."""

    folder: str
    name: str
    seconds: float
    failure: str = ""
    error: str = ""


def junit_xml(results: Sequence[CaseResult]) -> bytes:
    """Write one test suite with a test case for each result."""
    suite = etree.Element(
        "testsuite",
        name="x12proc replay",
        tests=str(len(results)),
        failures=str(sum(bool(result.failure) for result in results)),
        errors=str(sum(bool(result.error) for result in results)),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        node = etree.SubElement(
            suite,
            "testcase",
            classname=_clean(result.folder),
            name=_clean(result.name),
            time=f"{result.seconds:.3f}",
        )
        for word, text in (("failure", result.failure), ("error", result.error)):
            if text:
                child = etree.SubElement(node, word, message=_clean(text.splitlines()[0]))
                child.text = _clean(text)
    root = etree.Element("testsuites")
    root.append(suite)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _clean(text: str) -> str:
    return _CONTROLS.sub("?", text)
