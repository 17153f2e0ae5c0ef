"""From claims to the bytes of an interchange: groups, sets and hierarchical levels, each with its counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import count, groupby
from typing import TypeVar

from msgspec.structs import replace

from x12proc.testing.loops import Element, Segment, billing_provider, claim_loops, day_text, dependent, subscriber
from x12proc.testing.model import Claim, Style
from x12proc.wire.versions import INSTITUTIONAL, PROFESSIONAL

_STYLE = Style()
_DAY = date(2024, 1, 2)
_TIME = "0915"
_SENDER, _RECEIVER = "TESTBENCH", "CEDARCLEAR"
_GUIDES = {"P": PROFESSIONAL, "I": INSTITUTIONAL}

_Item = TypeVar("_Item")


def interchange(
    *claims: Claim,
    style: Style = _STYLE,
    control: int = 1,
    day: date = _DAY,
    claims_per_set: int = 5000,
    sets_per_group: int = 1000,
) -> bytes:
    """An interchange of claims, valid under the guides 005010X222A1 and 005010X223A2 as far as the values are.

    Neighboring claims of one type share a group; a billing provider and a subscriber with his payer that
    neighboring claims have in common are sent once. ``control`` is ISA13, and the groups count on from it; sets
    are numbered through. Claims without an id get ``C0001``, ``C0002`` and so on. ``day`` is when it was made.
    The same arguments give the same bytes. A file of several interchanges is several results joined.

    Raises ValueError when there is no claim, or when a value holds one of the style's delimiters.
    """
    if not claims:
        raise ValueError("an interchange needs a claim")
    named = [claim if claim.id else replace(claim, id=f"C{n:04d}") for n, claim in enumerate(claims, 1)]
    segments: list[Segment] = [_isa(style, control, day)]
    numbers = count(1)
    group_control = control
    for kind, sets in _groups(named, claims_per_set, sets_per_group):
        segments.append(_gs(kind, group_control, day))
        for some in sets:
            segments += _set(kind, some, next(numbers), day)
        segments.append(("GE", str(len(sets)), str(group_control)))
        group_control += 1
    segments.append(("IEA", str(group_control - control), f"{control:09d}"))
    return "".join(_text(segment, style) for segment in segments).encode("latin-1")


def _groups(claims: Iterable[Claim], per_set: int, per_group: int) -> Iterator[tuple[str, list[list[Claim]]]]:
    for kind, neighbors in groupby(claims, lambda claim: claim.type):
        sets = list(_chunks(list(neighbors), per_set))
        for some in _chunks(sets, per_group):
            yield kind, some


def _chunks(items: Sequence[_Item], size: int) -> Iterator[list[_Item]]:
    return (list(items[start : start + size]) for start in range(0, len(items), size))


# -- envelopes --------------------------------------------------------------------------------------------------


def _isa(style: Style, control: int, day: date) -> Segment:
    blank = " " * 10
    made = (day.strftime("%y%m%d"), _TIME)
    sender, receiver = f"{_SENDER:15}", f"{_RECEIVER:15}"
    begin = ("ISA", "00", blank, "00", blank, "ZZ", sender, "ZZ", receiver, *made)
    return (*begin, style.repetition, "00501", f"{control:09d}", "0", "T", style.component)


def _gs(kind: str, control: int, day: date) -> Segment:
    return ("GS", "HC", _SENDER, _RECEIVER, day_text(day), _TIME, str(control), "X", _GUIDES[kind])


def _set(kind: str, claims: Iterable[Claim], number: int, day: date) -> list[Segment]:
    control = f"{number:04d}"
    segments: list[Segment] = [
        ("ST", "837", control, _GUIDES[kind]),
        ("BHT", "0019", "00", f"B{control}", day_text(day), _TIME, "CH"),
        ("NM1", "41", "2", "RULE BENCH BILLING", "", "", "", "", "46", "RB001"),
        ("PER", "IC", "EDI DESK", "TE", "6265550142"),
        ("NM1", "40", "2", "CEDAR CLEARINGHOUSE", "", "", "", "", "46", "CEDAR01"),
    ]
    segments += _levels(claims)
    segments.append(("SE", str(len(segments) + 1), control))
    return segments


def _levels(claims: Iterable[Claim]) -> Iterator[Segment]:
    """The HL tree: billing providers, their subscribers, and where they are the patients, dependents."""
    numbers = count(1)
    for provider, of_provider in groupby(claims, lambda claim: claim.provider):
        provider_level = str(next(numbers))
        yield ("HL", provider_level, "", "20", "1")
        yield from billing_provider(provider)
        for _, of_subscriber in groupby(of_provider, _subscriber_key):
            some = list(of_subscriber)
            level = str(next(numbers))
            yield ("HL", level, provider_level, "22", "1" if some[0].patient else "0")
            yield from subscriber(some[0])
            yield from _patients(some, level, numbers)


def _subscriber_key(claim: Claim) -> tuple[object, ...]:
    """The loops that claims of one subscriber share."""
    ranks = tuple(other.responsibility for other in claim.other_payers)
    return claim.subscriber, claim.payer, claim.group_number, claim.patient is None, ranks


def _patients(claims: list[Claim], subscriber_level: str, numbers: Iterator[int]) -> Iterator[Segment]:
    for patient, of_patient in groupby(
        claims, lambda claim: claim.patient and (claim.patient, claim.relationship)
    ):
        some = list(of_patient)
        if patient:
            yield ("HL", str(next(numbers)), subscriber_level, "23", "0")
            yield from dependent(some[0], patient[0])
        for claim in some:
            yield from claim_loops(claim)


# -- bytes ------------------------------------------------------------------------------------------------------


def _text(segment: Segment, style: Style) -> str:
    tag = segment[0]
    if tag == "ISA":
        return style.element.join(map(str, segment)) + style.segment + style.line_end
    elements = [_element(element, f"{tag}{number:02d}", style) for number, element in enumerate(segment)]
    while not elements[-1]:
        elements.pop()
    return style.element.join(elements) + style.segment + style.line_end


def _element(element: Element, name: str, style: Style) -> str:
    if isinstance(element, str):
        return _plain(element, name, style)
    components = [_plain(component, name, style) for component in element]
    return style.component.join(components).rstrip(style.component)


def _plain(value: str, name: str, style: Style) -> str:
    for delimiter in (style.element, style.component, style.repetition, style.segment):
        if delimiter in value:
            raise ValueError(f"{name} holds {delimiter!r}, which is a delimiter of the interchange")
    return value
