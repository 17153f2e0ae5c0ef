"""Rules on the National Drug Code itself (loop 2410, LIN02 and LIN03)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from x12proc.claims.model import ServiceLine, at, missing
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.narrative.tokens import word_set
from x12proc.reference.ndc import candidates, is_placeholder, normalize
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.drug_code import is_token_charge
from x12proc.rules.drug_loop import drug_loop
from x12proc.rules.narrative import description_place, line_texts, named_drug
from x12proc.rules.paste import changed
from x12proc.rules.trial_drug import is_under_study
from x12proc.values import excerpt, iso_date

_FREE = re.compile(r"\b(?:NO (?:COST|CHARGE)|FREE|STOCKPILE|FEDERAL SUPPLY|DONATED|SUPPLIED)\b", re.IGNORECASE)
_LONGEST = 2000  # characters of a text that are searched
_OTHER_CODES = frozenset(("EN", "EO", "HI", "ON", "UK", "UP"))  # LIN02 of devices and supplies
_PAPER_FORM = re.compile(r"(?:NDC[\s:#]*)?N4[\s:]*([0-9]{11})(?![0-9])", re.IGNORECASE)
_LONGEST_PAPER_FORM = 60
_TWELVE = re.compile(r"[0-9]{12}|[0-9]{6}-[0-9]{4}-[0-9]{2}")
_ADOPTED = "2033-03-07"
_PRODUCT = 9  # digits for labeler and product; two more tell the package

# What a text consists of that only points to the NDC: SEE NDC, NDC# IN LOOP 2410, N4...UN3.
_POINTING = word_set(
    "A ABOVE AND AS AT BELOW BY CODE F FOR GR IN IS ITEM LIN LINE LOOP ME ML N NDC NO NUMBER OF ON PER PLEASE "
    "REFER SAME SEE SEGMENT THE TO UN USE"
)


def _number(line: ServiceLine) -> str:
    """LIN03 where it is meant as an NDC; empty where LIN02 says that it is another kind of number (NDC07)."""
    drug = line.drug
    return "" if drug is None or drug.lin.element(2) in _OTHER_CODES else drug.lin.element(3)


def _compact(ndc: str) -> str:
    return ndc.replace("-", "").strip()


def repaired(ndc: str) -> str | None:
    """The 11 digits that a misspelt NDC means without doubt."""
    paper = _PAPER_FORM.match(ndc.strip()[:_LONGEST_PAPER_FORM])
    return normalize(ndc) or (paper[1] if paper else None)


def _is_twelve(ndc: str) -> bool:
    return _TWELVE.fullmatch(ndc.strip()) is not None


def without_leading_zero(ndc: str) -> str | None:
    """The 11 digits of an NDC of twelve that has a zero in front."""
    digits = _compact(ndc)
    return digits[1:] if _is_twelve(ndc) and digits.startswith("0") else None


def _twelve_is_adopted(line: ServiceLine, ctx: Context) -> bool:
    """Whether the NDC of twelve digits is in force on the date of service (today, where none is sent)."""
    since = iso_date(str(ctx.option("NDC15", "twelve_digit_from"))) or iso_date(_ADOPTED)
    period = line.service_date or ctx.claim.statement
    day = period.first if period and period.first else ctx.as_of
    return since is not None and day >= since


@line_rule(
    "NDC01",
    "ndc-missing",
    severity=REJECT,
    sources=("PAL", "CGS", "NGS", "UHC", "IBX", "BTX", "SEED", "R1664"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2410 LIN03",
    status="A6:218",
    remittance=("16", "M119", "MA130"),
    suppressed_by=("NDC02",),
    options={
        "exempt": Option((), "kinds of product that need no NDC here, as the tables class them, e.g. vaccine")
    },
    summary="The drug line has no National Drug Code (NDC).",
    fix="Take the NDC from the package used and add loop 2410 after the line's own segments, for example "
    "LIN**N4*73150015006~CTP****18*ML~.",
)
def ndc_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The procedure code names no product, so the NDC is the only coded element that does. Payers reject the
    line without it. A study drug may have none yet: Q0 on the line with Z00.6 on the claim exempts it. So does a
    sponsor's code or a blinded arm as its only name in a trial."""
    if line.ndc.strip() or is_under_study(line, ctx) or _needs_no_ndc(line, ctx):
        return
    if line.drug is None:
        code = excerpt(line.procedure, 10)
        message = f"The {code} line has no NDC: loop 2410 (LIN, CTP) is missing"
        severity = INFO if _costs_nothing(line, ctx) else None
        yield Hit(missing(line.last_own(), "2410", "LIN03"), message, severity=severity)
    else:
        said = ctx.narrative(line).ndc
        corrected = changed(line.drug.lin, ctx.claim.delimiters, {2: "N4", 3: said}) if said else ""
        fix = "Put the 11 digits of the package's NDC into LIN03, for example LIN**N4*73150015006~."
        if corrected:
            fix = f"Put the NDC of the text into LIN03, after a look at the package: {corrected}"
        yield Hit(at(line.drug.lin, 3), "Loop 2410 has a LIN, but no NDC: LIN03 is empty", fix=fix)


def _costs_nothing(line: ServiceLine, ctx: Context) -> bool:
    """Whether the text says that the drug was free, and the line charges a token: nothing is priced by the NDC."""
    return is_token_charge(line) and any(_FREE.search(text[:_LONGEST]) for _, text in line_texts(line, ctx))


def _needs_no_ndc(line: ServiceLine, ctx: Context) -> bool:
    """Whether the text names a product of a kind that the payer takes without an NDC."""
    exempt = ctx.option("NDC01", "exempt")
    assert isinstance(exempt, tuple)
    return bool(exempt) and not ctx.reference.classes(None, named_drug(line, ctx)).isdisjoint(exempt)


@line_rule(
    "NDC02",
    "ndc-only-in-text",
    severity=WARN,
    sources=("CGS", "PAL", "UHC"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2410 LIN03; SV101-7, SV202-7, NTE02",
    status="A6:218",
    remittance=("16", "M119"),
    summary="The NDC is only in the text, not in loop 2410, where payers' systems read it.",
    fix="Keep the text and add the same NDC as loop 2410, for example LIN**N4*73150015006~CTP****18*ML~.",
)
def ndc_only_in_text(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare reviewers may read an NDC in the text. Medicaid and commercial payers read LIN03 only: for them
    the line has no NDC."""
    said = ctx.narrative(line)
    if line.drug is None and said.ndc is not None:
        message = f"NDC {excerpt(said.ndc_text or said.ndc)} is only in the text; the line has no loop 2410"
        fix = f"Keep the text and add loop 2410 after {line.last_own().tag}: {drug_loop(line, ctx, said.ndc)}"
        yield Hit(missing(line.last_own(), "2410", "LIN03"), message, said.ndc, fix=fix)


@line_rule(
    "NDC03",
    "only-the-ndc-names-the-drug",
    severity=WARN,
    sources=("RRB", "ION", "PAL"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="SV101-7, SV202-7",
    status="A6:306",
    remittance=("16", "M123", "N350"),
    suppressed_by=("NAR01",),
    summary="The text only repeats the NDC and doesn't name the drug and its dose.",
    fix="Write drug, dose and route in the description, for example BRIUMVI 450MG IV, and keep the NDC in LIN03.",
)
def only_the_ndc_names_the_drug(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare contractors price an unclassified drug from its name and dose in words. They don't look up the
    NDC."""
    if not line.ndc.strip():
        return
    if not ctx.has_text(line):
        message = f"LIN03 is {excerpt(line.ndc, 20)}, but no text names the drug and its dose"
        yield Hit(description_place(line), message)
    elif _only_repeats_ndc(line, ctx):
        text = excerpt(line.description)
        yield Hit(description_place(line), f"The description is only an NDC: {text}", text)


def _only_repeats_ndc(line: ServiceLine, ctx: Context) -> bool:
    """The description is an NDC and words that point to it. Words alone, SEE NDC, are a filler (NAR02)."""
    whole, own = ctx.narrative(line), ctx.description(line)
    if own.ndc_text is None or whole.drug_name is not None or whole.dose is not None:
        return False
    return _POINTING.issuperset(re.findall("[A-Z]+", line.description[:200].upper()))


@line_rule(
    "NDC04",
    "ndc-of-wrong-length",
    severity=REJECT,
    sources=("STN1", "IBX", "MBC", "DIN"),
    confidence="V",
    since="0.1.0",
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
    ndc = _number(line).strip()
    if not ndc or len(ndc) == 11 or (_is_twelve(ndc) and _twelve_is_adopted(line, ctx)):
        return
    assert line.drug is not None
    message = f"LIN03 has {len(ndc)} characters instead of 11: {excerpt(ndc)}"
    yield Hit(at(line.drug.lin, 3), message, excerpt(ndc))


@line_rule(
    "NDC05",
    "ndc-with-other-characters",
    severity=REJECT,
    sources=("R2151", "MBC", "STN1", "NGS"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2410 LIN03",
    status="A7:218",
    remittance=("16", "M119"),
    suppressed_by=("NDC08", "NDC15"),
    summary="The NDC has other characters than digits: hyphens, blanks, letters or a leading N4.",
    fix="Send the 11 digits alone, for example LIN**N4*25682002501~. N4 goes in LIN02, the quantity in CTP04. "
    "The form N4...UN1 is for paper claims only.",
)
def ndc_with_other_characters(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The payer looks up LIN03 exactly as sent. With a hyphen or a letter in it there is no match."""
    ndc = _number(line)
    if not ndc.strip() or (ndc.isascii() and ndc.isdigit()):
        return
    if _is_twelve(ndc) and _twelve_is_adopted(line, ctx):
        return
    assert line.drug is not None
    digits = repaired(ndc)
    corrected = changed(line.drug.lin, ctx.claim.delimiters, {2: "N4", 3: digits}) if digits else ""
    fix = f"Send the 11 digits alone: {corrected}" if corrected else None
    only_blanks = ndc.strip() == digits
    message = "LIN03 has blanks around the digits" if only_blanks else "LIN03 has more than digits"
    severity = WARN if only_blanks else None
    yield Hit(at(line.drug.lin, 3), f"{message}: {excerpt(ndc)}", excerpt(ndc), severity, fix)


@line_rule(
    "NDC06",
    "ten-digit-ndc-without-hyphens",
    severity=REJECT,
    sources=("DIN",),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2410 LIN03",
    status="A7:218",
    remittance=("16", "M119"),
    suppressed_by=("NDC08",),
    summary="The NDC has ten digits and no hyphens, so it fits three different products.",
    fix="Read the hyphens on the package and add the zero to the short part: 4-4-2 becomes 0LLLLPPPPKK, 5-3-2 "
    "LLLLL0PPPKK, 5-4-1 LLLLLPPPP0K.",
)
def ten_digit_ndc_without_hyphens(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Labels show ten digits, claims carry eleven. Only the hyphens show where the missing zero goes, and a
    zero in the wrong place bills another product."""
    ndc = _number(line).strip()
    readings = candidates(ndc)
    if not readings:
        return
    assert line.drug is not None
    known = ctx.reference.candidates_known(ndc)
    listed = ("lists " + ", ".join(known)) if known else "lists none of them"
    message = f"LIN03 has 10 digits: {ndc} fits {', '.join(readings)}; the product table {listed}"
    fix = None
    corrected = changed(line.drug.lin, ctx.claim.delimiters, {2: "N4", 3: known[0]}) if len(known) == 1 else ""
    if corrected:
        fix = f"Compare with the package, then send the one that is listed: {corrected}"
    yield Hit(at(line.drug.lin, 3), message, ndc, fix=fix)


@line_rule(
    "NDC07",
    "product-qualifier-not-n4",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="2410 LIN02",
    status="A7:745",
    second_status="A7:218",
    remittance=("16", "M119"),
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
        corrected = changed(line.drug.lin, ctx.claim.delimiters, {2: "N4", 3: ndc}) if ndc else ""
        fix = f"If LIN03 is the drug's NDC, send {corrected}. Otherwise put the NDC there." if corrected else None
        yield Hit(at(line.drug.lin, 2), f"LIN02 is {sent or 'empty'}, not N4", sent or None, fix=fix)


@line_rule(
    "NDC08",
    "placeholder-ndc",
    severity=REJECT,
    sources=("STN2", "MEM"),
    confidence="P",
    since="0.1.0",
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
    ndc = _number(line)
    allowed = ctx.option("NDC08", "allowed_placeholders")
    if not is_placeholder(ndc) or (isinstance(allowed, tuple) and _compact(ndc) in allowed):
        return
    assert line.drug is not None
    yield Hit(at(line.drug.lin, 3), f"LIN03 is {excerpt(ndc)}, a made-up number, not an NDC", excerpt(ndc))


@line_rule(
    "NDC12",
    "ndc-in-text-differs",
    severity=REJECT,
    sources=("PAL",),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02; 2410 LIN03",
    status="A8:218",
    remittance=("16", "M119"),
    suppressed_by=("NDC08",),
    summary="The NDC in the text is of another product than the NDC in LIN03.",
    fix="Find the NDC used on the package or in the drug log. Send it in LIN03 and in the text, or delete the "
    "NDC from the text.",
)
def ndc_in_text_differs(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Two NDCs for one drug contradict each other. Payers reject a line with contradicting information. Carton and
    vial of one product differ only in the last two digits: that is no contradiction."""
    sent = normalize(_number(line))
    if sent is None or ctx.narrative(line).ndc is None:
        return
    for spot, text in line_texts(line, ctx):
        said = ctx.read((text,)).ndc
        if said is not None and said[:_PRODUCT] != sent[:_PRODUCT]:
            fix = f"Check the package. If {said} was used, send LIN**N4*{said}~; if {sent} was, correct the text."
            message = f"{spot.location.element} has NDC {said}, but LIN03 has {sent}"
            yield Hit(spot.location, message, said, fix=fix)
            return


@line_rule(
    "NDC15",
    "twelve-digit-ndc-too-early",
    severity=REJECT,
    sources=("FDA33",),
    confidence="V",
    since="0.1.0",
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
    summary="The NDC has the 12-digit form before it is in force.",
    fix="Send the NDC with 11 digits. If the 12 digits begin with an added zero, drop that zero.",
)
def twelve_digit_ndc_too_early(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """FDA's uniform 12-digit NDC (6-4-2) takes effect on 2033-03-07. Until claims adopt it, payers accept 11
    digits only."""
    ndc = _number(line).strip()
    if not _is_twelve(ndc) or _twelve_is_adopted(line, ctx):
        return
    assert line.drug is not None
    since = excerpt(str(ctx.option("NDC15", "twelve_digit_from")), 10)
    digits = without_leading_zero(ndc)
    corrected = changed(line.drug.lin, ctx.claim.delimiters, {3: digits}) if digits else ""
    fix = f"Send the same NDC with 11 digits: {corrected}" if corrected else None
    allowed = f"12-digit NDCs begin on {since}" if iso_date(since) else "12-digit NDCs are not in use yet"
    message = f"LIN03 is the 12-digit NDC {excerpt(ndc, 20)}; {allowed}"
    yield Hit(at(line.drug.lin, 3), message, excerpt(ndc), fix=fix)
