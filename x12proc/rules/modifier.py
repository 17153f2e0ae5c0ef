"""Modifiers: written as the code set has them, free of contradiction, and fit for a drug."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from x12proc.claims.model import Location, ServiceLine, at
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import line_rule
from x12proc.rules.context import Context
from x12proc.rules.dates import service_days
from x12proc.values import shorten

_WASTED, _NOTHING_WASTED = "JW", "JZ"
_WASTE = frozenset((_WASTED, _NOTHING_WASTED))
_NOT_FOR_DRUGS = ("25", "59", "XE", "XP", "XS", "XU", "26", "TC")
_FIRST = 3  # the component of the first modifier


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
    drug_alone=True,
    status="A7:453",
    remittance=("4", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    summary="JW (drug discarded) and JZ (nothing discarded) are both reported for one drug and day.",
    fix="When drug was discarded, bill the given amount without JZ and the discarded amount on a second line with"
    " JW. When nothing was discarded, send one line with JZ and no JW line.",
)
def jw_and_jz_conflict(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """JZ swears that nothing was left over, JW asks for money for what was left over. The two exclude each
    other, and Medicare contractors send such claims back."""
    given = _WASTE.intersection(line.given_modifiers)
    if given == _WASTE:
        yield Hit(_place(line, *_WASTE), "JW and JZ stand on the same line", "JW JZ")
    elif given and len(ctx.targets) > 1 and line.lx.index in _contradicting(ctx):
        (own,) = given
        (other,) = _WASTE - given
        message = f"This line has {own}; an earlier line with the same NDC and service date has {other}"
        yield Hit(_place(line, own), message, own)


@lru_cache(maxsize=1)
def _contradicting(ctx: Context) -> frozenset[int]:
    """The LX of the target lines that have one of JW and JZ behind a line that has the other one for the same
    NDC and day. Kept for the claim at hand, which asks once a line."""
    seen: dict[tuple[object, ...], set[str]] = {}
    found = []
    for line in ctx.targets:
        given = _WASTE.intersection(line.given_modifiers)
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
    drug_alone=True,
    status="A7:453",
    remittance=("16", "N823"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    summary="The modifiers are not two letters or digits each, every one once and without a gap.",
    fix="Send each modifier once, with its two characters, from the first place on: HC:<code>:JZ:JA.",
)
def modifier_malformed(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A modifier that is no modifier, stands twice or sits behind an empty place fails the payer's code
    check, and the line is refused before anybody reads the drug."""
    faults = list(_modifier_faults(line.modifiers))
    if faults:
        place = at(line.head, procedure_element(line), _FIRST + faults[0][0])
        message = f"{place.element.split('-')[0]}: {'; '.join(text for _, text in faults)}"
        yield Hit(place, message, shorten(":".join(line.modifiers)))


def _modifier_faults(modifiers: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for position, code in enumerate(modifiers):
        upper = code.upper()
        if not code:
            yield position, f"place {position + 1} is empty, but a modifier follows"
        elif len(code) != 2 or not (code.isascii() and code.isalnum()):
            yield position, f"{shorten(code)} is not two letters or digits"
        elif upper in seen:
            yield position, f"{upper} stands twice"
        seen.add(upper)


@line_rule(
    "MOD12",
    "modifier-not-for-drugs",
    severity=WARN,
    sources=("MEM",),
    confidence="M",
    since="0.1.0",
    drug_alone=True,
    status="A7:453",
    remittance=("4",),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    summary="The drug line has a modifier that belongs to visits, procedures or the parts of a test.",
    fix="Take the modifier off the drug line. When it was meant for the visit or the injection, put it there.",
)
def modifier_not_for_drugs(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Modifiers such as 25 and 59 set visits and procedures apart, 26 and TC split a test. On a drug they say
    nothing, and payers answer that code and modifier do not fit."""
    wrong = [code for code in line.given_modifiers if code in _NOT_FOR_DRUGS]
    if wrong:
        named = ", ".join(wrong)
        yield Hit(_place(line, *wrong), f"Modifier {named} on a drug line", named)
