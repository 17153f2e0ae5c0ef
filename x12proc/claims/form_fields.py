"""Fields of the paper forms by element: boxes of the CMS-1500 for 837P, form locators (FL) of the UB-04 for 837I.

Billers know the form. What has no place on it (envelopes, line control numbers, payer ids) has no entry: a box
that is only nearly right would send somebody to the wrong one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from x12proc.claims.model import Claim, Location
from x12proc.wire.segment import Segment

_SHADED: Final = "Box 24A shaded"
_REMARKS: Final = "FL 80"

# By loop and element, "2400 SV104"; else by loop and element without its component, else by loop and segment.
# Segments that say by a qualifier what they hold are listed under it: "2300 REF*G1", "2300 HI*ABK".
_PROFESSIONAL: Final[Mapping[str, str]] = {
    "2000B SBR09": "Box 1", "2000B SBR03": "Box 11",
    "2010AA NM1": "Box 33", "2010AA NM109": "Box 33a", "2010AA N3": "Box 33", "2010AA N4": "Box 33",
    "2010AA REF*EI": "Box 25", "2010AA REF*SY": "Box 25",
    "2010BA NM1": "Box 4", "2010BA NM109": "Box 1a", "2010BA N3": "Box 7", "2010BA N4": "Box 7",
    "2010BA DMG": "Box 11a",
    "2010CA NM1": "Box 2", "2010CA N3": "Box 5", "2010CA N4": "Box 5", "2010CA DMG": "Box 3",
    "2000C PAT01": "Box 6",
    "2300 CLM01": "Box 26", "2300 CLM02": "Box 28", "2300 CLM05-1": "Box 24B", "2300 CLM05-3": "Box 22",
    "2300 CLM06": "Box 31", "2300 CLM07": "Box 27", "2300 CLM08": "Box 13", "2300 CLM09": "Box 12",
    "2300 CLM11": "Box 10",
    "2300 DTP*431": "Box 14", "2300 DTP*435": "Box 18", "2300 DTP*096": "Box 18", "2300 AMT*F5": "Box 29",
    "2300 REF*G1": "Box 23", "2300 REF*9F": "Box 23", "2300 REF*X4": "Box 23", "2300 REF*F8": "Box 22",
    "2300 REF*P4": "Box 19", "2300 NTE": "Box 19",
    "2300 HI*ABK": "Box 21", "2300 HI*ABF": "Box 21", "2300 HI*BK": "Box 21", "2300 HI*BF": "Box 21",
    "2300 HI*BG": "Box 10d",
    "2310A NM1": "Box 17", "2310A NM109": "Box 17b", "2310B NM109": "Box 24J", "2310B NM1": "Box 24J",
    "2310C NM1": "Box 32", "2310C NM109": "Box 32a", "2310C N3": "Box 32", "2310C N4": "Box 32",
    "2310D NM1": "Box 17", "2310D NM109": "Box 17b",
    "2320 SBR": "Box 9", "2330A NM1": "Box 9", "2330A NM109": "Box 9a", "2330B NM1": "Box 9d",
    "2400 LX": "Box 24", "2400 SV1": "Box 24", "2400 SV101-2": "Box 24D", "2400 SV101-3": "Box 24D",
    "2400 SV101-4": "Box 24D", "2400 SV101-5": "Box 24D", "2400 SV101-6": "Box 24D", "2400 SV101": "Box 24D",
    "2400 SV101-7": "Box 19 or Box 24 shaded", "2400 SV102": "Box 24F", "2400 SV103": "Box 24G",
    "2400 SV104": "Box 24G", "2400 SV105": "Box 24B", "2400 SV107": "Box 24E", "2400 SV109": "Box 24C",
    "2400 SV111": "Box 24H", "2400 SV112": "Box 24H",
    "2400 DTP*472": "Box 24A", "2400 NTE": "Box 24 shaded", "2400 REF*G1": "Box 23", "2400 REF*9F": "Box 23",
    "2410 LIN": _SHADED, "2410 CTP": _SHADED, "2400 CTP": _SHADED,
    "2420A NM109": "Box 24J", "2420C NM1": "Box 32", "2420C NM109": "Box 32a", "2420E NM1": "Box 17",
    "2420E NM109": "Box 17b",
}  # fmt: skip
_INSTITUTIONAL: Final[Mapping[str, str]] = {
    "2000B SBR03": "FL 62", "2000B SBR04": "FL 61", "2000C PAT01": "FL 59",
    "2010AA NM1": "FL 1", "2010AA NM109": "FL 56", "2010AA N3": "FL 1", "2010AA N4": "FL 1",
    "2010AA REF*EI": "FL 5", "2010AB NM1": "FL 2", "2010AB N3": "FL 2", "2010AB N4": "FL 2",
    "2010BA NM1": "FL 58", "2010BA NM109": "FL 60", "2010BB NM1": "FL 50", "2010BB NM109": "FL 51",
    "2010CA NM1": "FL 8", "2010CA N3": "FL 9", "2010CA N4": "FL 9",
    "2010CA DMG02": "FL 10", "2010CA DMG03": "FL 11",
    "2300 CLM01": "FL 3a", "2300 CLM02": "FL 47 line 23", "2300 CLM05": "FL 4", "2300 CLM08": "FL 53",
    "2300 CLM09": "FL 52",
    "2300 DTP*434": "FL 6", "2300 DTP*435": "FL 12-13", "2300 DTP*096": "FL 16",
    "2300 CL101": "FL 14", "2300 CL102": "FL 15", "2300 CL103": "FL 17",
    "2300 REF*G1": "FL 63", "2300 REF*9F": "FL 63", "2300 REF*F8": "FL 64", "2300 REF*EA": "FL 3b",
    "2300 NTE": _REMARKS,
    "2300 HI*ABK": "FL 67", "2300 HI*BK": "FL 67", "2300 HI*ABF": "FL 67A-Q", "2300 HI*BF": "FL 67A-Q",
    "2300 HI*ABJ": "FL 69", "2300 HI*BJ": "FL 69", "2300 HI*APR": "FL 70", "2300 HI*PR": "FL 70",
    "2300 HI*DR": "FL 71", "2300 HI*ABN": "FL 72", "2300 HI*BN": "FL 72",
    "2300 HI*BBR": "FL 74", "2300 HI*BR": "FL 74", "2300 HI*BBQ": "FL 74a-e", "2300 HI*BQ": "FL 74a-e",
    "2300 HI*BG": "FL 18-28", "2300 HI*BH": "FL 31-34", "2300 HI*BI": "FL 35-36", "2300 HI*BE": "FL 39-41",
    "2310A NM1": "FL 76", "2310B NM1": "FL 77", "2310C NM1": "FL 78-79", "2310D NM1": "FL 78-79",
    "2310F NM1": "FL 78-79",
    "2320 AMT*D": "FL 54", "2330A NM1": "FL 58", "2330A NM109": "FL 60", "2330B NM1": "FL 50",
    "2330B NM109": "FL 51",
    "2400 LX": "FL 42-48", "2400 SV2": "FL 42-48", "2400 SV201": "FL 42", "2400 SV202": "FL 44",
    "2400 SV202-7": _REMARKS, "2400 SV203": "FL 47", "2400 SV204": "FL 46", "2400 SV205": "FL 46",
    "2400 SV207": "FL 48", "2400 DTP*472": "FL 45", "2400 NTE": _REMARKS,
    "2410 LIN": "FL 43", "2410 CTP": "FL 43", "2400 CTP": "FL 43",
}  # fmt: skip
_TABLES: Final = {"P": _PROFESSIONAL, "I": _INSTITUTIONAL}
# Which segment is meant where one was not sent, by the code of the claim status.
_ABSENT: Final = {
    "DTP": {"187": "472"},
    "REF": {"252": "G1", "464": "F8", "556": "P4"},
    "HI": {"254": "ABK", "460": "BG"},
}
_QUALIFIED: Final = frozenset(("REF", "DTP", "HI", "AMT"))
# Patient and insured are one person where there is no loop 2010CA.
_SELF: Final[Mapping[str, Mapping[str, str]]] = {
    "P": {"2010BA NM1": "Box 2", "2010BA N3": "Box 5", "2010BA N4": "Box 5", "2010BA DMG": "Box 3"},
    "I": {
        "2010BA NM1": "FL 8", "2010BA N3": "FL 9", "2010BA N4": "FL 9",
        "2010BA DMG02": "FL 10", "2010BA DMG03": "FL 11",
    },
}  # fmt: skip


def form_field(claim: Claim, location: Location, status: str = "") -> str | None:
    """Name the field of the paper form for a place of a claim, ``Box 24D`` or ``FL 43``; None if it has none.

    ``status`` is the claim status of the finding (``A6:252``): of what is missing it says which it is.
    """
    qualifier = _qualifier(claim, location, status.partition(":")[2]) if location.segment in _QUALIFIED else ""
    return field_of(claim.type, location.loop, location.element, qualifier, is_self=not claim.dependent)


@lru_cache(maxsize=1024)  # the loops and elements of findings are few
def field_of(
    claim_type: str, loop: str, element: str, qualifier: str = "", *, is_self: bool = False
) -> str | None:
    """Look an element up in the table of a claim type, from the exact entry to that of its segment.

    ``is_self``: the subscriber is the patient, whose fields then go before those of the table.
    """
    table, first = _TABLES.get(claim_type, {}), _SELF.get(claim_type, {}) if is_self else {}
    whole = element.partition("-")[0]
    tag = whole[:-2] if whole[-2:].isdigit() and len(whole) > 3 else whole
    if tag in _QUALIFIED:
        return table.get(f"{loop} {tag}*{qualifier}")
    for name in (element, whole, tag):
        found = first.get(f"{loop} {name}") or table.get(f"{loop} {name}")
        if found is not None:
            return found
    return None


def _qualifier(claim: Claim, location: Location, code: str) -> str:
    """Return the qualifier of a segment; "" where it is not known."""
    if location.after is not None:
        return _ABSENT.get(location.segment, {}).get(code, "")
    segment = _segment(claim, location)
    if segment is None:
        return ""
    if segment.tag != "HI":
        return segment.element(1)
    number = location.element.removeprefix("HI").partition("-")[0]
    composite = segment.element(int(number)) if number.isdigit() else segment.element(1)
    return composite.partition(claim.delimiters.component.decode("latin-1"))[0]


def _segment(claim: Claim, location: Location) -> Segment | None:
    """The claim's segment at a place, or that of a party above it."""
    number = location.segment_index - claim.segments[0].index
    if 0 <= number < len(claim.segments) and claim.segments[number].index == location.segment_index:
        return claim.segments[number]
    parties = (*claim.submitter_receiver, *claim.provider, *claim.subscriber, *claim.patient)
    above = (segment for party in parties for segment in party.segments)
    return next(
        (segment for segment in (*above, *claim.segments) if segment.index == location.segment_index), None
    )
