"""Drugs under study: what is charged for them, how they are named, and where the trial number stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from x12proc.claims.model import Claim, ServiceLine, at, missing
from x12proc.findings import INFO, WARN, Hit
from x12proc.reference.ndc import normalise
from x12proc.rules.authorization import reference_anchor
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context
from x12proc.rules.modifier import procedure_element
from x12proc.rules.narrative import spoken, text_place, text_shown
from x12proc.rules.trial_drug import names_study_drug
from x12proc.values import parse_quantity, shorten

_STUDY_MODIFIER = "Q0"
_TRIAL_NUMBER = "P4"
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
    fix="Take the value code D4 out and send the trial number as a reference: REF*P4*01234567.",
)
def trial_number_as_value_code(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """On an electronic claim the trial number has a place of its own. As a value code it is read as an amount of
    money, and the trial stays unknown."""
    code = claim.code(*_VALUE_CODE)
    if code is not None:
        sent = " beside REF*P4" if claim.reference(_TRIAL_NUMBER) else " instead of REF*P4"
        yield Hit(code.location, f"Value code D4 is sent{sent}", code.code)


@line_rule(
    "TRI06",
    "study-drug-charged",
    severity=WARN,
    sources=("X12C", "MEM"),
    confidence="P",
    since="0.1.0",
    drug_alone=True,
    status="A7:583",
    remittance=("55",),
    where="2400 SV102 / SV203; the text",
    options={"token": Option(_NOMINAL, "the highest charge that still counts as a token, in dollars")},
    summary="A drug under study, by its text investigational or free of charge, is charged at a price.",
    fix="Charge a token amount, for example 0.01, for a drug that the sponsor supplies. When the clinic bought "
    "the drug, take the words out of the text.",
)
def study_drug_charged(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Sponsors supply the drugs they study, and nobody pays for what was free. A full charge looks like billing
    twice, and payers deny it as investigational."""
    if _STUDY_MODIFIER not in line.given_modifiers or line.service is None:
        return
    charge, token = parse_quantity(line.charge), parse_quantity(str(ctx.option("TRI06", "token")))
    if charge is None:
        return
    word = _word_of_study(line, ctx) if charge > (Decimal(_NOMINAL) if token is None else token) else None
    if word:
        place = at(line.service, procedure_element(line) + 1)
        shown = shorten(line.charge, 20)
        yield Hit(place, f"The text says {shorten(word, 40)}; {place.element} charges {shown}", shown)


def _word_of_study(line: ServiceLine, ctx: Context) -> str | None:
    """The word of the texts by which the drug is free or under study, in capitals."""
    texts = [text for _, text in spoken(line, ctx)]
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
    drug_alone=True,
    remittance=("55",),
    where="SV101-7, SV202-7, NTE02; 2410",
    suppressed_by=("NAR01", "NAR02", "NAR03", "NDC02"),
    summary="A drug under study has no NDC, and the text doesn't say what it is.",
    fix="Write INVESTIGATIONAL and the drug's name or study code into the description, e.g. INVESTIGATIONAL "
    "ABC-123 300MG IV.",
)
def study_drug_not_described(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A drug that isn't approved has no NDC, and payers excuse it. The text is then all they have: it should name
    the drug and say that it is investigational."""
    if not ctx.investigational(line) or line.ndc.strip() or not ctx.has_text(line):
        return
    said = ctx.narrative(line)
    absent = [] if said.investigational else ["that it is investigational"]
    if said.drug_name is None and not names_study_drug(line, ctx):
        absent.append("the drug's name")
    if absent:
        message = f"The line has Q0 and no NDC; the text doesn't tell {' nor '.join(absent)}"
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
    summary="A drug against amyloid is billed to Medicare without the number of its registry or trial.",
    fix="Add the eight digits of the registry's ClinicalTrials.gov number (REF*P4*01234567), diagnosis Z00.6 as "
    "second diagnosis and modifier Q0 on the drug.",
)
def registry_drug_without_trial_number(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Medicare covers lecanemab, donanemab and aducanumab only for patients in a registry or a trial, and knows
    them by its number."""
    claim = ctx.claim
    if claim.filing_indicator not in _MEDICARE or claim.reference(_TRIAL_NUMBER) is not None:
        return
    number = normalise(line.ndc)
    product = ctx.reference.product(number) if number else None
    names = [ctx.narrative(line).matched or "", product.generic if product else ""]
    drug = next((name for name in names if name.partition("-")[0] in _ANTI_AMYLOID), None)
    if drug is not None:
        place = missing(reference_anchor(claim), "2300", "REF02")
        yield Hit(place, f"{shorten(drug, 40)} is billed to Medicare, and there is no trial number (REF*P4)")
