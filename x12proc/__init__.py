"""x12proc: a pre-scrubber for X12 837 claims that bill unclassified biologics (HCPCS J3590).

>>> import x12proc
>>> for claim in x12proc.scrub("fixtures/demo/clinic-837p.edi"):      # doctest: +SKIP
...     for finding in claim.all_findings:
...         print(claim.claim.id, finding.rule, finding.severity, finding.message)
"""

from __future__ import annotations

from x12proc.api import read, scrub
from x12proc.claims.model import Claim, DrugIdentification, ServiceLine
from x12proc.engine import ScrubbedClaim, ScrubbedLine
from x12proc.errors import ConfigError, RuleCrash, X12ProcError, X12SyntaxError
from x12proc.findings import Finding
from x12proc.profiles import Bypass
from x12proc.version import __version__

__all__ = [
    "Bypass",
    "Claim",
    "ConfigError",
    "DrugIdentification",
    "Finding",
    "RuleCrash",
    "ScrubbedClaim",
    "ScrubbedLine",
    "ServiceLine",
    "X12ProcError",
    "X12SyntaxError",
    "__version__",
    "read",
    "scrub",
]
