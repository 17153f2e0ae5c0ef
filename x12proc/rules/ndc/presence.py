"""NDC01 to NDC03: the NDC is missing, or only in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from x12proc.claims.model import ServiceLine, location_of, missing_location
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.narrative.tokens import word_set
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_segment
from x12proc.rules.shared.drug_loop import drug_loop
from x12proc.rules.shared.guide_errors import SAME_ELEMENT
from x12proc.rules.shared.specific_codes import is_token_charge
from x12proc.rules.shared.texts import description_location, named_drug
from x12proc.rules.shared.trial_drug import is_under_study
from x12proc.values import excerpt

_FREE = re.compile(r"\b(?:NO (?:COST|CHARGE)|FREE|STOCKPILE|FEDERAL SUPPLY|DONATED|SUPPLIED)\b", re.IGNORECASE)
_LONGEST = 2000  # characters of a text that are searched
# What a text consists of that only points to the NDC: SEE NDC, NDC# IN LOOP 2410, N4...UN3.
_POINTING = word_set(
    "A ABOVE AND AS AT BELOW BY CODE F FOR GR IN IS ITEM LIN LINE LOOP ME ML N NDC NO NUMBER OF ON PER PLEASE "
    "REFER SAME SEE SEGMENT THE TO UN USE"
)


@line_rule(
    "NDC01",
    "ndc-missing",
    severity=REJECT,
    sources=("PAL", "CGS", "NGS", "UHC", "IBX", "BTX", "SEED", "R1664"),
    confidence="verified",
    drug_only=True,
    where="2410 LIN03",
    status="A6:218",
    remittance=("16", "M119", "MA130"),
    suppressed_by=("NDC02",),
    options={
        "exempt": Option((), "kinds of product that need no NDC here, as the tables class them, e.g. vaccine")
    },
    same_as_guide=((SAME_ELEMENT, "1"), ("LIN", "8 SEG1")),
    fixer="ndc-from-text",
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
        yield Hit(missing_location(line.last_loop_segment(), "2410", "LIN03"), message, severity=severity)
    else:
        stated = ctx.narrative(line).ndc
        corrected = changed_segment(line.drug.lin, ctx.claim.delimiters, {2: "N4", 3: stated}) if stated else ""
        fix = "Put the 11 digits of the package's NDC into LIN03, for example LIN**N4*73150015006~."
        if corrected:
            fix = f"Put the NDC of the text into LIN03, after a look at the package: {corrected}"
        yield Hit(location_of(line.drug.lin, 3), "Loop 2410 has a LIN, but no NDC: LIN03 is empty", fix=fix)


def _costs_nothing(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the text says that the drug was free, and the line charges a token: nothing is priced by the
    NDC."""
    return is_token_charge(line) and any(_FREE.search(text[:_LONGEST]) for _, text in ctx.texts(line))


def _needs_no_ndc(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the text names a product of a kind that the payer takes without an NDC."""
    exempt = ctx.option("NDC01", "exempt")
    assert isinstance(exempt, tuple)
    return bool(exempt) and not ctx.reference.classes(None, named_drug(line, ctx)).isdisjoint(exempt)


@line_rule(
    "NDC02",
    "ndc-only-in-text",
    severity=WARN,
    sources=("CGS", "PAL", "UHC"),
    confidence="verified",
    drug_only=True,
    where="2410 LIN03; SV101-7, SV202-7, NTE02",
    status="A6:218",
    remittance=("16", "M119"),
    fixer="drug-loop",
    summary="The NDC is only in the text, not in loop 2410, where payers' systems read it.",
    fix="Keep the text and add the same NDC as loop 2410, for example LIN**N4*73150015006~CTP****18*ML~.",
)
def ndc_only_in_text(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare reviewers may read an NDC in the text. Medicaid and commercial payers read LIN03 only: for them
    the line has no NDC."""
    narrative = ctx.narrative(line)
    if line.drug is None and narrative.ndc is not None:
        message = (
            f"NDC {excerpt(narrative.ndc_text or narrative.ndc)} is only in the text; the line has no loop 2410"
        )
        last = line.last_loop_segment()
        fix = f"Keep the text and add loop 2410 after {last.tag}: {drug_loop(line, ctx, narrative.ndc)}"
        yield Hit(missing_location(last, "2410", "LIN03"), message, narrative.ndc, fix=fix)


@line_rule(
    "NDC03",
    "only-the-ndc-names-the-drug",
    severity=WARN,
    sources=("RRB", "ION", "PAL"),
    confidence="verified",
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
        yield Hit(description_location(line), message)
    elif _only_repeats_ndc(line, ctx):
        text = excerpt(line.description)
        yield Hit(description_location(line), f"The description is only an NDC: {text}", text)


def _only_repeats_ndc(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the description is an NDC and words that point to it. Words alone, SEE NDC, are a filler
    (NAR02)."""
    whole, own = ctx.narrative(line), ctx.description(line)
    if own.ndc_text is None or whole.drug_name is not None or whole.dose is not None:
        return False
    return _POINTING.issuperset(re.findall("[A-Z]+", line.description[:200].upper()))
