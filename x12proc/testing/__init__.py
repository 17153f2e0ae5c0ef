"""Claims for tests: a valid 837P or 837I interchange in a few lines of Python.

A vendor's test says what matters to it and leaves the rest to synthetic defaults:

>>> from x12proc.testing import Claim, Drug, Line, interchange
>>> drug = Line(
...     "J3590", "14880", ("JZ",), "ELFABRIO (PEGUNIGALSIDASE ALFA-IWXJ) 80MG IV 4X20MG/10ML SDV",
...     Drug("10122016002", "40", "ML"),
... )
>>> edi = interchange(Claim(lines=(drug, Line("96365", "245"))))
>>> edi.count(b"CLM*"), b"LIN**N4*10122016002~" in edi
(1, True)

The result goes wherever a file's bytes go:

>>> import x12proc
>>> [claim.rejected for claim in x12proc.scrub(edi)]
[False]

All values are immutable; a variant is a copy with something replaced:

>>> from msgspec.structs import replace
>>> without_ndc = replace(drug, drug=None)
>>> edi = interchange(Claim(lines=(without_ndc, Line("96365", "245"))), Claim(type="I", lines=(drug,)))
>>> [[finding.rule for finding in claim.findings] for claim in x12proc.scrub(edi)]
[[], ['ADM01']]
>>> [[finding.rule for finding in line.findings] for claim in x12proc.scrub(edi) for line in claim.lines]
[['NDC01'], []]

Nothing here looks at a clock, a file or chance: the same claims give the same bytes.
"""

from __future__ import annotations

from x12proc.testing.envelope import interchange
from x12proc.testing.model import (
    Address,
    Adjudication,
    Adjustment,
    Claim,
    Drug,
    Line,
    Note,
    OtherPayer,
    Paperwork,
    Payer,
    Person,
    Provider,
    Reference,
    Style,
)

__all__ = [
    "Address",
    "Adjudication",
    "Adjustment",
    "Claim",
    "Drug",
    "Line",
    "Note",
    "OtherPayer",
    "Paperwork",
    "Payer",
    "Person",
    "Provider",
    "Reference",
    "Style",
    "interchange",
]
