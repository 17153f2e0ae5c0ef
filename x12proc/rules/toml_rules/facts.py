"""The facts that a rule in TOML may name: of what kind each is, its value, and where in the claim it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from x12proc.claims.model import Location, ServiceLine, location_of, missing_location
from x12proc.rules.context import Context
from x12proc.values import parse_quantity

Kind: TypeAlias = Literal["text", "number", "date"]
Value: TypeAlias = str | Decimal | date
Values: TypeAlias = tuple[Value, ...]  # empty where the fact is missing
Read: TypeAlias = Callable[[ServiceLine, Context], "tuple[Value | None, ...]"]
Locate: TypeAlias = Callable[[ServiceLine, Context], Location]


class Fact(msgspec.Struct, frozen=True):
    """A fact of a line or of its claim."""

    kind: Kind
    meaning: str  # with the element it is read from
    read: Read
    locate: Locate

    def values(self, line: ServiceLine, ctx: Context) -> Values:
        """Return the values that were sent and can be read; more than one for modifiers, diagnoses and texts."""
        return tuple(value for value in self.read(line, ctx) if value is not None and value != "")


def _claim(element: int, component: int | None = None) -> Locate:
    return lambda _, ctx: location_of(ctx.claim.clm, element, component)


def _service(professional: tuple[int, int | None], institutional: tuple[int, int | None]) -> Locate:
    """Locate an element of SV1 or SV2; the line itself where it has neither."""

    def locate(line: ServiceLine, _: Context) -> Location:
        if line.service is None:
            return location_of(line.sv_or_lx)
        return location_of(line.service, *(professional if line.service.tag == "SV1" else institutional))

    return locate


def _drug(segment: Literal["LIN", "CTP"], element: int) -> Locate:
    def locate(line: ServiceLine, _: Context) -> Location:
        drug = line.drug
        sent = None if drug is None else drug.lin if segment == "LIN" else drug.ctp
        if sent is None:
            return missing_location(line.last_loop_segment(), "2410", f"{segment}{element:02d}")
        return location_of(sent, element)

    return locate


def _diagnosis(_: ServiceLine, ctx: Context) -> Location:
    diagnoses = ctx.claim.diagnoses
    return diagnoses[0].location if diagnoses else missing_location(ctx.claim.clm, "2300", "HI01-2")


def _payer(_: ServiceLine, ctx: Context) -> Location:
    payer = ctx.claim.payer
    return location_of(payer.segments[0], 9) if payer else location_of(ctx.claim.clm)


def _provider(_: ServiceLine, ctx: Context) -> Location:
    provider = ctx.claim.billing_provider
    return location_of(provider.segments[0], 9) if provider else location_of(ctx.claim.clm)


def _authorization(_: ServiceLine, ctx: Context) -> Location:
    sent = ctx.claim.reference("G1")
    return location_of(sent.segment, 2) if sent else missing_location(ctx.claim.clm, "2300", "REF02")


def _day(line: ServiceLine, _: Context) -> Location:
    period = line.service_period
    return location_of(period.segment, 3) if period else missing_location(line.sv_or_lx, "2400", "DTP03")


def _text(line: ServiceLine, ctx: Context) -> Location:
    texts = ctx.texts(line)
    return texts[0][0].location if texts else _DESCRIPTION(line, ctx)


def _note(line: ServiceLine, ctx: Context) -> Location:
    notes = ctx.notes(line)
    return location_of(notes[0].segment, 2) if notes else missing_location(line.sv_or_lx, "2400", "NTE02")


def _days(line: ServiceLine) -> tuple[date | None, date | None]:
    return line.service_days or (None, None)


def _dose(line: ServiceLine, ctx: Context, unit: bool) -> tuple[Value | None, ...]:
    dose = ctx.narrative(line).dose
    if dose is None:
        return ()
    return (dose.unit,) if unit else (parse_quantity(dose.value),)


_DESCRIPTION = _service((1, 7), (2, 7))
FACTS: dict[str, Fact] = {
    "payer_id": Fact(
        "text", "2010BB NM109", lambda _, ctx: (ctx.claim.payer.id if ctx.claim.payer else None,), _payer
    ),
    "payer_name": Fact(
        "text", "2010BB NM103", lambda _, ctx: (ctx.claim.payer.name if ctx.claim.payer else None,), _payer
    ),
    "filing_indicator": Fact("text", "SBR09", lambda _, ctx: (ctx.claim.filing_indicator,), _payer),
    "billing_npi": Fact(
        "text",
        "2010AA NM109",
        lambda _, ctx: (ctx.claim.billing_provider.id if ctx.claim.billing_provider else None,),
        _provider,
    ),
    "claim_type": Fact("text", "P for 837P, I for 837I", lambda _, ctx: (ctx.claim.type,), _claim(1)),
    "claim_charge": Fact("number", "CLM02", lambda _, ctx: (parse_quantity(ctx.claim.charge),), _claim(2)),
    "place_of_service": Fact(
        "text", "CLM05-1, place of service or type of bill",
        lambda _, ctx: (ctx.claim.facility_code,),
        _claim(5, 1)
    ),
    "frequency": Fact("text", "CLM05-3", lambda _, ctx: (ctx.claim.frequency,), _claim(5, 3)),
    "diagnoses": Fact(
        "text",
        "HI of the claim, without decimal point",
        lambda _, ctx: tuple(code.normalized for code in ctx.claim.diagnoses),
        _diagnosis,
    ),
    "line_diagnoses": Fact(
        "text",
        "diagnoses that SV107 points at",
        lambda line, ctx: tuple(code.normalized for code in ctx.claim.pointed_diagnoses(line)),
        _diagnosis,
    ),
    "authorization": Fact(
        "text",
        "REF*G1 of the claim, REF02",
        lambda _, ctx: tuple(ref.value for ref in ctx.claim.references if ref.qualifier == "G1"),
        _authorization,
    ),
    "procedure": Fact("text", "SV101-2, SV202-2", lambda line, _: (line.procedure,), _service((1, 2), (2, 2))),
    "modifiers": Fact(
        "text", "SV101-3 to -6, SV202-3 to -6", lambda line, _: line.modifiers_sent, _service((1, 3), (2, 3))
    ),
    "description": Fact("text", "SV101-7, SV202-7", lambda line, _: (line.description,), _DESCRIPTION),
    "charge": Fact(
        "number", "SV102, SV203", lambda line, _: (parse_quantity(line.charge),), _service((2, None), (3, None))
    ),
    "unit": Fact("text", "SV103, SV204", lambda line, _: (line.unit,), _service((3, None), (4, None))),
    "units": Fact(
        "number", "SV104, SV205", lambda line, _: (parse_quantity(line.units),), _service((4, None), (5, None))
    ),
    "revenue_code": Fact(
        "text", "SV201", lambda line, _: (line.revenue_code,), _service((1, None), (1, None))
    ),
    "service_date": Fact("date", "DTP*472, its first day", lambda line, _: _days(line)[:1], _day),
    "last_service_date": Fact("date", "DTP*472, its last day", lambda line, _: _days(line)[1:], _day),
    "ndc": Fact("text", "LIN03", lambda line, _: (line.ndc,), _drug("LIN", 3)),
    "ndc_quantity": Fact(
        "number",
        "CTP04",
        lambda line, _: (parse_quantity(line.drug.quantity) if line.drug else None,),
        _drug("CTP", 4),
    ),
    "ndc_unit": Fact("text", "CTP05-1", lambda line, _: (line.drug.unit if line.drug else None,), _drug("CTP", 5)),
    "texts": Fact(
        "text",
        "description and notes of the line, each by itself",
        lambda line, ctx: tuple(text for _, text in ctx.texts(line)),
        _text,
    ),
    "notes": Fact(
        "text", "NTE02 about the line", lambda line, ctx: tuple(note.text for note in ctx.notes(line)), _note
    ),
    "drug_name": Fact(
        "text", "drug in the text, as written", lambda line, ctx: (ctx.narrative(line).drug_name,), _text
    ),
    "drug": Fact(
        "text", "drug in the text, its generic name", lambda line, ctx: (ctx.narrative(line).matched,), _text
    ),
    "route": Fact("text", "routes in the text: IV, SC, IM", lambda line, ctx: ctx.narrative(line).routes, _text),
    "dose": Fact("number", "total dose in the text", lambda line, ctx: _dose(line, ctx, unit=False), _text),
    "dose_unit": Fact("text", "its unit: MG, ML, UNIT", lambda line, ctx: _dose(line, ctx, unit=True), _text),
}  # fmt: skip
