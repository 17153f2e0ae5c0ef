"""What Harbor Dunes Health asks for beyond what x12proc checks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from x12proc.rules import (
    WARN,
    Claim,
    Context,
    Hit,
    Option,
    ServiceLine,
    Source,
    claim_rule,
    line_rule,
    location_of,
    missing_location,
)

MANUAL = Source("Harbor Dunes Health: drug claims manual, 2026-03", "https://harbor.example/drugs", key="HDH")
LOT = re.compile(r"\bLOT\s?#?\s?[A-Z0-9]{4,12}\b", re.IGNORECASE)


@line_rule(
    "XHD01",
    "lot-number-missing",
    severity=WARN,
    sources=(MANUAL,),
    confidence="verified",
    claim_types=("P",),
    status="A6:306",
    remittance=("16", "N350"),
    where="2400 NTE*ADD, NTE02",
    options={"enabled": Option(False, "whether the payer wants the lot number")},
    summary="No note of the line gives the lot number of the drug.",
    fix="Add a note with the lot on the vial: NTE*ADD*LOT A1234B.",
)
def lot_number_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Harbor Dunes traces unclassified biologics by their lot and holds a line until it knows it."""
    if ctx.option("XHD01", "enabled") and not any(LOT.search(note.text[:200]) for note in ctx.notes(line)):
        yield Hit(
            missing_location(line.last_loop_segment(), "2400", "NTE02"), "No note of the line gives a lot number"
        )


@claim_rule(
    "XHD02",
    "authorization-of-another-plan",
    severity=WARN,
    sources=(MANUAL,),
    confidence="verified",
    status="A7:252",
    remittance=("16", "M62"),
    where="2300 REF*G1, REF02",
    options={"begins": Option("", "how the payer's authorization numbers begin")},
    summary="The prior authorization number is not one of this payer's.",
    fix="Send the number of the payer's own approval letter.",
)
def authorization_of_another_plan(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Patients who changed plans often come with the approval of the old one, which is worth nothing here."""
    begins, number = str(ctx.option("XHD02", "begins")), claim.reference("G1")
    if number is not None and not number.value.startswith(begins):
        yield Hit(location_of(number.segment, 2), f"REF*G1 does not begin with {begins}", number.value[:50])
