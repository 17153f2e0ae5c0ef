"""Rules on the route of administration: in words, in modifiers JA and JB."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import ServiceLine, at
from x12proc.findings import REJECT, WARN, Hit
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.narrative import route_modifiers, text_place, text_shown
from x12proc.rules.waste_pair import is_waste_line


@line_rule(
    "RTE01",
    "route-missing",
    severity=WARN,
    sources=("WPS", "NGS", "AAO", "ION", "SEED"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A6:223",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NDC03"),
    options={"codes": Option((), "codes that need the route; on others it is only a warning. None: all codes")},
    summary="Neither the text nor a modifier shows how the drug was given.",
    fix="Add the route after the dose: IV, SC, IM, INTRAVITREAL and so on, for example BRIUMVI 450MG IV.",
)
def route_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Several Medicare contractors want the route of an unclassified drug, because price and coverage depend
    on it. Without it the line may come back. Discarded drug (JW) has no route."""
    if (
        ctx.has_text(line)
        and not is_waste_line(line)
        and ctx.narrative(line).route is None
        and not route_modifiers(line)
    ):
        message = "The text has no route, and the line has neither JA nor JB"
        codes = ctx.option("RTE01", "codes")
        assert isinstance(codes, tuple)
        demanded = not codes or line.procedure.upper() in codes
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx), None if demanded else WARN)


@line_rule(
    "RTE03",
    "route-contradicts-modifier",
    severity=REJECT,
    sources=("JAJB", "PHJ"),
    confidence="V",
    since="0.1.0",
    drug_only=True,
    where="SV101-3 to SV101-6, SV202-3 to SV202-6; SV101-7, SV202-7, NTE02",
    status="A8:453",
    second_status="A8:223",
    remittance=("4",),
    summary="Modifier JA or JB contradicts the route in the text.",
    fix="Use JA for intravenous and JB for subcutaneous. Correct the modifier or the text; a drug given another "
    "way has neither.",
)
def route_contradicts_modifier(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """JA and JB code the route. If the words differ, procedure code and modifier don't agree, and payers deny
    the line."""
    modifiers = route_modifiers(line)
    if len(modifiers) != 1 or line.service is None:
        return
    modifier, said = modifiers[0], ctx.narrative(line).routes
    contradicts = (said and "IV" not in said) if modifier == "JA" else set(said) == {"IV"}
    if contradicts:
        position = [code.upper() for code in line.modifiers].index(modifier) + 3
        meaning = "intravenous" if modifier == "JA" else "subcutaneous"
        message = f"Modifier {modifier} means {meaning}, but the text says {', '.join(said)}"
        yield Hit(at(line.service, 1 if line.service.tag == "SV1" else 2, position), message, modifier)


@line_rule(
    "RTE06",
    "two-routes-in-text",
    severity=WARN,
    sources=("PAL",),
    confidence="P",
    since="0.1.0",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A7:223",
    remittance=("16", "M123"),
    suppressed_by=("NAR02",),
    summary="The text of one line has two routes.",
    fix="Keep the route that was used. Bill a drug given in two ways on two lines, each with its own dose and "
    "NDC quantity.",
)
def two_routes_in_text(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """One line is one administration. A text such as IV/SC, often copied from the label, leaves open what was
    done, and contradicting information may get the line rejected."""
    routes = ctx.narrative(line).routes
    if len(routes) > 1:
        yield Hit(
            text_place(line, ctx), f"The text names {len(routes)} routes: {', '.join(routes)}", "/".join(routes)
        )
