"""NDC04 to NDC08, NDC15: how LIN02 and LIN03 are written."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import ServiceLine, location_of
from x12proc.findings import REJECT, WARN, Hit
from x12proc.reference.ndc import candidates, is_placeholder, normalize
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_segment
from x12proc.rules.shared.guide_errors import SAME_ELEMENT
from x12proc.rules.shared.ndc_text import (
    has_twelve_digits,
    ndc_sent,
    repaired,
    without_hyphens,
    without_leading_zero,
)
from x12proc.values import excerpt, iso_date

_ADOPTED = "2033-03-07"


def _twelve_is_adopted(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the NDC of twelve digits is in force on the date of service (today, where none is sent)."""
    since = iso_date(str(ctx.option("NDC15", "twelve_digit_from"))) or iso_date(_ADOPTED)
    period = line.service_period or ctx.claim.statement_period
    day = period.first if period and period.first else ctx.as_of
    return since is not None and day >= since


@line_rule(
    "NDC04",
    "ndc-of-wrong-length",
    severity=REJECT,
    sources=("STN1", "IBX", "MBC", "DIN"),
    confidence="verified",
    drug_only=True,
    where="2410 LIN03",
    status="A7:218",
    remittance=("16", "M119"),
    suppressed_by=("NDC05", "NDC06", "NDC08", "NDC15"),
    summary="The NDC has more or fewer than 11 digits.",
    fix="Send 11 digits without hyphens (5-4-2). Put a zero before a part of the package's number that is too "
    "short: 0002-7575-01 becomes LIN**N4*00002757501~.",
)
def ndc_of_wrong_length(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Claims carry the NDC with 11 digits. A number of another length matches no product in the payer's drug
    file."""
    ndc = ndc_sent(line).strip()
    if not ndc or len(ndc) == 11 or (has_twelve_digits(ndc) and _twelve_is_adopted(line, ctx)):
        return
    assert line.drug is not None
    message = f"LIN03 has {len(ndc)} characters instead of 11: {excerpt(ndc)}"
    yield Hit(location_of(line.drug.lin, 3), message, excerpt(ndc))


@line_rule(
    "NDC05",
    "ndc-with-other-characters",
    severity=REJECT,
    sources=("R2151", "MBC", "STN1", "NGS"),
    confidence="verified",
    drug_only=True,
    where="2410 LIN03",
    status="A7:218",
    remittance=("16", "M119"),
    suppressed_by=("NDC08", "NDC15"),
    same_as_guide=((SAME_ELEMENT, "5 6"),),
    fixer="ndc-digits",
    summary="The NDC has other characters than digits: hyphens, blanks, letters or a leading N4.",
    fix="Send the 11 digits alone, for example LIN**N4*25682002501~. N4 goes in LIN02, the quantity in CTP04. "
    "The form N4...UN1 is for paper claims only.",
)
def ndc_with_other_characters(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The payer looks up LIN03 exactly as sent. With a hyphen or a letter in it there is no match."""
    ndc = ndc_sent(line)
    if not ndc.strip() or (ndc.isascii() and ndc.isdigit()):
        return
    if has_twelve_digits(ndc) and _twelve_is_adopted(line, ctx):
        return
    assert line.drug is not None
    digits = repaired(ndc)
    corrected = changed_segment(line.drug.lin, ctx.claim.delimiters, {2: "N4", 3: digits}) if digits else ""
    fix = f"Send the 11 digits alone: {corrected}" if corrected else None
    only_blanks = ndc.strip() == digits
    message = "LIN03 has blanks around the digits" if only_blanks else "LIN03 has more than digits"
    severity = WARN if only_blanks else None
    yield Hit(location_of(line.drug.lin, 3), f"{message}: {excerpt(ndc)}", excerpt(ndc), severity, fix)


@line_rule(
    "NDC06",
    "ten-digit-ndc-without-hyphens",
    severity=REJECT,
    sources=("DIN",),
    confidence="verified",
    drug_only=True,
    where="2410 LIN03",
    status="A7:218",
    remittance=("16", "M119"),
    suppressed_by=("NDC08",),
    fixer="known-ndc",
    summary="The NDC has ten digits and no hyphens, so it fits three different products.",
    fix="Read the hyphens on the package and add the zero to the short part: 4-4-2 becomes 0LLLLPPPPKK, 5-3-2 "
    "LLLLL0PPPKK, 5-4-1 LLLLLPPPP0K.",
)
def ten_digit_ndc_without_hyphens(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Labels show ten digits, claims carry eleven. Only the hyphens show where the missing zero goes, and a
    zero in the wrong place bills another product."""
    ndc = ndc_sent(line).strip()
    readings = candidates(ndc)
    if not readings:
        return
    assert line.drug is not None
    known = ctx.reference.candidates_known(ndc)
    listed = ("lists " + ", ".join(known)) if known else "lists none of them"
    message = f"LIN03 has 10 digits: {ndc} fits {', '.join(readings)}; the product table {listed}"
    fix = None
    corrected = (
        changed_segment(line.drug.lin, ctx.claim.delimiters, {2: "N4", 3: known[0]}) if len(known) == 1 else ""
    )
    if corrected:
        fix = f"Compare with the package, then send the one that is listed: {corrected}"
    yield Hit(location_of(line.drug.lin, 3), message, ndc, fix=fix)


@line_rule(
    "NDC07",
    "product-qualifier-not-n4",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    drug_only=True,
    where="2410 LIN02",
    status="A7:745",
    second_status="A7:218",
    remittance=("16", "M119"),
    same_as_guide=((SAME_ELEMENT, "1 4 5 7"),),
    fixer="qualifier",
    summary="LIN02 is not N4, so the number in LIN03 is not marked as an NDC.",
    fix="Send N4 in LIN02 and the drug's NDC in LIN03, for example LIN**N4*25682002501~. UP, EN and HI mark bar "
    "codes and supplies, not drugs.",
)
def product_qualifier_not_n4(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """N4 marks LIN03 as a National Drug Code. Under another qualifier the payer reads the number of a device
    or a supply, and the drug has no NDC."""
    if line.drug is not None and line.drug.qualifier != "N4":
        sent = excerpt(line.drug.qualifier, 20)
        ndc = normalize(line.ndc)
        corrected = changed_segment(line.drug.lin, ctx.claim.delimiters, {2: "N4", 3: ndc}) if ndc else ""
        fix = f"If LIN03 is the drug's NDC, send {corrected}. Otherwise put the NDC there." if corrected else None
        yield Hit(location_of(line.drug.lin, 2), f"LIN02 is {sent or 'empty'}, not N4", sent or None, fix=fix)


@line_rule(
    "NDC08",
    "placeholder-ndc",
    severity=REJECT,
    sources=("STN2", "MEM"),
    confidence="proposed",
    drug_only=True,
    where="2410 LIN03",
    status="A7:218",
    remittance=("16", "M119"),
    options={
        "allowed_placeholders": Option((), "made-up NDCs that the payer accepts, 11 digits, e.g. 00000000070"),
    },
    summary="The NDC is a made-up number that fills the field and names no product.",
    fix="Send the NDC printed on the package used. For a study drug without one, bill Q0 with Z00.6 and leave "
    "loop 2410 out.",
)
def placeholder_ndc(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """All nines, all zeros or 12345678901 belong to no product, and no payer's drug file has them. The line
    comes back like one without an NDC."""
    ndc = ndc_sent(line)
    allowed = ctx.option("NDC08", "allowed_placeholders")
    if not is_placeholder(ndc) or (isinstance(allowed, tuple) and without_hyphens(ndc) in allowed):
        return
    assert line.drug is not None
    yield Hit(
        location_of(line.drug.lin, 3), f"LIN03 is {excerpt(ndc)}, a made-up number, not an NDC", excerpt(ndc)
    )


@line_rule(
    "NDC15",
    "twelve-digit-ndc-too-early",
    severity=REJECT,
    sources=("FDA33",),
    confidence="verified",
    drug_only=True,
    where="2410 LIN03",
    status="A7:218",
    remittance=("16", "M119"),
    suppressed_by=("NDC08",),
    options={
        "twelve_digit_from": Option(
            _ADOPTED, "first service date on which NDCs of 12 digits may be sent (ISO date)"
        ),
    },
    fixer="eleven-digits",
    summary="The NDC has the 12-digit form before it is in force.",
    fix="Send the NDC with 11 digits. If the 12 digits begin with an added zero, drop that zero.",
)
def twelve_digit_ndc_too_early(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """FDA's uniform 12-digit NDC (6-4-2) takes effect on 2033-03-07. Until claims adopt it, payers accept 11
    digits only."""
    ndc = ndc_sent(line).strip()
    if not has_twelve_digits(ndc) or _twelve_is_adopted(line, ctx):
        return
    assert line.drug is not None
    since = excerpt(str(ctx.option("NDC15", "twelve_digit_from")), 10)
    digits = without_leading_zero(ndc)
    corrected = changed_segment(line.drug.lin, ctx.claim.delimiters, {3: digits}) if digits else ""
    fix = f"Send the same NDC with 11 digits: {corrected}" if corrected else None
    allowed = f"12-digit NDCs begin on {since}" if iso_date(since) else "12-digit NDCs are not in use yet"
    message = f"LIN03 is the 12-digit NDC {excerpt(ndc, 20)}; {allowed}"
    yield Hit(location_of(line.drug.lin, 3), message, excerpt(ndc), fix=fix)
