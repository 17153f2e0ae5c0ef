"""MOD06, MOD08, MOD09: modifiers that some payers require or no longer take."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import ServiceLine, location_of
from x12proc.findings import WARN, Hit
from x12proc.reference.ndc import normalize
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.corrected_segments import changed_service, procedure_composite, with_modifier
from x12proc.rules.shared.dates import service_days
from x12proc.rules.shared.listed_product import routes_of_brand
from x12proc.rules.shared.positions import procedure_element
from x12proc.rules.shared.texts import route_modifiers
from x12proc.rules.shared.waste_lines import WASTED

_TWO_ROUTES = frozenset(("IV", "SC"))
_DISCOUNTED = "JG"
_SIDES = frozenset(("RT", "LT", "50"))
_EYELIDS = frozenset(("E1", "E2", "E3", "E4"))
_INJECTION_INTO_THE_EYE = "67028"
_EYE = ("INTRAVITREAL",)


def _modifier_element(line: ServiceLine, position: int = 0) -> tuple[int, int]:
    """Return element and component of the modifier in that place."""
    return procedure_element(line), 3 + position


@line_rule(
    "MOD06",
    "route-modifier-missing",
    severity=WARN,
    sources=("JAJB", "PHJ"),
    confidence="verified",
    drug_only=True,
    status="A6:453",
    remittance=("16", "N822"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6; 2410 LIN03, the text",
    suppressed_by=("RTE01", "RTE06", "RTE03"),
    options={"required": Option(False, "require JA or JB on every drug that is given both IV and SC")},
    summary="A drug given IV or SC has neither modifier JA nor JB.",
    fix="Add JA if the drug was given intravenously, JB if subcutaneously, for example HC:J3590:JZ:JA.",
)
def route_modifier_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Many drugs injected under the skin count as self-administered and are not covered. Payers that require
    JA and JB reject a line that doesn't show the route. Discarded drug (JW) has no route."""
    if not ctx.option("MOD06", "required") or route_modifiers(line) or WASTED in line.modifiers_sent:
        return
    number, narrative = normalize(line.ndc), ctx.narrative(line)
    product = ctx.reference.product(number) if number else None
    other = narrative.route is not None and narrative.route not in _TWO_ROUTES
    if product is None or other or not _TWO_ROUTES.issubset(routes_of_brand(product, ctx)) or line.service is None:
        return
    message = f"NDC {number} is a drug given IV or SC, but the line has neither JA nor JB"
    wanted = {"IV": "JA", "SC": "JB"}.get(narrative.route or "")
    fix = f"IV: send {with_modifier(line, 'JA')}. SC: send {with_modifier(line, 'JB')}."
    if wanted:
        corrected = changed_service(
            line, ctx.claim.delimiters, procedure_composite(line, modifiers=[*line.modifiers_sent, wanted])
        )
        fix = f"The text says {narrative.route}: send {corrected}" if corrected else fix
    yield Hit(location_of(line.service, *_modifier_element(line)), message, fix=fix)


@line_rule(
    "MOD08",
    "discount-modifier-ended",
    severity=WARN,
    sources=("HCPCSM", "X12C"),
    confidence="verified",
    drug_only=True,
    status="A7:453",
    remittance=("182",),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    summary="Modifier JG (340B discount) is on a service after 2024.",
    fix="Replace JG with TB, for example HC:J3590:JZ:TB. If the drug was not bought under 340B, delete the "
    "modifier.",
)
def discount_modifier_ended(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """CMS ended JG with 2024. Since then TB marks every drug bought under 340B. Payers reject an ended modifier as
    invalid for the date of service."""
    if _DISCOUNTED not in line.modifiers_sent:
        return
    served, known = service_days(line), ctx.reference.modifier(_DISCOUNTED)
    ended = known.terminated if known else None
    if served is None or ended is None or served[0] <= ended:
        return
    position = [code.upper() for code in line.modifiers].index(_DISCOUNTED)
    message = f"Modifier JG ended on {ended}; the service date is {served[0]}"
    kept = ["TB" if code == _DISCOUNTED else code for code in line.modifiers_sent]
    corrected = changed_service(
        line, ctx.claim.delimiters, procedure_composite(line, modifiers=dict.fromkeys(kept))
    )
    fix = f"If the drug was bought under 340B, send {corrected}. If not, drop JG." if corrected else None
    yield Hit(location_of(line.sv_or_lx, *_modifier_element(line, position)), message, _DISCOUNTED, fix=fix)


@line_rule(
    "MOD09",
    "eye-not-stated",
    severity=WARN,
    sources=("NORBEV", "AAO"),
    confidence="verified",
    drug_only=True,
    status="A6:453",
    remittance=("16", "N822"),
    where="2400 SV101-3 to SV101-6 / SV202-3 to SV202-6",
    suppressed_by=("NAR02",),
    summary="An injection into the eye has no modifier that shows which eye.",
    fix="Add RT (right eye), LT (left eye) or 50 (both) to the drug and to 67028, for example HC:J3590:JZ:RT. E1 "
    "to E4 are eyelids.",
)
def eye_not_named(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Each eye may be treated at its own interval. Without the side a second injection looks like a duplicate
    of the first, and payers return the line for its modifier."""
    narrative = ctx.narrative(line)
    if narrative.routes != _EYE or WASTED in line.modifiers_sent or line.service is None:
        return
    if not _SIDES.isdisjoint(line.modifiers_sent) or _side_on_injection(ctx):
        return
    eyelids = sorted(_EYELIDS.intersection(line.modifiers_sent))
    message = "The drug went into the eye, but the line has neither RT, LT nor 50"
    message += f"; {eyelids[0]} is an eyelid" if eyelids else ""
    right, left = (with_modifier(line, side, without=_EYELIDS) for side in ("RT", "LT"))
    fix = f"Right eye: send {right}. Left eye: send {left}. Use 50 for both. Do the same on 67028."
    if narrative.laterality in _SIDES:
        kept = [code for code in line.modifiers_sent if code not in _EYELIDS]
        corrected = changed_service(
            line, ctx.claim.delimiters, procedure_composite(line, modifiers=[*kept, narrative.laterality])
        )
        fix = f"The text says {narrative.laterality}: send {corrected}" if corrected else fix
    yield Hit(
        location_of(line.service, *_modifier_element(line)), message, eyelids[0] if eyelids else None, fix=fix
    )


@per_claim
def _side_on_injection(ctx: Context) -> bool:
    """Return whether the line for the injection itself shows the eye."""
    injections = [line for line in ctx.claim.lines if line.procedure == _INJECTION_INTO_THE_EYE]
    return any(not _SIDES.isdisjoint(line.modifiers_sent) for line in injections)
