"""TRI01 to TRI08: clinical trials and drugs under study."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from x12proc.claims.model import Claim, Reference, ServiceLine, location_of, missing_location
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.reference.ndc import normalize
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_segment, segment_text, with_modifier
from x12proc.rules.shared.dates import first_service_date
from x12proc.rules.shared.guide_errors import EMPTY_REFERENCE
from x12proc.rules.shared.positions import procedure_element, reference_anchor
from x12proc.rules.shared.texts import text_excerpt, text_location
from x12proc.rules.shared.trial import (
    TRIAL_CONDITION,
    TRIAL_NUMBER,
    coded_signals,
    is_demonstration,
    trial_signals,
)
from x12proc.rules.shared.trial_drug import names_study_drug
from x12proc.values import excerpt, parse_quantity

_STUDY_MODIFIER = "Q0"
_TRIAL_NUMBER, _TRIAL_DIGITS = "P4", 8
_VALUE_CODE = ("BE", "D4")
_MEDICARE = ("MA", "MB")
_NOMINAL = "2.00"  # a dollar, or a cent more where a payer's system wants more than a dollar
_FREE = re.compile(
    r"\b(?:SPONSOR(?:ED)?|(?:NO|WITHOUT|FREE OF|ZERO|TOKEN|NOMINAL) (?:CHARGE|COST)|NO-CHARGE"
    r"|(?:PROVIDED|SUPPLIED) FREE|(?:STUDY|PROTOCOL|TRIAL) DRUG)\b",
    re.IGNORECASE,
)
# The words by which a text is of a study, the plainest first; other words are named as such.
_STUDIED = re.compile(
    r"\b(?:INVEST(?:IG[A-Z]*)?|EXPERIMENTAL|BLINDED|PLACEBO|COMPASSIONATE USE|COMPASSIONATE|EXPANDED ACCESS"
    r"|(?:CLINICAL|RESEARCH) (?:TRIAL|STUDY)|TRIAL|STUDY [A-Z]+)\b",
    re.IGNORECASE,
)
_ANTI_AMYLOID = frozenset(("lecanemab", "donanemab", "aducanumab"))
_STOPGAP = "99999999"  # what Medicare took while trial numbers were new
_STOPGAP_UNTIL = date(2014, 12, 31)
_MOST_DIAGNOSES = 12
_HOSPITAL_INPATIENT = "11"  # CLM05-1; its lines take no modifier


@claim_rule(
    "TRI05",
    "trial-number-as-value-code",
    severity=INFO,
    sources=("MM8401", "R2255"),
    confidence="verified",
    claim_types=("I",),
    status="A7:725",
    remittance=("16", "M49"),
    where="2300 HI*BE:D4",
    summary="The trial number is sent as value code D4, which is for paper and screen entry.",
    fix="Delete value code D4 and send the trial number in REF*P4, for example REF*P4*01234567~.",
)
def trial_number_as_value_code(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """An electronic claim has REF*P4 for the trial number. As a value code it is read as an amount of money,
    and the trial stays unknown."""
    code = claim.code(*_VALUE_CODE)
    if code is not None:
        sent = "beside REF*P4" if claim.reference(_TRIAL_NUMBER) else "instead of REF*P4"
        digits = code.amount.partition(".")[0]
        usable = len(digits) == _TRIAL_DIGITS and digits.isascii() and digits.isdigit()
        fix = f"Delete HI*BE:D4 and send REF*P4*{digits}~" if usable else None
        yield Hit(code.location, f"The trial number is value code D4, {sent}", code.code, fix=fix)


@line_rule(
    "TRI06",
    "study-drug-charged",
    severity=WARN,
    sources=("X12C", "MEM"),
    confidence="proposed",
    drug_only=True,
    status="A7:583",
    remittance=("55",),
    where="2400 SV102 / SV203; the text",
    options={"token": Option(_NOMINAL, "the highest charge that counts as a token, in dollars")},
    summary="A study drug that is free or investigational by its text has a full charge.",
    fix="Charge a token amount, for example 0.01, for a drug from the sponsor. If the clinic bought it, delete "
    "the words from the text.",
)
def study_drug_charged(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Sponsors supply the drugs they study, and nobody pays for free drug. A full charge looks like billing
    twice, and payers deny it as investigational."""
    if _STUDY_MODIFIER not in line.modifiers_sent or line.service is None:
        return
    charge, token = parse_quantity(line.charge), parse_quantity(str(ctx.option("TRI06", "token")))
    if charge is None:
        return
    word = _word_of_study(line, ctx) if charge > (Decimal(_NOMINAL) if token is None else token) else None
    if word:
        location = location_of(line.service, procedure_element(line) + 1)
        shown = excerpt(line.charge, 20)
        message = f"The text says {excerpt(word, 40)}, but {location.element} charges {shown}"
        corrected = changed_segment(line.service, ctx.claim.delimiters, {procedure_element(line) + 1: "0.01"})
        fix = f"If the sponsor supplied the drug, send {corrected}" if corrected else None
        yield Hit(location, message, shown, fix=fix)


def _word_of_study(line: ServiceLine, ctx: Context) -> str | None:
    """Return the word of the texts by which the drug is free or under study, in capitals."""
    texts = [text for _, text in ctx.texts(line)]
    patterns = (_FREE, _STUDIED) if ctx.narrative(line).investigational else (_FREE,)
    found = [match for pattern in patterns for text in texts if (match := pattern.search(text))]
    if found:
        return found[0][0].upper()
    return "that the drug is under study" if ctx.narrative(line).investigational else None


@line_rule(
    "TRI07",
    "study-drug-not-described",
    severity=INFO,
    sources=("SEED",),
    confidence="proposed",
    drug_only=True,
    remittance=("55",),
    where="SV101-7, SV202-7, NTE02; 2410",
    suppressed_by=("NAR01", "NAR02", "NAR03", "NDC02"),
    summary="A study drug has no NDC, and the text doesn't identify it.",
    fix="Write INVESTIGATIONAL and the drug's name or study code in the description, for example INVESTIGATIONAL "
    "ABC-123 300MG IV.",
)
def study_drug_not_described(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A drug that isn't approved has no NDC, and payers accept that. Then they have only the text: it must
    name the drug and say that it is investigational."""
    if not ctx.investigational(line) or line.ndc.strip() or not ctx.has_text(line):
        return
    narrative = ctx.narrative(line)
    absent = [] if narrative.investigational else ["the word INVESTIGATIONAL"]
    if narrative.drug_name is None and not names_study_drug(line, ctx):
        absent.append("the drug's name")
    if absent:
        message = f"The line has Q0 and no NDC, but the text lacks {' and '.join(absent)}"
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))


@line_rule(
    "TRI08",
    "registry-drug-without-trial-number",
    severity=INFO,
    sources=("MEM",),
    confidence="field",
    status="A6:556",
    remittance=("16", "MA50"),
    where="2300 REF*P4, REF02; the text, 2410 LIN03",
    suppressed_by=("TRI01",),
    summary="An anti-amyloid drug is billed to Medicare without its registry or trial number.",
    fix="Add the registry's eight-digit ClinicalTrials.gov number (REF*P4*01234567~), Z00.6 as second diagnosis "
    "and modifier Q0 on the drug.",
)
def registry_drug_without_trial_number(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare covers lecanemab, donanemab and aducanumab only for patients in a registry or a trial, and
    identifies it by its number."""
    claim = ctx.claim
    if claim.filing_indicator not in _MEDICARE or claim.reference(_TRIAL_NUMBER) is not None:
        return
    number = normalize(line.ndc)
    product = ctx.reference.product(number) if number else None
    names = [ctx.narrative(line).matched or "", product.generic if product else ""]
    drug = next((name for name in names if name.partition("-")[0] in _ANTI_AMYLOID), None)
    if drug is not None:
        location = missing_location(reference_anchor(claim), "2300", "REF02")
        yield Hit(
            location, f"{excerpt(drug, 40)} is billed to Medicare without a registry or trial number (REF*P4)"
        )


@claim_rule(
    "TRI01",
    "trial-without-number",
    severity=WARN,
    sources=("MM8401", "R2255"),
    confidence="verified",
    status="A6:556",
    remittance=("16", "MA50"),
    where="2300 REF*P4, REF02",
    summary="The claim belongs to a clinical trial but has no trial number.",
    fix="Add the eight digits of the ClinicalTrials.gov number, without NCT, for example REF*P4*01234567~.",
)
def trial_without_number(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers cover the costs of a trial only if they can look it up. Medicare has required the number on every
    trial claim since 2014."""
    signals = trial_signals(ctx)
    if not signals or claim.reference(TRIAL_NUMBER) is not None:
        return
    location = missing_location(reference_anchor(claim), "2300", "REF02")
    message = f"The claim has {', '.join(signals)}, but no trial number (REF*P4)"
    number = next((stated for line in ctx.targets if (stated := ctx.narrative(line).trial)), None)
    added = segment_text("REF", TRIAL_NUMBER, number) if number else ""
    fix = f"Add the trial number of the text to the claim: {added}" if added else None
    yield Hit(location, message, fix=fix)


@claim_rule(
    "TRI02",
    "trial-number-malformed",
    severity=REJECT,
    sources=("MM8401",),
    confidence="verified",
    status="A7:556",
    remittance=("16", "MA50"),
    where="2300 REF*P4, REF02",
    same_as_guide=EMPTY_REFERENCE,
    summary="The trial number is not the eight digits of a ClinicalTrials.gov number.",
    fix="Send the eight digits alone, without the letters NCT, for example REF*P4*03456789~.",
)
def trial_number_malformed(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Medicare's system compares the eight digits. With letters, missing digits or the old stopgap number the
    trial is unknown, and the claim is returned."""
    for reference in claim.references:
        if reference.qualifier != TRIAL_NUMBER or is_demonstration(reference, ctx):
            continue
        if not _is_number(reference.value):
            yield _malformed(reference)
        elif reference.value == _STOPGAP and _stopgap_is_over(claim):
            message = "REF*P4 is 99999999, a stopgap that Medicare accepted for services until 2014-12-31"
            fix = "Send the eight digits of the trial's own number on ClinicalTrials.gov."
            yield Hit(location_of(reference.segment, 2), message, _STOPGAP, fix=fix)


def _stopgap_is_over(claim: Claim) -> bool:
    served = first_service_date(claim)
    return served is not None and served > _STOPGAP_UNTIL


def _is_number(text: str) -> bool:
    return len(text) == 8 and text.isascii() and text.isdigit()


def _malformed(reference: Reference) -> Hit:
    value = reference.value
    shown = excerpt(value)
    digits = value.strip().upper().removeprefix("N").removeprefix("CT").lstrip(" :-")
    fix = f"Send the digits alone: REF*P4*{digits}~" if _is_number(digits) else None
    message = f"REF*P4 is {shown or 'empty'}, not eight digits"
    return Hit(location_of(reference.segment, 2), message, shown or None, fix=fix)


@claim_rule(
    "TRI03",
    "trial-number-without-diagnosis-or-modifier",
    severity=WARN,
    sources=("MM8401", "NGSCT"),
    confidence="verified",
    status="A6:255",
    second_status="A6:453",
    remittance=("16", "M64", "N822"),
    where="2300 HI and the modifiers of the lines",
    summary="The claim has a trial number, but not diagnosis Z00.6 or not modifier Q0 or Q1.",
    fix="Add Z00.6 as second diagnosis, Q0 to the study drug and Q1 to routine care. If the claim belongs to no "
    "trial, delete REF*P4.",
    suppressed_by=("DX01",),
)
def trial_number_without_diagnosis_or_modifier(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers check number, diagnosis and modifier together. Each alone doesn't show which services belong to
    the trial, and the claim is returned or paid under the wrong rules."""
    number = claim.reference(TRIAL_NUMBER)
    if number is None or is_demonstration(number, ctx):
        return
    absent = [] if ctx.trial_diagnosis else ["diagnosis Z00.6"]
    if not ctx.trial_modifier and not _needs_no_modifier(claim):
        absent.append("modifier Q0 or Q1 on any line")
    if absent:
        shown = excerpt(number.value.strip(), 20) or "(empty)"
        message = f"The claim has trial number {shown} (REF*P4), but no {' and no '.join(absent)}"
        yield Hit(location_of(number.segment, 2), message, fix=_trial_fix(claim, ctx))


def _trial_fix(claim: Claim, ctx: Context) -> str | None:
    """Return the diagnoses with Z00.6 as second, and the drug with Q0, those of the two that are missing."""
    steps = []
    codes = [code.normalized for code in claim.diagnoses if code.normalized]
    diagnoses = segment_text(
        "HI", *[f"{'ABF' if i else 'ABK'}:{code}" for i, code in enumerate([*codes[:1], "Z006", *codes[1:]])]
    )
    if not ctx.trial_diagnosis and len(codes) < _MOST_DIAGNOSES and diagnoses:
        steps.append(diagnoses)
    if not ctx.trial_modifier and not _needs_no_modifier(claim):
        steps.append(f"{with_modifier(ctx.targets[0], 'Q0')} for the study drug, Q1 for routine care")
    return f"Send {' and '.join(steps)}. If the claim belongs to no trial, delete REF*P4." if steps else None


def _needs_no_modifier(claim: Claim) -> bool:
    return claim.type == "I" and claim.facility_code.startswith(_HOSPITAL_INPATIENT)


@claim_rule(
    "TRI04",
    "trial-without-condition-code",
    severity=WARN,
    sources=("MM8401",),
    confidence="verified",
    claim_types=("I",),
    status="A6:460",
    remittance=("16", "M44"),
    where="2300 HI*BG",
    summary="An institutional claim of a clinical trial lacks condition code 30.",
    fix="Add condition code 30 to the claim: HI*BG:30~.",
)
def trial_without_condition_code(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Condition code 30 marks a claim with trial services in Medicare's hospital system. Without it the claim
    is returned to the provider."""
    signals = coded_signals(ctx)
    number = claim.reference(TRIAL_NUMBER)
    if number is not None and not is_demonstration(number, ctx):
        signals.insert(0, "a trial number (REF*P4)")
    if signals and claim.code(*TRIAL_CONDITION) is None:
        location = missing_location(claim.last_loop_segment(), "2300", "HI01-2")
        yield Hit(location, f"The claim has {', '.join(signals)}, but no condition code 30 (HI*BG:30)")
