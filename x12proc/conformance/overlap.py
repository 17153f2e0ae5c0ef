"""The rules that report the same fault as a guide error, so that one fault is reported once.

The rule's finding stays: it names the drug's side of the matter, the fix and the payer's likely answer. The guide
error at the same element is left out. Where a profile switches the rule off, the guide error is reported again.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from x12proc.claims.model import Location
from x12proc.conformance.chunks import GuideErrors
from x12proc.engine.engine import ClaimResult
from x12proc.findings import Finding, GuideError

_HERE = "="  # the element that the finding names, or one of its components
_Elements = tuple[tuple[str, str], ...]  # an element as a pattern, and the codes of the faults there

_EMPTY_REFERENCE: _Elements = ((_HERE, "1 2"), ("REF", "8 SEG1"))
_NUMBER = "1 4 5 6"
# rule -> the elements and codes of the same fault as guide errors, in the segment of the finding
SAME_FAULT: dict[str, _Elements] = {
    "AUT02": _EMPTY_REFERENCE,
    "AUT06": ((_HERE, "4 5"),),
    "AUT07": _EMPTY_REFERENCE,
    "BAL02": ((_HERE, "1 2 4 5 7"),),
    "BAL03": ((_HERE, _NUMBER), ("SV103|SV204", "2"), ("SV1|SV2", "SEG1")),
    "BAL04": ((_HERE, _NUMBER),),
    "BAL06": ((_HERE, _NUMBER),),
    "DAT01": ((_HERE, "1 4 5 6 7 8"), ("DTP", "3 SEG1"), ("DTP03", "1")),
    "DUP03": _EMPTY_REFERENCE,
    "DX01": (("HI01-2", "1"), ("HI", "3")),
    "DX02": ((_HERE, "1 3 5 6 7"), ("SV1", "SEG1")),
    "DX03": ((_HERE, "1 5 6"),),
    "INS02": ((_HERE, "1"),),
    "INS09": ((_HERE, "1 6"),),
    "MOD11": (("SV[12]0[12]-[3-6]", "4 5 6"),),
    "NDC01": ((_HERE, "1"), ("LIN", "8 SEG1")),
    "NDC05": ((_HERE, "5 6"),),
    "NDC07": ((_HERE, "1 4 5 7"),),
    "QTY01": ((_HERE, "1 2 4 5 6"), ("CTP", "8 SEG1")),
    "QTY02": ((_HERE, "1 5 6 7"), ("CTP05", "1"), ("CTP04", "2"), ("CTP", "8 SEG1")),
    "SYN01": (("CTP", "3"),),
    "SYN02": (("CTP0[123]", "I10"),),
    "SYN03": (("LIN", "4"),),
    "SYN04": (("REF", "1 5"),),
    "SYN05": ((_HERE, "5"),),
    "SYN06": ((_HERE, "6"), ("NTE03", "3"), ("SV101|SV202", "3"), ("SV101-8|SV202-8", "I10")),
    "SYN07": (("NTE", "5"),),
    "SYN08": (("NTE|REF|K3", "1"),),
    "SYN09": ((_HERE, "1"),),
    "TRI02": _EMPTY_REFERENCE,
}


def drop_already_reported(scrubbed: ClaimResult, errors: GuideErrors) -> GuideErrors:
    """Return the guide errors of a claim that none of its findings reports as well."""
    if not errors:
        return errors
    lines = [line.lx.index for line in scrubbed.claim.lines]
    findings: dict[tuple[str, int], list[Finding]] = {}
    for finding in scrubbed.all_findings:
        if finding.rule in SAME_FAULT:
            findings.setdefault(_key(finding.location, lines), []).append(finding)
    return tuple(
        error
        for error in errors
        if not any(_same(finding, error) for finding in findings.get(_key(error.location, lines), ()))
    )


def _key(location: Location, lines: list[int]) -> tuple[str, int]:
    """Return the key of a segment, of an absent one that of its line: it may be located after one segment or
    another."""
    index = location.segment_index
    return location.segment, index if location.after is None else -1 - bisect_right(lines, index)


def _same(finding: Finding, error: GuideError) -> bool:
    return any(
        error.code in codes.split() and _fits(pattern, finding.location.element, error.location.element)
        for pattern, codes in SAME_FAULT[finding.rule]
    )


def _fits(pattern: str, found: str, element: str) -> bool:
    if pattern == _HERE:
        return element == found or element.startswith(found + "-")
    return re.fullmatch(pattern, element) is not None
