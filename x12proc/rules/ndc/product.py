"""NDC09 to NDC12, NDC17: the product of the NDC, compared with the text and the procedure code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from x12proc.claims.model import ServiceLine
from x12proc.findings import INFO, REJECT, WARN, Hit, Severity
from x12proc.reference.model import Product
from x12proc.reference.ndc import normalize
from x12proc.rules.base import line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_service, procedure_composite
from x12proc.rules.shared.dates import format_period, service_days
from x12proc.rules.shared.listed_product import (
    NDC_FORMAT_RULES,
    format_product,
    lin03,
    lin03_excerpt,
    listed_product,
)
from x12proc.rules.shared.ndc_text import ndc_sent
from x12proc.rules.shared.trial_drug import is_under_study
from x12proc.values import excerpt

_PRODUCT = 9  # digits for labeler and product; two more tell the package
_SUFFIXED = re.compile(r"(.+)-[a-z]{4}")
_ANY_NEW_PRODUCT = "C9399"  # hospital outpatient claims: drugs and biologicals of every kind and form
_OWN_UNCLASSIFIED = {
    "vaccine": ("90749",),
    "immune-globulin": ("J1599", "90399"),
    "clotting-factor": ("J7199",),
    "radiopharmaceutical": ("A9699",),
}


@line_rule(
    "NDC12",
    "ndc-in-text-differs",
    severity=REJECT,
    sources=("PAL",),
    confidence="proposed",
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
    sent = normalize(ndc_sent(line))
    if sent is None or ctx.narrative(line).ndc is None:
        return
    for spot, text in ctx.texts(line):
        stated = ctx.read((text,)).ndc
        if stated is not None and stated[:_PRODUCT] != sent[:_PRODUCT]:
            fix = f"Check the package. If {stated} was used, send LIN**N4*{stated}~; "
            fix += f"if {sent} was, correct the text."
            message = f"{spot.location.element} has NDC {stated}, but LIN03 has {sent}"
            yield Hit(spot.location, message, stated, fix=fix)
            return


# -- the NDC ----------------------------------------------------------------------------------------------------


@line_rule(
    "NDC09",
    "ndc-unknown",
    severity=WARN,
    sources=("STN2", "XWK", "X12C"),
    confidence="verified",
    drug_only=True,
    where="2410 LIN03",
    status="A7:218",
    remittance=("16", "M119"),
    suppressed_by=NDC_FORMAT_RULES,
    summary="The product of the NDC (its first nine digits) is not in the reference tables.",
    fix="Compare the NDC with the package, digit by digit. If it is right, leave it.",
)
def ndc_unknown(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Clearinghouses and Medicaid refuse NDCs that are not in their drug file. The tables shipped here list
    biologics and the drugs that Medicare prices, so this rule asks only for a second look. With FDA's whole
    NDC Directory imported it warns, and a profile may make it reject."""
    number = normalize(line.ndc)
    if number is None or ctx.reference.product(number) is not None or is_under_study(line, ctx):
        return
    message = f"LIN03 is {lin03_excerpt(line)}; the tables have no product {number[:5]}-{number[5:9]}"
    severity = None if ctx.reference.has("marketing") else INFO  # with the directory the tables have all products
    yield Hit(lin03(line), message, lin03_excerpt(line), severity)


@line_rule(
    "NDC10",
    "ndc-not-marketed",
    severity=WARN,
    sources=("STN2",),
    confidence="verified",
    drug_only=True,
    where="2410 LIN03; 2400 DTP*472",
    status="A7:218",
    remittance=("16", "M119"),
    suppressed_by=(*NDC_FORMAT_RULES, "NDC11"),
    needs=("marketing",),
    summary="The package of the NDC was not marketed on the service date.",
    fix="Compare the NDC and the service date with the package and the record. If both are right, ask the payer "
    "whether it pays for a package that is no longer marketed.",
)
def ndc_not_marketed(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """FDA lists from when to when each package is marketed; the last day is usually the date on which its last lot
    expires. Clearinghouses refuse an NDC that is inactive on the service date. This rule needs the NDC Directory,
    which is not shipped; x12proc reference status says whether it is installed."""
    number = normalize(line.ndc)
    period = ctx.reference.marketed(number) if number else None
    if period is None:
        return
    days = service_days(line)
    if days is None or is_under_study(line, ctx):
        return
    served = format_period(days)
    if period.first is not None and days[1] < period.first:
        message = f"NDC {lin03_excerpt(line)} is marketed since {period.first}, after the service of {served}"
        yield Hit(lin03(line), message, lin03_excerpt(line))
    elif period.last is not None and days[0] > period.last:
        message = f"NDC {lin03_excerpt(line)} was marketed until {period.last}, before the service of {served}"
        yield Hit(lin03(line), message, lin03_excerpt(line))


def _without_suffix(name: str) -> str:
    """Return a drug's name without the four letters that distinguish biosimilars (rule COD08 reads those)."""
    found = _SUFFIXED.fullmatch(name)
    return found[1] if found else name


def _names_stated(line: ServiceLine, ctx: Context) -> set[str]:
    """Return every drug that the texts of a line name, without suffix."""
    found = [ctx.reference.lexicon().find(text[:2000]) for _, text in ctx.texts(line)]
    return {_without_suffix(name.canonical) for names in found for name in names if name.canonical}


def _share_a_code(stated: str, product: Product, ctx: Context) -> bool:
    """Return whether a HCPCS code covers both names: then they are two spellings of one drug."""
    own = set(product.specific_code.split(";")) - {""}
    return any(own.intersection(other.specific_code.split(";")) for other in ctx.reference.products_named(stated))


def _other_drug(line: ServiceLine, product: Product, ctx: Context) -> Severity | None:
    """Return how sure it is that the text names another drug than the product; None where it may be the same."""
    stated, lexicon = ctx.narrative(line).matched, ctx.reference.lexicon()
    generic = lexicon.canonical(product.generic)
    if stated is None or generic is None:
        return None
    own = {
        _without_suffix(product.generic),
        _without_suffix(generic),
        _without_suffix(lexicon.canonical(product.name) or generic),
    }
    if _without_suffix(stated) in own or own & _names_stated(line, ctx) or _share_a_code(stated, product, ctx):
        return None
    related = {name.split()[0].partition("-")[0] for name in own if name}
    return WARN if stated.split()[0].partition("-")[0] in related else REJECT


@line_rule(
    "NDC11",
    "ndc-of-another-drug",
    severity=REJECT,
    sources=("PAL",),
    confidence="proposed",
    drug_only=True,
    where="2410 LIN03; SV101-7, SV202-7, NTE02",
    status="A8:217",
    second_status="A8:218",
    remittance=("16", "M123", "M119"),
    suppressed_by=NDC_FORMAT_RULES,
    needs=("products",),
    summary="The NDC belongs to another drug than the text names.",
    fix="Find the drug that was given on the package or in the drug log. Correct the NDC in LIN03 or the name in "
    "the text.",
)
def ndc_of_another_drug(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Only name and NDC show which drug an unclassified line is for. If they differ, the payer can't price it;
    Medicare rejects conflicting information. Related drugs, such as an antibody with and without an enzyme,
    get a warning. Names with a common HCPCS code count as one."""
    product = listed_product(line, ctx)
    if product is None:
        return
    severity = _other_drug(line, product, ctx)
    if severity is None:
        return
    narrative = ctx.narrative(line)
    named, canonical = excerpt((narrative.drug_name or "").upper(), 40), excerpt(narrative.matched or "", 40)
    shown = named if named.lower() == canonical.lower() else f"{named} ({canonical})"
    message = f"The text names {shown}, but NDC {lin03_excerpt(line)} is {format_product(product)}"
    yield Hit(lin03(line), message, lin03_excerpt(line), severity)


@line_rule(
    "NDC17",
    "ndc-of-a-vaccine-plasma-product-or-tracer",
    severity=WARN,
    sources=("FCSO", "NOV"),
    confidence="verified",
    drug_only=True,
    where="2410 LIN03",
    status="A7:454",
    remittance=("189",),
    suppressed_by=("COD01", "COD03", "NDC11"),
    needs=("products",),
    summary="The NDC is that of a vaccine, an immune globulin, a clotting factor or a radiopharmaceutical.",
    fix="Bill the unclassified code of the kind: vaccine 90749, immune globulin J1599 (IV) or 90399, clotting "
    "factor J7199, radiopharmaceutical A9699.",
)
def ndc_of_another_kind_of_product(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """These products have their own prices, coverage and unclassified codes. Under the code for other drugs,
    payers answer that a more specific code exists."""
    product = listed_product(line, ctx)
    if product is None or line.procedure.upper() == _ANY_NEW_PRODUCT:
        return
    for kind in sorted(ctx.reference.classes(normalize(line.ndc), None)):
        codes = _OWN_UNCLASSIFIED.get(kind)
        if codes and line.procedure.upper() not in codes:
            article = "an" if kind[0] in "aeiou" else "a"
            named = f"NDC {lin03_excerpt(line)} is {format_product(product)}, {article} {kind.replace('-', ' ')}"
            message = f"{named}: its unclassified code is {' or '.join(codes)}, not {excerpt(line.procedure, 10)}"
            corrected = changed_service(line, ctx.claim.delimiters, procedure_composite(line, code=codes[0]))
            fix = f"Send {corrected}" if corrected and len(codes) == 1 else None
            yield Hit(lin03(line), message, lin03_excerpt(line), fix=fix)
            return
