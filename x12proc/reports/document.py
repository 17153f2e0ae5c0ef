"""A scrubbed claim as the plain document that every report is written from (``x12proc.report/1``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from x12proc.claims.model import Claim, DatePeriod, DrugIdentification, Location, ServiceLine
from x12proc.engine.engine import ClaimResult, LineResult
from x12proc.engine.fixes import Fix, FixLevel, line_fixes
from x12proc.engine.stream import Summary
from x12proc.findings import Finding, GuideError, gravest_first
from x12proc.narrative import Narrative
from x12proc.profiles.profiles import Bypass
from x12proc.reference.ndc import normalize
from x12proc.reports.edi.note import annotation_skipped
from x12proc.reports.form_fields import form_field
from x12proc.rules.context import Context
from x12proc.wire.events import Fault

SCHEMA = "x12proc.report/1"
LONGEST_VALUE = 500  # characters of a text that is shown; a report is no place for a 10 MB element
Document: TypeAlias = dict[str, Any]
_NOT_REPORTED = ("contents", "ndc_text", "drawn", "premedication", "name_is_guess", "dose_is_implied")


def claim_document(scrubbed: ClaimResult, fixing: FixLevel = "off", *, patient: bool = False) -> Document:
    """One entry of ``claims``. ``fixing`` says which fixes are applied; ``patient`` names the patient."""
    claim = scrubbed.claim
    payer, provider = claim.payer, claim.billing_provider
    return {
        "claim_id": _short(claim.id),
        "type": claim.type,
        "guide": _short(claim.guide),
        "interchange_control": claim.interchange_control,
        "group_control": _short(claim.group_control),
        "transaction_control": _short(claim.transaction_control),
        "segment_index": claim.clm.index,
        "byte_range": [claim.start, claim.end],
        "charge": _short(claim.charge),
        "facility_code": _short(claim.facility_code),
        "frequency": _short(claim.frequency),
        "diagnoses": [_short(code.code) for code in claim.diagnoses],
        "payer": {
            "id": _short(payer.id) if payer else "",
            "name": _short(payer.name) if payer else "",
            "filing_indicator": _short(claim.filing_indicator),
        },
        "billing_provider": {
            "npi": _short(provider.id) if provider else "",
            "name": _short(provider.name) if provider else "",
        },
        **({"patient": patient_document(claim)} if patient else {}),
        "profile": scrubbed.profile,
        "disposition": "rejected" if scrubbed.rejected else "accepted",
        "findings": _findings(scrubbed.findings, claim),
        "bypasses": [bypass_document(bypass) for bypass in scrubbed.bypasses],
        "guide_errors": [guide_error_document(error, claim) for error in scrubbed.guide_errors],
        "lines": [_line_document(line, claim, scrubbed, fixing) for line in scrubbed.lines],
    }


def _line_document(scrubbed: LineResult, claim: Claim, whole: ClaimResult, fixing: FixLevel) -> Document:
    line = scrubbed.line
    pointers = [int(pointer) for pointer in line.pointers if pointer.isascii() and pointer.isdigit()]
    return {
        "number": _short(line.number),
        "control": _short(line.control),
        "procedure": line.procedure,
        "modifiers": [_short(code) for code in line.modifiers if code],
        "description": _short(line.description),
        "revenue_code": _short(line.revenue_code),
        "charge": _short(line.charge),
        "unit": _short(line.unit),
        "units": _short(line.units),
        "service_dates": _service_dates(line.service_period),
        "diagnosis_pointers": pointers,
        "diagnoses": [_short(code.code) for code in claim.pointed_diagnoses(line)],
        "drug": drug_document(line.drug),
        "notes": [
            {"loop": note.segment.loop, "code": _short(note.code), "text": _short(note.text)}
            for note in line.notes + claim.notes
        ],
        "narrative": narrative_document(whole.context.narrative(line)),
        "product": _product_document(line, whole.context),
        "annotation_skipped": annotation_skipped(scrubbed, whole),
        "findings": _findings(scrubbed.findings, claim),
        "fixes": [fix_document(fix, claim) for fix in line_fixes(scrubbed, whole, fixing)],
    }


def patient_document(claim: Claim) -> Document:
    """Who was treated, as sent: the name, and the member id, the subscriber's where a dependent has none."""
    treated = claim.patient_party
    subscriber = next((party for party in claim.subscriber if party.loop == "2010BA"), None)
    member = (treated.id if treated else "") or (subscriber.id if subscriber else "")
    return {"name": _short(treated.name) if treated else "", "member_id": _short(member)}


def _findings(findings: Iterable[Finding], claim: Claim) -> list[Document]:
    return [finding_document(finding, claim) for finding in gravest_first(findings)]


def finding_document(finding: Finding, claim: Claim) -> Document:
    """One finding."""
    category, _, code = finding.status.partition(":")
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": _short(finding.message),
        "fix": _short(finding.fix),
        "location": place_document(finding.location, claim, finding.status),
        "value": None if finding.value is None else _short(finding.value),
        "claim_status": {"category": category, "code": code} if category else None,
        "remittance": {"carc": finding.carc, "rarc": list(finding.rarc)} if finding.carc else None,
        "sources": list(finding.sources),
    }


def place_document(place: Location, claim: Claim, status: str = "") -> Document:
    """A place in the file, and where the same stands on the paper form; ``status`` is that of the finding."""
    return {
        "loop": place.loop,
        "segment": place.segment,
        "element": place.element,
        "segment_index": place.segment_index,
        "byte_offset": place.byte_offset,
        "after": place.after,
        "form_field": form_field(claim, place, status),
    }


def fix_document(fix: Fix, claim: Claim) -> Document:
    """One change that was made or could be; ``before`` is empty where segments are put in."""
    return {
        "rule": fix.rule,
        "safe": fix.safe,
        "before": _short(fix.before),
        "after": _short(fix.after),
        "location": place_document(fix.location, claim),
        "applied": fix.applied,
    }


def bypass_document(bypass: Bypass) -> Document:
    """A rule that would have been heard but for somebody's decision."""
    return {**msgspec.structs.asdict(bypass), "until": bypass.until.isoformat()}


def guide_error_document(error: GuideError, claim: Claim) -> Document:
    """One fault against the implementation guide."""
    return {
        "code": error.code,
        "message": _short(error.message),
        "location": place_document(error.location, claim),
        "value": None if error.value is None else _short(error.value),
    }


def drug_document(drug: DrugIdentification | None) -> Document | None:
    """Loop 2410, as sent."""
    if drug is None:
        return None
    return {
        "qualifier": _short(drug.qualifier),
        "ndc": _short(drug.ndc),
        "quantity": _short(drug.quantity),
        "unit": _short(drug.unit),
        "reference_qualifier": _short(drug.ref.element(1)) if drug.ref else None,
        "reference": _short(drug.ref.element(2)) if drug.ref else None,
    }


def narrative_document(narrative: Narrative) -> Document:
    """The facts of the free text."""
    facts: Document = msgspec.to_builtins(narrative)
    for key in _NOT_REPORTED:
        del facts[key]
    return facts


def _product_document(line: ServiceLine, context: Context) -> Document | None:
    ndc = normalize(line.ndc) if line.ndc else None
    product = context.reference.product(ndc) if ndc else None
    if product is None:
        return None
    return {
        "ndc": product.ndc,
        "ndc9": product.ndc9,
        "name": product.name,
        "generic": product.generic,
        "application": product.application or None,
        "routes": list(product.routes),
        "container": product.container or None,
        "specific_code": product.specific_code or None,
        "specific_code_from": product.specific_from or None,
        "edition": product.edition,
    }


def _service_dates(period: DatePeriod | None) -> list[str]:
    if period is None:
        return []
    return [day.isoformat() for day in (period.first, period.last) if day is not None]


def fault_document(fault: Fault) -> Document:
    """One entry of ``errors``."""
    return {**msgspec.structs.asdict(fault), "message": _short(fault.message)}


def summary_document(summary: Summary) -> Document:
    """The ``summary``."""
    return {
        "status": summary.status,
        "interchanges": summary.interchanges,
        "groups": summary.groups,
        "transactions": summary.transactions,
        "claims": summary.claims,
        "target_claims": summary.target_claims,
        "target_lines": summary.target_lines,
        "rejected_claims": summary.rejected_claims,
        "guide_errors": summary.guide_errors,
        "findings": dict(summary.findings),
        "fixes": dict(summary.fixes),
        "by_rule": dict(sorted(summary.by_rule.items())),
    }


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
