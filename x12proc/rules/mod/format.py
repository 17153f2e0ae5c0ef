"""MOD11, MOD12: modifiers that are malformed or not for drugs."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import ServiceLine, location_of
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_service, procedure_composite
from x12proc.rules.shared.positions import modifier_location, procedure_element
from x12proc.values import excerpt

_NOT_FOR_DRUGS = ("25", "59", "XE", "XP", "XS", "XU", "26", "TC")
_FIRST = 3  # the component of the first modifier
_LENGTH = 2


@line_rule(
    "MOD11",
    "modifier-malformed",
    severity=REJECT,
    sources=("PYX",),
    confidence="verified",
    drug_only=True,
    status="A7:453",
    remittance=("16", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    same_as_guide=(("SV[12]0[12]-[3-6]", "4 5 6"),),
    summary="The modifiers are not two letters or digits each, once and without a gap.",
    fix="Send each modifier once, with its two characters, from the first position on, for example "
    "HC:J3590:JZ:JA.",
)
def modifier_malformed(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A malformed or repeated modifier, or one after an empty position, fails the payer's code check. The line
    is refused before anybody reads the drug."""
    faults = list(_modifier_faults(line.modifiers))
    if faults:
        location = location_of(line.sv_or_lx, procedure_element(line), _FIRST + faults[0][0])
        sent = excerpt(":".join(line.modifiers))
        message = f"The modifiers are {sent}: {'; '.join(text for _, text in faults)}"
        yield Hit(location, message, sent, fix=_modifiers_fix(line, ctx))


def _modifiers_fix(line: ServiceLine, ctx: Context) -> str | None:
    """Return the line with its sound modifiers, each of them once."""
    sound = [code for code in line.modifiers_sent if len(code) == _LENGTH and code.isascii() and code.isalnum()]
    kept = list(dict.fromkeys(sound))
    corrected = changed_service(line, ctx.claim.delimiters, procedure_composite(line, modifiers=kept))
    if not corrected:
        return None
    return f"Send {corrected}" if len(sound) == len(line.modifiers_sent) else f"Correct it or drop it: {corrected}"


def _modifier_faults(modifiers: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for position, code in enumerate(modifiers):
        upper = code.upper()
        if not code:
            yield position, f"position {position + 1} is empty, but a modifier follows"
        elif len(code) != 2 or not (code.isascii() and code.isalnum()):
            yield position, f"{excerpt(code)} is not two letters or digits"
        elif upper in seen:
            yield position, f"{upper} is repeated"
        seen.add(upper)


@line_rule(
    "MOD12",
    "modifier-not-for-drugs",
    severity=WARN,
    sources=("MEM",),
    confidence="field",
    drug_only=True,
    status="A7:453",
    remittance=("4",),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    summary="The drug line has a modifier for visits, procedures or the parts of a test.",
    fix="Delete the modifier from the drug line. If it was meant for the visit or the injection, put it there.",
)
def modifier_not_for_drugs(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Modifiers such as 25 and 59 set visits and procedures apart, 26 and TC split a test. They mean nothing
    on a drug, and payers deny the pair of code and modifier."""
    wrong = [code for code in line.modifiers_sent if code in _NOT_FOR_DRUGS]
    if wrong:
        named = ", ".join(wrong)
        kept = [code for code in line.modifiers_sent if code not in _NOT_FOR_DRUGS]
        corrected = changed_service(line, ctx.claim.delimiters, procedure_composite(line, modifiers=kept))
        fix = f"Send {corrected}. Put {named} on the visit or the injection if it was meant for it."
        message = f"Modifier {named} is on a drug line, but is for visits, procedures or tests"
        yield Hit(modifier_location(line, *wrong), message, named, fix=fix if corrected else None)
