"""Drugs under study: what is charged for them, how they are named, and where the trial number stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from x12proc.claims.model import Claim, ServiceLine, at, missing
from x12proc.findings import INFO, WARN, Hit
from x12proc.reference.ndc import normalize
from x12proc.rules.authorization import reference_anchor
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.modifier import procedure_element
from x12proc.rules.narrative import line_texts, text_place, text_shown
from x12proc.rules.paste import changed
from x12proc.rules.trial_drug import names_study_drug
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
# The words by which a text is of a study, the plainest first; what is read as one by other words is told so.
_STUDIED = re.compile(
    r"\b(?:INVEST(?:IG[A-Z]*)?|EXPERIMENTAL|BLINDED|PLACEBO|COMPASSIONATE USE|COMPASSIONATE|EXPANDED ACCESS"
    r"|(?:CLINICAL|RESEARCH) (?:TRIAL|STUDY)|TRIAL|STUDY [A-Z]+)\b",
    re.IGNORECASE,
)
_ANTI_AMYLOID = frozenset(("lecanemab", "donanemab", "aducanumab"))


@claim_rule(
    "TRI05",
    "trial-number-as-value-code",
    severity=INFO,
    sources=("MM8401", "R2255"),
    confidence="V",
    since="0.1.0",
    applies="I",
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
    confidence="P",
    since="0.1.0",
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
        place = at(line.service, procedure_element(line) + 1)
        shown = excerpt(line.charge, 20)
        message = f"The text says {excerpt(word, 40)}, but {place.element} charges {shown}"
        corrected = changed(line.service, ctx.claim.delimiters, {procedure_element(line) + 1: "0.01"})
        fix = f"If the sponsor supplied the drug, send {corrected}" if corrected else None
        yield Hit(place, message, shown, fix=fix)


def _word_of_study(line: ServiceLine, ctx: Context) -> str | None:
    """The word of the texts by which the drug is free or under study, in capitals."""
    texts = [text for _, text in line_texts(line, ctx)]
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
    confidence="P",
    since="0.1.0",
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
    said = ctx.narrative(line)
    absent = [] if said.investigational else ["the word INVESTIGATIONAL"]
    if said.drug_name is None and not names_study_drug(line, ctx):
        absent.append("the drug's name")
    if absent:
        message = f"The line has Q0 and no NDC, but the text lacks {' and '.join(absent)}"
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx))


@line_rule(
    "TRI08",
    "registry-drug-without-trial-number",
    severity=INFO,
    sources=("MEM",),
    confidence="M",
    since="0.1.0",
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
        place = missing(reference_anchor(claim), "2300", "REF02")
        yield Hit(place, f"{excerpt(drug, 40)} is billed to Medicare without a registry or trial number (REF*P4)")
