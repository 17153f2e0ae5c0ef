"""Which unclassified code fits the kind of product: J3490, J3590, J9999, J7999, C9399."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from x12proc.claims.model import ServiceLine
from x12proc.findings import INFO, WARN, Hit
from x12proc.reference.ndc import normalise
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.drug_code import (
    MEDICARE,
    code_billed,
    code_place,
    drug_shown,
    is_compounded,
    is_made_for_the_eye,
    is_opps,
    served_on,
    stated_routes,
)
from x12proc.rules.narrative import kinds_of_drug, named_drug, spoken

_UNCLASSIFIED = frozenset(("J3490", "J3590"))
_UNDER_OPPS = frozenset(("J3490", "J3590", "J9999"))  # what C9399 stands in for
_OUTPATIENT = "13"
_COMPOUND_CODE_SINCE = date(2016, 1, 1)  # J7999
_SUPPLIES_SINCE = date(2026, 1, 1)
_SUPPLY_CODE = re.compile(r"Q4[1-4][0-9]{2}")
_SUPPLY_WORDS = re.compile(r"\bSKIN[\s-]+SUB(?:S|STITUTES?)?\b", re.IGNORECASE)
_LONGEST = 2000  # characters of a text that are searched
_WASTE = ("JW", "JZ")
_DIVIDED = "Bevacizumab for the eye is divided into syringes by a pharmacy"


def _is_unclassified(line: ServiceLine) -> bool:
    return line.procedure.upper() in _UNCLASSIFIED


@line_rule(
    "COD04",
    "unclassified-under-opps",
    severity=WARN,
    sources=("NGS", "PALO", "FCSOA", "VIS"),
    confidence="V",
    since="0.1.0",
    applies="I",
    status="A7:454",
    remittance=("189",),
    where="2400 SV202-2; CLM05-1, SBR09",
    suppressed_by=("COD01", "COD03", "COD07", "COD08"),
    options={"filing_indicators": MEDICARE},
    summary="A Medicare hospital outpatient claim bills a new drug under an unclassified J code instead of C9399.",
    fix="Bill a drug without a code of its own as C9399 with 1 unit, and put name, NDC, dose, route and date into "
    "the remarks (NTE*ADD).",
)
def unclassified_under_opps(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Under Medicare's outpatient payment system the unclassified J codes are packaged: nothing is paid for the
    drug. C9399 is the code under which a newly approved drug is priced by itself; a drug under study (Q0, Z00.6)
    is not approved."""
    if ctx.investigational(line):
        return
    if line.procedure.upper() in _UNDER_OPPS and is_opps(ctx, "COD04", (_OUTPATIENT,)):
        message = f"{code_billed(line)} on an outpatient claim (bill type 13x) to Medicare is packaged, not paid"
        yield Hit(code_place(line), message, code_billed(line))


@line_rule(
    "COD05",
    "chemical-drug-billed-as-biologic",
    severity=WARN,
    sources=("PALB", "FCSO"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    biologics_only=True,
    status="A7:454",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03",
    suppressed_by=("COD01", "COD03", "COD04", "COD06", "COD07", "COD12"),
    summary="The product is licensed as a drug (NDA or ANDA), not as a biologic.",
    fix="Bill an unclassified drug as J3490: HC:J3490. J3590 is for products with a biologics licence (BLA).",
)
def chemical_drug_billed_as_biologic(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """J3590 is for biologics, J3490 for all other unclassified drugs. Payers deny the line when code and product
    don't agree."""
    number = normalise(line.ndc)
    product = ctx.reference.product(number) if number else None
    if product is not None and product.application in ("NDA", "ANDA"):
        message = f"NDC {number} is {drug_shown(line, ctx)}, approved as a drug ({product.application})"
        yield Hit(code_place(line), message, code_billed(line))


@line_rule(
    "COD06",
    "antineoplastic-under-general-code",
    severity=WARN,
    sources=("PALB", "NOV", "FCSO", "SEED"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:454",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    suppressed_by=("COD01", "COD03", "COD04", "COD07", "COD08"),
    summary="A cancer drug is billed under the general unclassified code.",
    fix="Bill a cancer drug without a code of its own as J9999: HC:J9999.",
)
def antineoplastic_under_general_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Cancer drugs have an unclassified code of their own, J9999. Under J3590 or J3490 contractors deny the line
    and ask for the right one."""
    is_cancer_drug = "antineoplastic" in kinds_of_drug(line, ctx) and not is_made_for_the_eye(line, ctx)
    if _is_unclassified(line) and is_cancer_drug:
        message = (
            f"{drug_shown(line, ctx)} is a cancer drug: its unclassified code is J9999, not {code_billed(line)}"
        )
        yield Hit(code_place(line), message, code_billed(line))


@line_rule(
    "COD07",
    "compounded-drug-under-general-code",
    severity=WARN,
    sources=("NORBEV", "FCSO", "CGS", "LYT"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    status="A7:454",
    remittance=("189",),
    where="SV101-2, SV202-2; the text",
    summary="A compounded or repackaged drug is billed under the general unclassified code.",
    fix="Bill a compounded drug as J7999 (through an implanted pump J7799 with modifier KD): HC:J7999. Hospitals "
    "bill bevacizumab for the eye to Medicare as C9257.",
)
def compounded_drug_under_general_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """What a pharmacy mixes or divides is no longer the licensed product; since 2016 it has a code of its own,
    J7999. Bevacizumab for the eye is such a case: one Medicare contractor has refused J3590 for it ever since.
    Only Lytenava (bevacizumab-vikg), approved on 2026-07-24, is made for the eye."""
    if not _is_unclassified(line) or not is_compounded(line, ctx):
        return
    day = served_on(line, ctx)
    if day is None or day >= _COMPOUND_CODE_SINCE:
        said = ctx.narrative(line).compound
        what = "The text says that the drug is compounded or repackaged" if said else _DIVIDED
        yield Hit(code_place(line), f"{what}: its code is J7999, not {code_billed(line)}", code_billed(line))


@line_rule(
    "COD12",
    "better-unclassified-code",
    severity=INFO,
    sources=("FCSO", "NOV", "MBC"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    suppressed_by=("COD01", "COD03", "COD06", "COD07", "COD08", "NDC17"),
    summary="Products of this kind have an unclassified code of their own.",
    fix="Bill the unclassified code of the product's kind: a vaccine 90749, immune globulin J1599 (IV) or 90399, "
    "a clotting factor J7199, a radiopharmaceutical A9699.",
)
def better_unclassified_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Vaccines, immune globulins, clotting factors and radiopharmaceuticals are priced and covered by other rules
    than drugs. Under the general code they end up with the wrong department."""
    if not _is_unclassified(line):
        return
    for kind in sorted(kinds_of_drug(line, ctx)):
        better = _better_code(kind, stated_routes(line, ctx))
        if better:
            kind_shown = kind.replace("-", " ")
            message = f"{drug_shown(line, ctx)} is of the kind {kind_shown}: its unclassified code is {better}"
            fix = f"Bill {better} instead of {code_billed(line)}, unless the payer's manual says otherwise."
            yield Hit(code_place(line), message, code_billed(line), fix=fix)
            return


def _better_code(kind: str, routes: frozenset[str]) -> str:
    codes = {
        "vaccine": "90749",
        "immune-globulin": "J1599" if "IV" in routes else "90399",
        "clotting-factor": "J7199",
        "radiopharmaceutical": "A9699",
    }
    return codes.get(kind, "")


@line_rule(
    "COD14",
    "skin-substitute-billed-as-drug",
    severity=WARN,
    sources=("NORSS", "ANW"),
    confidence="V",
    since="0.1.0",
    status="A7:454",
    second_status="A7:453",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    options={
        "filing_indicators": Option(("MA", "MB"), "the payers (SBR09) that take skin substitutes as supplies")
    },
    summary="A skin substitute is billed as a drug, for a service since 2026.",
    fix="Bill the product's own Q code by the square centimeter, or without one Q4431 (PMA), Q4432 (510(k)) or "
    "Q4433 (361 HCT/P). Take JW and JZ off and bill only what was applied.",
)
def skin_substitute_billed_as_drug(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """To Medicare skin substitutes are supplies since 2026, unless they are licensed as biologics. What was cut
    off is not paid any more, and the modifiers for waste don't belong on them."""
    payers, day = ctx.option("COD14", "filing_indicators"), served_on(line, ctx)
    assert isinstance(payers, tuple)
    if ctx.claim.filing_indicator not in payers or day is None or day < _SUPPLIES_SINCE:
        return
    if _is_skin_substitute(line, ctx):
        wasted = " and ".join(code for code in _WASTE if code in line.given_modifiers)
        message = f"{drug_shown(line, ctx)} is a skin substitute, which Medicare takes as a supply since 2026"
        yield Hit(
            code_place(line), message + (f"; {wasted} doesn't belong on it" * bool(wasted)), code_billed(line)
        )


def _is_skin_substitute(line: ServiceLine, ctx: Context) -> bool:
    """Whether all codes of the product are those of skin substitutes; where it has none, by the text."""
    codes = ctx.reference.codes_for(normalise(line.ndc), named_drug(line, ctx))
    if codes:
        return all(_SUPPLY_CODE.fullmatch(code.code) for code in codes)
    return any(_SUPPLY_WORDS.search(text[:_LONGEST]) for _, text in spoken(line, ctx))
