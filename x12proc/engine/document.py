"""Converts a claim's result to the plain document that every report is written from (``x12proc.report/1``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from x12proc.claims.form_fields import form_field
from x12proc.claims.model import Claim, DatePeriod, DrugIdentification, Location
from x12proc.engine.annotation_text import annotation_skipped
from x12proc.engine.fixes import Fix
from x12proc.findings import Finding, GuideError, gravest_first
from x12proc.narrative import Narrative
from x12proc.profiles.profiles import Bypass
from x12proc.reference.coverage import Unchecked
from x12proc.reference.model import Product

if TYPE_CHECKING:
    from x12proc.engine.result import ClaimResult, LineResult

LONGEST_VALUE = 500  # characters of a text that is shown; a report is no place for a 10 MB element
Document: TypeAlias = dict[str, Any]
_NOT_REPORTED = ("contents", "ndc_text", "drawn", "premedication", "name_is_guess", "dose_is_implied")


def claim_document(result: ClaimResult, *, patient: bool = False) -> Document:
    """Return one entry of ``claims``; ``patient`` adds the patient's name and member id."""
    claim = result.claim
    payer, provider = claim.payer, claim.billing_provider
    return {
        "claim_id": truncated(claim.id),
        "type": claim.type,
        "guide": truncated(claim.guide),
        "interchange_control": claim.interchange_control,
        "group_control": truncated(claim.group_control),
        "transaction_control": truncated(claim.transaction_control),
        "segment_index": claim.clm.index,
        "byte_range": [claim.start, claim.end],
        "charge": truncated(claim.charge),
        "facility_code": truncated(claim.facility_code),
        "frequency": truncated(claim.frequency),
        "diagnoses": [truncated(code.code) for code in claim.diagnoses],
        "payer": {
            "id": truncated(payer.id) if payer else "",
            "name": truncated(payer.name) if payer else "",
            "filing_indicator": truncated(claim.filing_indicator),
        },
        "billing_provider": {
            "npi": truncated(provider.id) if provider else "",
            "name": truncated(provider.name) if provider else "",
        },
        **({"patient": patient_document(claim)} if patient else {}),
        "profile": result.profile,
        "disposition": "rejected" if result.rejected else "accepted",
        "findings": _findings(result.findings, claim),
        "bypasses": [bypass_document(bypass) for bypass in result.bypasses],
        "guide_errors": [guide_error_document(error, claim) for error in result.guide_errors],
        "lines": [_line_document(line, result) for line in result.lines],
    }


def _line_document(result: LineResult, whole: ClaimResult) -> Document:
    line, claim = result.line, whole.claim
    pointers = [int(pointer) for pointer in line.pointers if pointer.isascii() and pointer.isdigit()]
    return {
        "number": truncated(line.number),
        "control": truncated(line.control),
        "procedure": line.procedure,
        "modifiers": [truncated(code) for code in line.modifiers if code],
        "description": truncated(line.description),
        "revenue_code": truncated(line.revenue_code),
        "charge": truncated(line.charge),
        "unit": truncated(line.unit),
        "units": truncated(line.units),
        "service_dates": _service_dates(line.service_period),
        "diagnosis_pointers": pointers,
        "diagnoses": [truncated(code.code) for code in claim.pointed_diagnoses(line)],
        "drug": drug_document(line.drug),
        "notes": [
            {"loop": note.segment.loop, "code": truncated(note.code), "text": truncated(note.text)}
            for note in line.notes + claim.notes
        ],
        "narrative": narrative_document(result.narrative),
        "product": _product_document(result.product),
        "annotation_skipped": annotation_skipped(result, whole),
        "findings": _findings(result.findings, claim),
        "fixes": [fix_document(fix, claim) for fix in result.fixes],
        "unchecked": [unchecked_document(unchecked) for unchecked in result.unchecked],
    }


def patient_document(claim: Claim) -> Document:
    """Return the patient's name and member id as sent; the subscriber's id where a dependent has none."""
    treated = claim.patient_party
    subscriber = next((party for party in claim.subscriber if party.loop == "2010BA"), None)
    member = (treated.id if treated else "") or (subscriber.id if subscriber else "")
    return {"name": truncated(treated.name) if treated else "", "member_id": truncated(member)}


def _findings(findings: Iterable[Finding], claim: Claim) -> list[Document]:
    return [finding_document(finding, claim) for finding in gravest_first(findings)]


def finding_document(finding: Finding, claim: Claim) -> Document:
    """Return one finding."""
    category, _, code = finding.status.partition(":")
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": truncated(finding.message),
        "fix": truncated(finding.fix),
        "location": location_document(finding.location, claim, finding.status),
        "value": None if finding.value is None else truncated(finding.value),
        "claim_status": {"category": category, "code": code} if category else None,
        "remittance": {"carc": finding.carc, "rarc": list(finding.rarc)} if finding.carc else None,
        "sources": list(finding.sources),
    }


def location_document(location: Location, claim: Claim, status: str = "") -> Document:
    """Return a location in the file with its field on the paper form; ``status`` is that of the finding."""
    return {
        "loop": location.loop,
        "segment": location.segment,
        "element": location.element,
        "segment_index": location.segment_index,
        "byte_offset": location.byte_offset,
        "after": location.after,
        "form_field": form_field(claim, location, status),
    }


def fix_document(fix: Fix, claim: Claim) -> Document:
    """Return one fix, applied or offered; ``before`` is empty where segments are inserted."""
    return {
        "rule": fix.rule,
        "safe": fix.safe,
        "before": truncated(fix.before),
        "after": truncated(fix.after),
        "location": location_document(fix.location, claim),
        "applied": fix.applied,
    }


def unchecked_document(unchecked: Unchecked) -> Document:
    """Return one rule that could not decide on a line: what it needs, until when it has it, how to get it."""
    return {
        "rule": unchecked.rule,
        "needs": unchecked.needs,
        "until": unchecked.until.isoformat() if unchecked.until else None,
        "how": unchecked.how,
    }


def bypass_document(bypass: Bypass) -> Document:
    """Return one bypass: a rule that would have a finding but for somebody's decision."""
    return {**msgspec.structs.asdict(bypass), "until": bypass.until.isoformat()}


def guide_error_document(error: GuideError, claim: Claim) -> Document:
    """Return one error against the implementation guide."""
    return {
        "code": error.code,
        "message": truncated(error.message),
        "location": location_document(error.location, claim),
        "value": None if error.value is None else truncated(error.value),
    }


def drug_document(drug: DrugIdentification | None) -> Document | None:
    """Return loop 2410 as sent."""
    if drug is None:
        return None
    return {
        "qualifier": truncated(drug.qualifier),
        "ndc": truncated(drug.ndc),
        "quantity": truncated(drug.quantity),
        "unit": truncated(drug.unit),
        "reference_qualifier": truncated(drug.ref.element(1)) if drug.ref else None,
        "reference": truncated(drug.ref.element(2)) if drug.ref else None,
    }


def narrative_document(narrative: Narrative) -> Document:
    """Return the facts of the free text."""
    facts: Document = msgspec.to_builtins(narrative)
    for key in _NOT_REPORTED:
        del facts[key]
    return facts


def _product_document(product: Product | None) -> Document | None:
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


def truncated(text: str) -> str:
    """Return a text with no more than LONGEST_VALUE of its characters."""
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
