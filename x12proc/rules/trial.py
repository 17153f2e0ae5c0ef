"""Clinical trials: the number, the diagnosis, the modifiers and the condition code that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from x12proc.claims.model import Claim, Reference, at, missing
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.authorization import reference_anchor
from x12proc.rules.base import claim_rule
from x12proc.rules.context import Context
from x12proc.rules.dates import first_service_date
from x12proc.rules.paste import pasted, with_modifier
from x12proc.values import excerpt

_TRIAL_NUMBER = "P4"
_CONDITION = ("BG", "30")  # the condition code for a qualifying clinical trial
_STOPGAP = "99999999"  # what Medicare took while trial numbers were new
_STOPGAP_UNTIL = date(2014, 12, 31)
_DEMONSTRATION_DIGITS = 3
_MOST_DIAGNOSES = 12
_HOSPITAL_INPATIENT = "11"  # CLM05-1; its lines take no modifier


@claim_rule(
    "TRI01",
    "trial-without-number",
    severity=WARN,
    sources=("MM8401", "R2255"),
    confidence="V",
    since="0.1.0",
    status="A6:556",
    remittance=("16", "MA50"),
    where="2300 REF*P4, REF02",
    summary="The claim belongs to a clinical trial but has no trial number.",
    fix="Add the eight digits of the ClinicalTrials.gov number, without NCT, for example REF*P4*01234567~.",
)
def trial_without_number(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Payers cover the costs of a trial only if they can look it up. Medicare has required the number on every
    trial claim since 2014."""
    signals = _signals(ctx)
    if not signals or claim.reference(_TRIAL_NUMBER) is not None:
        return
    place = missing(reference_anchor(claim), "2300", "REF02")
    message = f"The claim has {', '.join(signals)}, but no trial number (REF*P4)"
    number = next((said for line in ctx.targets if (said := ctx.narrative(line).trial)), None)
    added = pasted("REF", _TRIAL_NUMBER, number) if number else ""
    fix = f"Add the trial number of the text to the claim: {added}" if added else None
    yield Hit(place, message, fix=fix)


def of_a_trial(ctx: Context) -> bool:
    """Whether the claim says anywhere, by a code, a number or a word, that it belongs to a trial."""
    number = ctx.claim.reference(_TRIAL_NUMBER)
    return bool(_signals(ctx)) or (number is not None and not _is_demonstration(number, ctx))


def _signals(ctx: Context) -> list[str]:
    """The signs that the claim belongs to a trial, without its number."""
    signals = _coded_signals(ctx)
    if ctx.claim.code(*_CONDITION) is not None:
        signals.append("condition code 30")
    said = [ctx.narrative(line) for line in ctx.targets]
    if [narrative for narrative in said if narrative.trial or narrative.investigational]:
        signals.append("a text about a trial")
    return signals


def _coded_signals(ctx: Context) -> list[str]:
    signals = ["diagnosis Z00.6"] if ctx.trial_diagnosis else []
    return [*signals, "modifier Q0 or Q1"] if ctx.trial_modifier else signals


@claim_rule(
    "TRI02",
    "trial-number-malformed",
    severity=REJECT,
    sources=("MM8401",),
    confidence="V",
    since="0.1.0",
    status="A7:556",
    remittance=("16", "MA50"),
    where="2300 REF*P4, REF02",
    summary="The trial number is not the eight digits of a ClinicalTrials.gov number.",
    fix="Send the eight digits alone, without the letters NCT, for example REF*P4*03456789~.",
)
def trial_number_malformed(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Medicare's system compares the eight digits. With letters, missing digits or the old stopgap number the
    trial is unknown, and the claim is returned."""
    for reference in claim.references:
        if reference.qualifier != _TRIAL_NUMBER or _is_demonstration(reference, ctx):
            continue
        if not _is_number(reference.value):
            yield _malformed(reference)
        elif reference.value == _STOPGAP and _stopgap_is_over(claim):
            message = "REF*P4 is 99999999, a stopgap that Medicare accepted for services until 2014-12-31"
            fix = "Send the eight digits of the trial's own number on ClinicalTrials.gov."
            yield Hit(at(reference.segment, 2), message, _STOPGAP, fix=fix)


def _stopgap_is_over(claim: Claim) -> bool:
    served = first_service_date(claim)
    return served is not None and served > _STOPGAP_UNTIL


def _is_demonstration(reference: Reference, ctx: Context) -> bool:
    """REF*P4 also carries the short numbers of Medicare demonstration projects; no trial, no trial number."""
    value = reference.value.strip()
    return 0 < len(value) <= _DEMONSTRATION_DIGITS and value.isascii() and value.isdigit() and not _signals(ctx)


def _is_number(text: str) -> bool:
    return len(text) == 8 and text.isascii() and text.isdigit()


def _malformed(reference: Reference) -> Hit:
    value = reference.value
    shown = excerpt(value)
    digits = value.strip().upper().removeprefix("N").removeprefix("CT").lstrip(" :-")
    fix = f"Send the digits alone: REF*P4*{digits}~" if _is_number(digits) else None
    message = f"REF*P4 is {shown or 'empty'}, not eight digits"
    return Hit(at(reference.segment, 2), message, shown or None, fix=fix)


@claim_rule(
    "TRI03",
    "trial-number-without-diagnosis-or-modifier",
    severity=WARN,
    sources=("MM8401", "NGSCT"),
    confidence="V",
    since="0.1.0",
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
    number = claim.reference(_TRIAL_NUMBER)
    if number is None or _is_demonstration(number, ctx):
        return
    absent = [] if ctx.trial_diagnosis else ["diagnosis Z00.6"]
    if not ctx.trial_modifier and not _needs_no_modifier(claim):
        absent.append("modifier Q0 or Q1 on any line")
    if absent:
        shown = excerpt(number.value.strip(), 20) or "(empty)"
        message = f"The claim has trial number {shown} (REF*P4), but no {' and no '.join(absent)}"
        yield Hit(at(number.segment, 2), message, fix=_trial_fix(claim, ctx))


def _trial_fix(claim: Claim, ctx: Context) -> str | None:
    """The diagnoses with Z00.6 as second, and the drug with Q0, those of the two that are missing."""
    steps = []
    codes = [code.bare for code in claim.diagnoses if code.bare]
    diagnoses = pasted(
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
    confidence="V",
    since="0.1.0",
    applies="I",
    status="A6:460",
    remittance=("16", "M44"),
    where="2300 HI*BG",
    summary="An institutional claim of a clinical trial lacks condition code 30.",
    fix="Add condition code 30 to the claim: HI*BG:30~.",
)
def trial_without_condition_code(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Condition code 30 marks a claim with trial services in Medicare's hospital system. Without it the claim
    is returned to the provider."""
    signals = _coded_signals(ctx)
    number = claim.reference(_TRIAL_NUMBER)
    if number is not None and not _is_demonstration(number, ctx):
        signals.insert(0, "a trial number (REF*P4)")
    if signals and claim.code(*_CONDITION) is None:
        place = missing(claim.last_own(), "2300", "HI01-2")
        yield Hit(place, f"The claim has {', '.join(signals)}, but no condition code 30 (HI*BG:30)")
