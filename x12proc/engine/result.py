"""The result of a claim as plain values: it can be pickled, encoded by msgspec, and compared."""

from __future__ import annotations

import msgspec

from x12proc.claims.model import Claim, ServiceLine
from x12proc.engine.document import Document, claim_document
from x12proc.engine.fixes import Fix
from x12proc.findings import REJECT, Finding, GuideError, HiddenFinding
from x12proc.narrative import Narrative
from x12proc.profiles.profiles import Bypass
from x12proc.reference.coverage import Unchecked
from x12proc.reference.model import Product
from x12proc.wire.events import ClaimSpan


class LineResult(msgspec.Struct, frozen=True):
    """A target line, its findings, and the facts that reports need of it."""

    line: ServiceLine
    findings: tuple[Finding, ...]
    narrative: Narrative = Narrative()  # the facts of its free text
    product: Product | None = None  # the product of its NDC, where the tables know it
    fixes: tuple[Fix, ...] = ()  # applied or offered, in file order
    unchecked: tuple[Unchecked, ...] = ()  # what the tables do not cover
    hidden: tuple[HiddenFinding, ...] = ()  # in no report; only found for a record


class RuleCrash(msgspec.Struct, frozen=True):
    """A rule that raised on a claim. ``error`` is only the exception's type: its text could quote the claim.

    ``frames`` are the lines of a user's own rule that led to it, the outermost first (``rules.py, line 12, in
    check``); empty for a rule of x12proc.
    """

    rule: str
    claim_segment_index: int
    error: str
    frames: tuple[str, ...] = ()

    def __str__(self) -> str:
        trace = f" at {'; '.join(self.frames)}" if self.frames else ""
        return f"rule {self.rule} crashed with {self.error}{trace}"


class ClaimResult(msgspec.Struct, frozen=True):
    """A target claim, its target lines, the findings, and the profile that graded them.

    ``guide_errors`` are errors against the implementation guide that no finding reports already; ``refused`` is
    set where errors against the guide reject the claim.
    """

    claim: Claim
    profile: str
    findings: tuple[Finding, ...]  # claim-level
    lines: tuple[LineResult, ...]
    crashes: tuple[RuleCrash, ...] = ()
    guide_errors: tuple[GuideError, ...] = ()
    bypasses: tuple[Bypass, ...] = ()  # those that suppressed a finding
    refused: bool = False
    hidden: tuple[HiddenFinding, ...] = ()  # claim-level, in no report; only found for a record

    def to_dict(self, *, patient: bool = False) -> Document:
        """Return the claim's entry in the JSON report; ``patient`` adds the patient's name and member id."""
        return claim_document(self, patient=patient)

    @property
    def all_findings(self) -> list[Finding]:
        """Claim-level findings, then those of the lines."""
        found = [*self.findings]
        for line in self.lines:
            found += line.findings
        return found

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """The fixes of all lines, in file order."""
        return tuple([fix for line in self.lines for fix in line.fixes])

    @property
    def span(self) -> ClaimSpan:
        """The claim's bytes in the file, and the envelopes and loops above it."""
        return self.claim.span

    @property
    def rejected(self) -> bool:
        """Return whether a finding, a guide error or a crash rejects the claim: none may count as accepted."""
        unfit = self.refused or bool(self.crashes)
        return unfit or REJECT in [finding.severity for finding in self.all_findings]
