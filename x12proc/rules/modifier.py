"""Modifiers: written as the code set has them, free of contradiction, and fit for a drug."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from x12proc.claims.model import Location, ServiceLine, at
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import line_rule
from x12proc.rules.context import Context
from x12proc.rules.dates import service_days
from x12proc.rules.paste import procedure, service, with_modifier
from x12proc.values import excerpt

_WASTED, _NOTHING_WASTED = "JW", "JZ"
_WASTE = frozenset((_WASTED, _NOTHING_WASTED))
_NOT_FOR_DRUGS = ("25", "59", "XE", "XP", "XS", "XU", "26", "TC")
_FIRST = 3  # the component of the first modifier
_LENGTH = 2


def procedure_element(line: ServiceLine) -> int:
    """Which element of SV1 or SV2 holds the procedure; charge, unit basis and units follow it."""
    return 2 if line.head.tag == "SV2" else 1


def _place(line: ServiceLine, *modifiers: str) -> Location:
    """The place of the first modifier that is one of these."""
    position = next(i for i, code in enumerate(line.modifiers) if code.upper() in modifiers)
    return at(line.head, procedure_element(line), _FIRST + position)


@line_rule(
    "MOD02",
    "jw-and-jz-conflict",
    severity=REJECT,
    sources=("FCJW",),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    status="A7:453",
    remittance=("4", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    summary="JW (drug discarded) and JZ (nothing discarded) are on one drug and day.",
    fix="If drug was discarded, bill the given amount without JZ and the discarded amount on a second line with "
    "JW. If not, send one line with JZ.",
)
def jw_and_jz_conflict(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """JZ attests that no drug was left over; JW bills what was left over. They exclude each other, and
    Medicare contractors return such claims."""
    given = _WASTE.intersection(line.modifiers_sent)
    if given == _WASTE:
        message = "The line has both JW (drug discarded) and JZ (nothing discarded)"
        yield Hit(_place(line, *_WASTE), message, "JW JZ", fix=_waste_fix(line))
    elif given and len(ctx.targets) > 1 and line.lx.index in _contradicting(ctx):
        (own,) = given
        (other,) = _WASTE - given
        message = f"This line has {own}, but an earlier line of the same NDC and date has {other}"
        yield Hit(_place(line, own), message, own, fix=_waste_fix(line))


def _waste_fix(line: ServiceLine) -> str:
    """The procedure with and without waste."""
    given, wasted, none = (with_modifier(line, code, without=_WASTE) for code in ("", _WASTED, _NOTHING_WASTED))
    return (
        f"Nothing discarded: send one line with {none}. Drug discarded: send the given amount with {given} and the"
        f" discarded amount with {wasted}."
    )


@lru_cache(maxsize=1)
def _contradicting(ctx: Context) -> frozenset[int]:
    """The LX of the target lines that have one of JW and JZ after a line that has the other one for the same
    NDC and day. Kept for the claim at hand, which asks once a line."""
    seen: dict[tuple[object, ...], set[str]] = {}
    found = []
    for line in ctx.targets:
        given = _WASTE.intersection(line.modifiers_sent)
        ndc, served = line.ndc.replace("-", ""), service_days(line)
        if len(given) != 1 or not ndc or not served:
            continue
        before = seen.setdefault((ndc, served), set())
        if before - given:
            found.append(line.lx.index)
        before.update(given)
    return frozenset(found)


@line_rule(
    "MOD11",
    "modifier-malformed",
    severity=REJECT,
    sources=("PYX",),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    status="A7:453",
    remittance=("16", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    summary="The modifiers are not two letters or digits each, once and without a gap.",
    fix="Send each modifier once, with its two characters, from the first position on, for example "
    "HC:J3590:JZ:JA.",
)
def modifier_malformed(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A malformed or repeated modifier, or one after an empty position, fails the payer's code check. The line
    is refused before anybody reads the drug."""
    faults = list(_modifier_faults(line.modifiers))
    if faults:
        place = at(line.head, procedure_element(line), _FIRST + faults[0][0])
        sent = excerpt(":".join(line.modifiers))
        message = f"The modifiers are {sent}: {'; '.join(text for _, text in faults)}"
        yield Hit(place, message, sent, fix=_modifiers_fix(line, ctx))


def _modifiers_fix(line: ServiceLine, ctx: Context) -> str | None:
    """The line with its sound modifiers, each of them once."""
    sound = [code for code in line.modifiers_sent if len(code) == _LENGTH and code.isascii() and code.isalnum()]
    kept = list(dict.fromkeys(sound))
    corrected = service(line, ctx.claim.delimiters, procedure(line, modifiers=kept))
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
    confidence="M",
    since="0.1.0",
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
        corrected = service(line, ctx.claim.delimiters, procedure(line, modifiers=kept))
        fix = f"Send {corrected}. Put {named} on the visit or the injection if it was meant for it."
        message = f"Modifier {named} is on a drug line, but is for visits, procedures or tests"
        yield Hit(_place(line, *wrong), message, named, fix=fix if corrected else None)
