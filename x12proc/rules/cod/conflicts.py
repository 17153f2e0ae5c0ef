"""COD08, COD10, COD11, COD13: the procedure code contradicts the text, another line or the service date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from x12proc.claims.model import ServiceLine
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.reference.ndc import normalize
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.dates import served_on
from x12proc.rules.shared.specific_codes import (
    code_location,
    codes_in_force,
    format_code,
    format_drug,
    specific_code_hit,
    specific_codes,
)
from x12proc.rules.shared.texts import text_excerpt, text_location
from x12proc.values import excerpt

_BIOSIMILAR_CODE = re.compile(r"Q5[0-9]{3}")
_SUFFIXED = re.compile(r"(.+)-([a-z]{4})")
_NO_CODE = re.compile(
    r"\b(?:NO|NOT|WITHOUT|LACKS)\b(?:\s+(?:A|ANY|YET|SPECIFIC|ASSIGNED|UNIQUE|PERMANENT|PRODUCT|DRUG|OTHER|EXISTING|"
    r"HCPCS|CPT|J|Q|C))*[\s-]+CODES?\b|\bUNASSIGNED\b",
    re.IGNORECASE,
)
_LONGEST = 2000  # characters of a text that are searched


@line_rule(
    "COD08",
    "biosimilar-mismatch",
    severity=WARN,
    sources=("XWK", "AAO"),
    confidence="verified",
    drug_only=True,
    status="A7:454",
    second_status="A7:217",
    remittance=("189",),
    where="SV101-2, SV202-2; 2410 LIN03, the text",
    suppressed_by=("COD09", "DAT02"),
    summary="The biosimilar has its own Q code, or its four-letter suffix differs from that of the NDC's product.",
    fix="Compare name, NDC and code with the package. Each biosimilar has its own code and suffix: "
    "TOCILIZUMAB-BAVI (Tofidence) is Q5133.",
)
def biosimilar_mismatch(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Biosimilars of one drug differ in price, and only the suffix distinguishes their names. Payers deny a
    line whose name, NDC and code mean different products."""
    mismatch = _suffix_mismatch(line, ctx)
    if mismatch:
        fix = "Find the name with its suffix and the NDC on the package used. Correct the one that differs."
        yield Hit(text_location(line, ctx), mismatch, text_excerpt(line, ctx), fix=fix)
        return
    codes = codes_in_force(line, ctx)
    if codes and all(_BIOSIMILAR_CODE.fullmatch(code.code) for code in codes):
        yield specific_code_hit(line, ctx, codes)


def _suffix_mismatch(line: ServiceLine, ctx: Context) -> str:
    """Return how the text names another product of the same drug than the NDC, in words; else empty.

    That is another suffix, or the brand of a product without one. A brand counts by its generic name; a plain name
    without suffix is no fault.
    """
    narrative, number = ctx.narrative(line), normalize(line.ndc)
    product = ctx.reference.product(number) if number else None
    written = (narrative.drug_name or "").lower()
    named = narrative.matched or written
    if product is None or not named:
        return ""
    (base, suffix), (stated_base, stated_suffix) = _base_and_suffix(product.generic), _base_and_suffix(named)
    if stated_base != base or stated_suffix == suffix:
        return ""
    is_other_brand = not written.startswith(base) and written != product.name.lower()
    if not stated_suffix and not is_other_brand:
        return ""
    shown = written.upper() if is_other_brand else named
    return f"The text names {excerpt(shown, 40)}, but NDC {number} is {excerpt(product.generic, 40)}"


def _base_and_suffix(generic: str) -> tuple[str, str]:
    parts = _SUFFIXED.fullmatch(generic)
    return (parts[1], parts[2]) if parts else (generic, "")


@line_rule(
    "COD10",
    "drug-billed-under-two-codes",
    severity=WARN,
    sources=("MEM", "X12C"),
    confidence="proposed",
    drug_only=True,
    status="A8:454",
    remittance=("18",),
    where="2400 SV101-2, SV202-2 of the lines",
    suppressed_by=("COD09",),
    summary="The same drug and day is billed under the unclassified code and under the drug's own code.",
    fix="Keep the line with the drug's own code and delete the unclassified one. Bill discarded drug under its "
    "own code with JW.",
)
def drug_billed_under_two_codes(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Two codes for one dose bill it twice. Payers deny one of the lines as a duplicate, or stop the claim."""
    own = specific_codes(line, ctx)
    codes = (*own.in_force, *own.unsure)
    served = line.service_days if codes else None
    if served is None or len(ctx.claim.lines) < 2:
        return
    for code in codes:
        number = _lines_by_code(ctx).get((code.code, served[0]))
        if number is not None:
            other = f"line {excerpt(number, 10)} ({code.code})"
            message = (
                f"{format_drug(line, ctx)} is billed twice on {served[0]}: as {format_code(line)} and on {other}"
            )
            fix = f"Delete this line and keep {other}. Bill discarded drug on a line with HC:{code.code}:JW."
            yield Hit(code_location(line), message, format_code(line), fix=fix)
            return


@per_claim
def _lines_by_code(ctx: Context) -> dict[tuple[str, date], str]:
    """Return the number of the first line of each code and day."""
    found: dict[tuple[str, date], str] = {}
    for line in ctx.claim.lines:
        if line.service_days is not None:
            found.setdefault((line.procedure.upper(), line.service_days[0]), line.number)
    return found


@line_rule(
    "COD11",
    "code-not-in-force",
    severity=REJECT,
    sources=("ANW", "X12C", "PYX"),
    confidence="verified",
    status="A7:507",
    remittance=("181", "M84"),
    where="SV101-2, SV202-2; DTP*472",
    needs=("codes",),
    summary="The code billed was not in force on the service date.",
    fix="Correct the service date, or bill the code that was in force on that day.",
)
def code_not_in_force(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Each HCPCS code has a first and a last day. Every payer denies a code outside its days."""
    day, known = served_on(line, ctx), ctx.reference.code(line.procedure)
    if day is None or known is None or known.in_force(day) is not False or known.date_confidence != "verified":
        return
    began = known.added is not None and day < known.added
    dated = f"began on {known.added}" if began else f"ended on {known.terminated}"
    message = f"{format_code(line)} {dated}, but the service date is {day}"
    yield Hit(code_location(line), message, format_code(line))


@line_rule(
    "COD13",
    "lack-of-own-code-not-said",
    severity=INFO,
    sources=("SEED",),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    suppressed_by=("COD01", "COD03", "COD07", "COD08", "NAR01"),
    options={"enabled": Option(False, "true switches the rule on")},
    summary="The text doesn't say that the drug has no code of its own.",
    fix="If the plan requires it, add NTE*ADD*NO SPECIFIC HCPCS CODE ON DATE OF SERVICE~.",
)
def missing_code_not_explained(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Some plans, mostly Medicare Advantage, want to read why an unclassified code was used. Nobody else asks
    for it."""
    if not any(_NO_CODE.search(text[:_LONGEST]) for _, text in ctx.texts(line)):
        yield Hit(
            text_location(line, ctx),
            "The text lacks the words that the drug has no HCPCS code of its own",
            text_excerpt(line, ctx),
        )
