"""x12proc: a pre-scrubber for X12 837 claims that bill unclassified biologics (HCPCS J3590).

>>> import x12proc
>>> from datetime import date
>>> scrubbing = x12proc.scrub("fixtures/demo/hospital-837i.edi", as_of=date(2024, 4, 1), conformance="off")
>>> for result in scrubbing:
...     for finding in result.all_findings:
...         if finding.severity == "reject":
...             print(result.claim.id, finding.rule, finding.location.element)
H5011 INS03 DTP03
H5012 INS09 SV201
H5013 DAT04 DTP03
H5015 INS02 SV202
H5019 NDC08 LIN03
H5020 BAL06 CLM02
H5028 MOD02 SV202-3
>>> scrubbing.result.summary.status
'rejected'
"""

from __future__ import annotations

from x12proc.api import ArrowRows, Output, Progress, Scrubber, ScrubResult, ScrubRun, Source, read, scrub
from x12proc.claims.model import (
    Claim,
    DatePeriod,
    DrugIdentification,
    HealthCode,
    Location,
    Note,
    Oddity,
    Paperwork,
    Party,
    Reference,
    ServiceLine,
    StrayCode,
)
from x12proc.engine.fixes import Fix
from x12proc.engine.result import ClaimResult, LineResult, RuleCrash
from x12proc.engine.stream import Summary
from x12proc.errors import CanceledError, ConfigError, RuleError, X12ProcError, X12SyntaxError
from x12proc.findings import Finding, GuideError, HiddenFinding, Severity
from x12proc.narrative.model import Amount, Content, Narrative, Strength
from x12proc.profiles.profiles import Bypass
from x12proc.reference.coverage import Unchecked
from x12proc.reference.model import Product
from x12proc.runner.files import Input
from x12proc.runner.inputs import Inputs, Skipped, Unreadable, find_inputs
from x12proc.runner.runner import Result
from x12proc.version import __version__
from x12proc.wire.delimiters import Delimiters, IsaHeader
from x12proc.wire.events import ClaimSpan, Fault, Group, Interchange, MentionCounts, SegmentRange, TransactionSet
from x12proc.wire.segment import Segment

__all__ = [
    "Amount",
    "ArrowRows",
    "Bypass",
    "CanceledError",
    "Claim",
    "ClaimResult",
    "ClaimSpan",
    "ConfigError",
    "Content",
    "DatePeriod",
    "Delimiters",
    "DrugIdentification",
    "Fault",
    "Finding",
    "Fix",
    "Group",
    "GuideError",
    "HealthCode",
    "HiddenFinding",
    "Input",
    "Inputs",
    "Interchange",
    "IsaHeader",
    "LineResult",
    "Location",
    "MentionCounts",
    "Narrative",
    "Note",
    "Oddity",
    "Output",
    "Paperwork",
    "Party",
    "Product",
    "Progress",
    "Reference",
    "Result",
    "RuleCrash",
    "RuleError",
    "ScrubResult",
    "ScrubRun",
    "Scrubber",
    "Segment",
    "SegmentRange",
    "ServiceLine",
    "Severity",
    "Skipped",
    "Source",
    "StrayCode",
    "Strength",
    "Summary",
    "TransactionSet",
    "Unchecked",
    "Unreadable",
    "X12ProcError",
    "X12SyntaxError",
    "__version__",
    "find_inputs",
    "read",
    "scrub",
]
