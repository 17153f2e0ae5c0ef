"""COD04 to COD07, COD12, COD14: another unclassified code is the right one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from x12proc.claims.model import ServiceLine
from x12proc.findings import WARN, Hit
from x12proc.reference.ndc import normalize
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_service, procedure_composite
from x12proc.rules.shared.dates import served_on
from x12proc.rules.shared.positions import procedure_element
from x12proc.rules.shared.specific_codes import (
    OPPS_PAYERS,
    code_location,
    format_code,
    format_drug,
    is_compounded,
    is_made_for_the_eye,
    is_opps,
    is_token_charge,
    stated_routes,
)
from x12proc.rules.shared.texts import kinds_of_drug, named_drug

_UNCLASSIFIED = frozenset(("J3490", "J3590"))
_UNDER_OPPS = frozenset(("J3490", "J3590", "J9999"))  # what C9399 replaces
_OUTPATIENT = "13"
_COMPOUND_CODE_SINCE = date(2016, 1, 1)  # J7999
_SUPPLIES_SINCE = date(2026, 1, 1)
_SUPPLY_CODE = re.compile(r"Q4[1-4][0-9]{2}")
_SUPPLY_WORDS = re.compile(r"\bSKIN[\s-]+SUB(?:S|STITUTES?)?\b", re.IGNORECASE)
_LONGEST = 2000  # characters of a text that are searched
_WASTE = ("JW", "JZ")
_DIVIDED = "Bevacizumab for the eye is divided into syringes by a pharmacy"


def _with_code(line: ServiceLine, ctx: Context, code: str, texts: dict[int, str] | None = None) -> str:
    """Return the SV1 or SV2 of a line under another code."""
    return changed_service(line, ctx.claim.delimiters, procedure_composite(line, code=code), texts)


def _fix(line: ServiceLine, ctx: Context, code: str) -> str | None:
    corrected = _with_code(line, ctx, code)
    return f"Send {corrected}" if corrected else None


def _is_unclassified(line: ServiceLine) -> bool:
    return line.procedure.upper() in _UNCLASSIFIED


@line_rule(
    "COD04",
    "unclassified-under-opps",
    severity=WARN,
    sources=("NGS", "PALO", "FCSOA", "VIS"),
    confidence="verified",
    claim_types=("I",),
    status="A7:454",
    remittance=("189",),
    where="2400 SV202-2; CLM05-1, SBR09",
    suppressed_by=("COD01", "COD03", "COD07", "COD08"),
    options={"filing_indicators": OPPS_PAYERS},
    summary="A Medicare hospital outpatient claim bills a new drug under an unclassified J code instead of C9399.",
    fix="Bill C9399 with 1 unit, and write name, NDC, dose, route and date in the remarks (NTE*ADD).",
)
def unclassified_under_opps(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare's outpatient payment system packages the unclassified J codes: it pays nothing for the drug.
    Under C9399 a newly approved drug has its own price. A study drug (Q0, Z00.6) is not approved, and a token
    charge asks for no payment."""
    if ctx.investigational(line) or is_token_charge(line):
        return
    if line.procedure.upper() in _UNDER_OPPS and is_opps(ctx, "COD04", (_OUTPATIENT,)):
        message = f"Medicare packages {format_code(line)} on an outpatient claim (bill type 13x) and pays nothing"
        position = procedure_element(line) + 3
        corrected = _with_code(line, ctx, "C9399", {position: "1"})
        fix = f"Send {corrected} with name, NDC, dose, route and date in NTE*ADD." if corrected else None
        yield Hit(code_location(line), message, format_code(line), fix=fix)


@line_rule(
    "COD05",
    "chemical-drug-billed-as-biologic",
    severity=WARN,
    sources=("PALB", "FCSO"),
    confidence="verified",
    drug_only=True,
    biologics_only=True,
    status="A7:454",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03",
    suppressed_by=("COD01", "COD03", "COD04", "COD06", "COD07", "COD12"),
    summary="The product is licensed as a drug (NDA or ANDA), not as a biologic.",
    fix="Bill an unclassified drug as J3490: HC:J3490. J3590 is for products with a biologics license (BLA).",
)
def chemical_drug_billed_as_biologic(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """J3590 is for biologics, J3490 for all other unclassified drugs. Payers deny the line if code and product
    differ."""
    number = normalize(line.ndc)
    product = ctx.reference.product(number) if number else None
    if product is not None and product.application in ("NDA", "ANDA"):
        message = (
            f"NDC {number} is {format_drug(line, ctx)}, approved as a drug ({product.application}), not a biologic"
        )
        yield Hit(code_location(line), message, format_code(line), fix=_fix(line, ctx, "J3490"))


@line_rule(
    "COD06",
    "antineoplastic-under-general-code",
    severity=WARN,
    sources=("PALB", "NOV", "FCSO", "SEED"),
    confidence="verified",
    drug_only=True,
    status="A7:454",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    suppressed_by=("COD01", "COD03", "COD04", "COD07", "COD08"),
    summary="A cancer drug is billed under the general unclassified code.",
    fix="Bill a cancer drug without its own code as J9999: HC:J9999.",
)
def antineoplastic_under_general_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Cancer drugs have their own unclassified code, J9999. Under J3590 or J3490 contractors deny the line and
    ask for J9999."""
    is_cancer_drug = "antineoplastic" in kinds_of_drug(line, ctx) and not is_made_for_the_eye(line, ctx)
    if _is_unclassified(line) and is_cancer_drug:
        message = (
            f"{format_drug(line, ctx)} is a cancer drug: its unclassified code is J9999, not {format_code(line)}"
        )
        yield Hit(code_location(line), message, format_code(line), fix=_fix(line, ctx, "J9999"))


@line_rule(
    "COD07",
    "compounded-drug-under-general-code",
    severity=WARN,
    sources=("NORBEV", "FCSO", "CGS", "LYT"),
    confidence="verified",
    drug_only=True,
    status="A7:454",
    remittance=("189",),
    where="SV101-2, SV202-2; the text",
    summary="A compounded or repackaged drug is billed under the general unclassified code.",
    fix="Bill a compounded drug as J7999: HC:J7999. Through an implanted pump bill J7799 with modifier KD. "
    "Hospitals bill bevacizumab for the eye to Medicare as C9257.",
)
def compounded_drug_under_general_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A drug that a pharmacy mixes or divides is no longer the licensed product. Since 2016 it has its own
    code, J7999. One Medicare contractor refuses J3590 for bevacizumab in the eye. Only Lytenava
    (bevacizumab-vikg), approved on 2026-07-24, is made for the eye."""
    if not _is_unclassified(line) or not is_compounded(line, ctx):
        return
    day = served_on(line, ctx)
    if day is None or day >= _COMPOUND_CODE_SINCE:
        stated = ctx.narrative(line).compound
        what = "The text says that the drug is compounded or repackaged" if stated else _DIVIDED
        message = f"{what}: its code is J7999, not {format_code(line)}"
        yield Hit(code_location(line), message, format_code(line), fix=_fix(line, ctx, "J7999"))


@line_rule(
    "COD12",
    "better-unclassified-code",
    severity=WARN,
    sources=("FCSO", "NOV", "MBC"),
    confidence="verified",
    drug_only=True,
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    suppressed_by=("COD01", "COD03", "COD06", "COD07", "COD08", "NDC17"),
    summary="Products of this kind have their own unclassified code.",
    fix="Bill the unclassified code of the kind: vaccine 90749, immune globulin J1599 (IV) or 90399, clotting "
    "factor J7199, radiopharmaceutical A9699.",
)
def better_unclassified_code(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Vaccines, immune globulins, clotting factors and radiopharmaceuticals have their own prices and
    coverage. Under the general code they reach the wrong department."""
    if not _is_unclassified(line):
        return
    for kind in sorted(kinds_of_drug(line, ctx)):
        better = _better_code(kind, stated_routes(line, ctx))
        if better:
            kind_shown = kind.replace("-", " ")
            article = "an" if kind_shown[0] in "aeiou" else "a"
            message = f"{format_drug(line, ctx)} is {article} {kind_shown}: its unclassified code is {better}"
            corrected = _with_code(line, ctx, better)
            fix = (
                f"Unless the payer's manual requires {format_code(line)}, send {corrected}" if corrected else None
            )
            yield Hit(code_location(line), message, format_code(line), fix=fix)
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
    confidence="verified",
    drug_only=True,
    status="A7:454",
    second_status="A7:453",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    options={
        "filing_indicators": Option(("MA", "MB"), "the payers (SBR09) that pay skin substitutes as supplies")
    },
    summary="A skin substitute is billed as a drug for a service since 2026.",
    fix="Bill the product's own Q code by the square centimeter; without one bill Q4431 (PMA), Q4432 (510(k)) or "
    "Q4433 (361 HCT/P). Drop JW and JZ and bill only what was applied.",
)
def skin_substitute_billed_as_drug(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare pays skin substitutes as supplies since 2026, unless they are licensed as biologics. It no
    longer pays what was cut off, and the modifiers for waste don't belong on them."""
    if not _is_skin_substitute(line, ctx):
        return
    payers, day = ctx.option("COD14", "filing_indicators"), served_on(line, ctx)
    assert isinstance(payers, tuple)
    if ctx.claim.filing_indicator in payers and day is not None and day >= _SUPPLIES_SINCE:
        wasted = " and ".join(code for code in _WASTE if code in line.modifiers_sent)
        message = f"{format_drug(line, ctx)} is a skin substitute, which Medicare pays as a supply since 2026"
        yield Hit(
            code_location(line), message + (f"; {wasted} doesn't belong on it" * bool(wasted)), format_code(line)
        )


def _is_skin_substitute(line: ServiceLine, ctx: Context) -> bool:
    """Return whether all codes of the product are those of skin substitutes; where it has none, by the text."""
    codes = ctx.reference.codes_for(normalize(line.ndc), named_drug(line, ctx))
    if codes:
        return all(_SUPPLY_CODE.fullmatch(code.code) for code in codes)
    return any(_SUPPLY_WORDS.search(text[:_LONGEST]) for _, text in ctx.texts(line))
