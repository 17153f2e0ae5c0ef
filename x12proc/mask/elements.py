"""Decide how each element of an 837 is masked, by what it may hold.

One table: a segment's elements in order, the components of a composite joined by colons. Whatever is in no table
(a further element, a segment of another kind) is replaced like an identifier, so that nothing is missed.
"""

from __future__ import annotations

from typing import Final

from x12proc.narrative.tokens import word_set

# -- kept, each with its reason -------------------------------------------------------------------------------

KEPT: Final = {
    "code": "a code, flag or qualifier: says what kind of thing is meant, the same for many patients",
    "number": "an amount, quantity, percentage or weight: the rules count with it",
    "ordinal": "a number that orders or counts segments: the file's structure",
    "state": "a state or country: larger than what safe harbor requires to remove",
    "payer": "the payer's id or name: chooses the profile, and names no patient",
    "drug": "a National Drug Code: names a product",
    "form": "how the file is written: delimiters and versions",
}

# -- replaced --------------------------------------------------------------------------------------------------

REPLACED: Final = {
    "id": "an identifier: another one of the same length and classes of characters",
    "npi": "a National Provider Identifier: its check digit stays as right or wrong as it was",
    "tax": "a social security or employer number: one that is never issued",
    "name": "a name: other words of the same length",
    "organization": "an organization's name: other words, except those by which rules recognize its kind",
    "street": "an address line",
    "zip": "a ZIP code: three digits, or none where few people live",
    "contact": "a telephone number, an e-mail address or the like",
    "date": "a date: shifted",
    "birth": "a birth date: shifted, and none beyond the age of 90",
    "time": "a time of day",
    "text": "free text: cleaned word by word",
}

_PROCEDURE = "code:code:code:code:code:code:text:code"
_HEALTH_CODE = "code:code:code:date:number:number:code:code:code"
_REFERENCE = "code:id:code:id:code:id"
_UNIT = "code:number:number"

_SPECS = {
    "ISA": "code id code id code id code id date time form form id code code form",
    "IEA": "ordinal id",
    "TA1": "id date time code code",
    "GS": "code id id date time id code form",
    "GE": "ordinal id",
    "ST": "code id form",
    "SE": "ordinal id",
    "BHT": "code code id date time code",
    "HL": "ordinal ordinal code code",
    "NM1": "code code name name name name name code id code code name",
    "N2": "name name",
    "N3": "street street",
    "N4": "name state zip state code id state",
    "PER": "code name code contact code contact code contact id",
    "PRV": "code code code",
    "REF": f"code id text {_REFERENCE}",
    "CUR": "code code number code code",
    "SBR": "code code id organization code code code code code",
    "PAT": "code code code code code date code number code",
    "DMG": "code birth code",
    "CLM": "id number code code code:code:code code code code code code code:code:code:state:state" + " code" * 9,
    "DTP": "code code date",
    "CL1": "code code code code",
    "PWK": "code code number code code id text",
    "CN1": "code number number id number id",
    "AMT": "code number code",
    "QTY": f"code number {_UNIT} text",
    "K3": "text code",
    "NTE": "code text",
    "CR1": "code number code code code number street street text text",
    "CR2": "number number code code code number number code code text text code",
    "CR3": "code code number code text",
    "CRC": "code code code code code code code",
    "HI": f"{_HEALTH_CODE} " * 12,
    "HCP": "code number number id number code number code code code code number code code code",
    "OI": "code code code code code code",
    "CAS": "code" + " code number number" * 6,
    "MIA": "number number number number code" + " number" * 14 + " code code code code number",
    "MOA": "number number code code code code code number number",
    "LX": "ordinal",
    "SV1": f"{_PROCEDURE} number code number code code code:code:code:code number"
    + " code" * 8
    + " id zip number",
    "SV2": f"code {_PROCEDURE} number code number number number code code code",
    "SV3": f"{_PROCEDURE} number",
    "SV5": f"{_PROCEDURE} code number number number code",
    "SVD": f"payer number {_PROCEDURE} code number ordinal",
    "PS1": "id number state",
    "MEA": f"code code number {_UNIT} number number code code code code",
    "LIN": "id code drug",
    "CTP": f"code code number number {_UNIT} code number number code code number",
    "LQ": "code code",
    "FRM": "code code id date number",
}
_TABLE: Final = {tag: tuple(tuple(element.split(":")) for element in spec.split()) for tag, spec in _SPECS.items()}
_KINDS: Final = {
    (tag, position, component): kind
    for tag, spec in _TABLE.items()
    for position, kinds in enumerate(spec, 1)
    for component, kind in enumerate(kinds, 1)
}
TAGS: Final = frozenset(_TABLE)
# Segments of the other sets that travel with claims. Not read here: all their elements are replaced.
OTHER_TAGS: Final = word_set(
    "AAA AK1 AK2 AK3 AK4 AK5 AK9 BGN BPR CLP CR5 CR6 CR7 CR8 CTX DN1 DN2 DTM EB EQ HCR HD HSD IK3 IK4 IK5 INS LE "
    "LS LUI N1 PLB RDM STC SV3 SV4 SV6 SVC TOO TRN TS2 TS3 UM"
)

# Text that holds a delimiter continues in elements that the guide does not have.
_TEXT_GOES_ON: Final = {"NTE": 3, "K3": 2}
_UNLISTED: Final = "id"

PAYER: Final = "PR"  # NM101
# REF01 of numbers that identify no person: payers' own, registered trials, codes and flags.
_KEPT_REFERENCES: Final = {
    **dict.fromkeys(("2U", "FY", "NF"), "payer"),
    "P4": "code",  # a trial of ClinicalTrials.gov or a demonstration project
    "4N": "code",  # why there is no authorization
    **dict.fromkeys(("F5", "T4"), "code"),  # yes or no
}
_TAX_REFERENCES: Final = frozenset(("EI", "SY", "TJ"))
_BY_NUMBER_KIND: Final = {"XX": "npi", "24": "tax", "34": "tax"}  # NM108


def masking_rule(elements: tuple[str, ...], position: int, component: int = 1, qualifier: str = "") -> str:
    """Return how to mask element ``position`` of a segment, or a component of it: a key of KEPT or REPLACED.

    ``elements`` are the segment's, the tag first; ``qualifier`` is the component before, for a composite that
    names its own kind (REF04).
    """
    tag = elements[0]
    if tag == "NM1":
        return _of_name(elements, position)
    if tag == "REF" and position == 2:
        return _of_reference(_element(elements, 1))
    if tag == "REF" and position == 4 and component % 2 == 0:
        return _of_reference(qualifier)
    if tag in _TEXT_GOES_ON and position >= _TEXT_GOES_ON[tag]:
        return "text"
    return _listed(tag, position, component)


def is_listed(tag: str, position: int, component: int = 1) -> bool:
    """Return whether the table has the element."""
    return (tag, position, component) in _KINDS


def is_composite(tag: str, position: int) -> bool:
    """Return whether an element consists of components."""
    return is_listed(tag, position, 2)


def _listed(tag: str, position: int, component: int) -> str:
    kind = _KINDS.get((tag, position, component))
    if kind is None and _KINDS.get((tag, position, 7)) == "text":
        return "text"  # after SV101-7: a text that holds the component separator
    return kind or _UNLISTED


def _of_name(elements: tuple[str, ...], position: int) -> str:
    kind = _listed("NM1", position, 1)
    if _element(elements, 1) == PAYER and position in (3, 9) and _element(elements, 2) != "1":
        return "payer"  # a person who pays is a person
    if position == 9:
        return _BY_NUMBER_KIND.get(_element(elements, 8), kind)
    if position == 3 and _element(elements, 2) == "2":
        return "organization"
    return kind


def _of_reference(qualifier: str) -> str:
    if qualifier in _TAX_REFERENCES:
        return "tax"
    return _KEPT_REFERENCES.get(qualifier, "id")


def _element(elements: tuple[str, ...], position: int) -> str:
    return elements[position].strip() if position < len(elements) else ""
