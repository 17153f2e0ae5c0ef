"""Reads the free text of a service line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from x12proc.narrative.amounts import IMPLIED, read_amounts
from x12proc.narrative.billed_drug import (
    NOT_GIVEN,
    PREMEDICATION,
    VEHICLE,
    blank_amounts,
    find_billed_drug,
    is_premedication,
)
from x12proc.narrative.flags import read_flags
from x12proc.narrative.identifiers import read_identifiers
from x12proc.narrative.lexicon import Lexicon, Name
from x12proc.narrative.model import Amount, Narrative, Strength
from x12proc.narrative.negation import drop_corrected, negated_indexes
from x12proc.narrative.routes import read_laterality, read_routes
from x12proc.narrative.tokens import Token, clean, tokenize
from x12proc.narrative.vocabulary import is_common_word, may_be_a_name

# A sponsor's code for a drug without a name yet: ABC-123, REGN5458, AMG 193, DRUG A123; read only in a text
# about a study. Not part of a longer word or number, and no trial number (NCT...).
_STUDY_CODE = re.compile(
    r"(?<![\w#-])(?!N?CT)"
    r"(?:([A-Z]{2,5})[- ]?[0-9]{3,7}[A-Z]?|(?<=DRUG )[A-Z][0-9]{3}|(?<=VACCINE )[A-Z][0-9]{3})(?![\w-])"
)
# Words of which one has to be in a text about a study.
_STUDY = re.compile(r"TRIAL|STUDY|INVEST|EXPER|BLINDED|PLACEBO|COMPASSIONATE|EXPANDED")
# Words that announce another kind of code: PROTOCOL ABC-123, IRB NO. 4711.
_BEFORE_OTHER_CODE = re.compile(r"(?:PROTOCOL|IRB|SITE|IND|STUDY|TRIAL|NO|NUMBER|ID)[\s.:#]*\Z")


_LONGEST_GUESS: Final = 3  # words


class _FieldFacts(NamedTuple):
    """The facts of one field; ``generic_text`` is set only when all fields are merged."""

    facts: Narrative
    rank: int  # of the name, see `find_billed_drug`
    certainty: int  # of the dose
    filler: bool


def read(texts: Sequence[str], lexicon: Lexicon) -> Narrative:
    """Read the free-text fields of a line, in the order given, into one set of facts.

    Of most facts the first field that has one wins; routes and dates are collected from all fields, without
    duplicates. A dose that a field states wins over one that an earlier field only lets us compute. Only the
    first 2,000 characters of a field are read. Any text is accepted; nothing is raised.
    """
    cleaned = [clean(text) for text in texts]
    fields = [_read_field(text, lexicon) for text in cleaned if text and not text.isspace()]
    if not fields:
        return Narrative()
    facts = fields[0].facts if len(fields) == 1 else _merge(fields)
    filler = all(field.filler for field in fields)
    return replace(facts, generic_text=True) if filler and _is_empty(facts) else facts


@lru_cache(maxsize=1024)  # the same words come again and again: a clinic gives few drugs in few doses
def _read_field(text: str, lexicon: Lexicon) -> _FieldFacts:
    identifiers = read_identifiers(text.upper())
    rest = identifiers.rest
    names = lexicon.find(rest)
    code = _study_code(rest, text) if identifiers.trial or _STUDY.search(rest) else None
    if code:
        rest = rest.replace(code.upper(), " " * len(code))  # its digits are no amount
    tokens = drop_corrected(tokenize(rest))
    name, rank, others = find_billed_drug(rest, names)
    tokens = blank_amounts(tokens, others)
    named, negated_at = _token_indexes(tokens, names), negated_indexes(tokens)
    tokens = _without_results(tokens, named)
    containers = [token.unit for token in tokens if token.kind == "c" and token.unit]
    amounts = read_amounts(tokens, "MDV" in containers)
    flags = read_flags(tokens, named, negated_at)
    routes = read_routes(tokens, named, negated_at)
    written = name.written if name else (code if flags.investigational else None)
    guess = _guess(tokens, named) if written is None else None
    facts = Narrative(
        drug_name=written or guess,
        name_is_guess=guess is not None,
        matched=name.canonical if name else None,
        dose=amounts.dose,
        dose_is_implied=amounts.dose is not None and amounts.certainty == IMPLIED,
        strength=amounts.strength,
        concentration_only=_is_concentration_only(amounts.dose, amounts.strength),
        route=routes[0] if routes else None,
        routes=routes,
        container=containers[0] if containers else None,
        container_count=amounts.container_count,
        doses_per_container=amounts.doses_per_container,
        amount_per_container=amounts.amount_per_container,
        contents=amounts.contents,
        discarded=amounts.discarded,
        drawn=amounts.drawn,
        ndc=identifiers.ndc,
        ndc_text=identifiers.ndc_text,
        invoice=flags.invoice,
        invoice_amount=identifiers.price,
        trial=identifiers.trial,
        investigational=flags.investigational,
        compound=flags.compound,
        laterality=read_laterality(tokens, named, negated_at),
        dates=identifiers.dates,
        premedication=rank == PREMEDICATION or (name is not None and is_premedication(rest, name)),
    )
    return _FieldFacts(facts, rank, amounts.certainty, flags.filler)


def _is_concentration_only(dose: Amount | None, strength: Strength | None) -> bool:
    return dose is None and strength is not None and strength.per_value == "1"


def _token_indexes(tokens: Sequence[Token], names: Sequence[Name]) -> frozenset[int]:
    """Return the indexes of the tokens that belong to a drug's name."""
    indexes: list[int] = []
    for name in names:
        for index, token in enumerate(tokens):
            if token.end > name.end:
                break
            if token.start >= name.start:
                indexes.append(index)
    return frozenset(indexes)


def _without_results(tokens: Sequence[Token], named: frozenset[int]) -> Sequence[Token]:
    """Turn percentages that are not next to a drug's name into words: PD-L1 50% is a test result."""
    if not named or all(token.kind != "P" for token in tokens):
        return tokens
    return [
        replace(token, kind="W") if token.kind == "P" and not _is_beside(tokens, index, named) else token
        for index, token in enumerate(tokens)
    ]


def _is_beside(tokens: Sequence[Token], index: int, named: frozenset[int]) -> bool:
    before = index - 1
    while before >= 0 and tokens[before].kind in "yl":
        before -= 1
    solution = index + 1 < len(tokens) and tokens[index + 1].kind == "f"  # 20% SOLN
    return solution or before in named or index + 1 in named


def _study_code(rest: str, written: str) -> str | None:
    """Return the sponsor's code of the drug, as written; ``rest`` is the text without its identifiers."""
    for found in _STUDY_CODE.finditer(rest):
        if found[1] and " " in found[0] and is_common_word(found[1]):  # DAY 100, LOT 4711
            continue
        if _BEFORE_OTHER_CODE.search(rest, 0, found.start()) is None:
            return written[found.start() : found.end()]
    return None


def _guess(tokens: Sequence[Token], named: frozenset[int]) -> str | None:
    """Return the first words before an amount that may be a drug's name, in lower case; None if there are none."""
    unnamed = (index for index in range(len(tokens)) if index not in named)
    first = next((index for index in unnamed if may_be_a_name(tokens[index].text)), None)
    if first is None or any(token.kind in "QV" for token in tokens[:first]):
        return None
    last = first
    while last + 1 < len(tokens) and may_be_a_name(tokens[last + 1].text):
        last += 1
    after = "".join([token.kind for token in tokens[last + 1 :]])
    if last - first >= _LONGEST_GUESS or not {"Q", "V"} & set(after):
        return None
    return " ".join([token.text for token in tokens[first : last + 1]]).lower()


def _is_empty(facts: Narrative) -> bool:
    """Return whether no fact was read; the mention of an invoice does not count."""
    return facts == Narrative(invoice=facts.invoice)


#: Facts of which the first field that has one wins, unless `_merge` handles them itself.
_PLAIN: Final = tuple(
    name for name in Narrative.__struct_fields__ if name not in {"generic_text", "concentration_only"}
)


def _merge(fields: Sequence[_FieldFacts]) -> Narrative:
    # Fields about a vehicle or a premedication come last; a premedication is left out if another drug is named.
    fields = sorted(fields, key=lambda field: field.rank in (VEHICLE, PREMEDICATION))
    if any(field.rank < VEHICLE and not field.facts.premedication for field in fields):
        fields = [field for field in fields if not field.facts.premedication]
    merged: dict[str, Any] = {}
    for fact in _PLAIN:
        values = [getattr(field.facts, fact) for field in fields]
        merged[fact] = next((value for value in values if value), values[0])
    named = min(fields, key=lambda field: field.rank)
    if named.rank < NOT_GIVEN:
        merged.update(drug_name=named.facts.drug_name, matched=named.facts.matched)
    with_ndc = next((field.facts for field in fields if field.facts.ndc), None)
    if with_ndc is not None:  # an NDC that could be read, and its spelling
        merged.update(ndc=with_ndc.ndc, ndc_text=with_ndc.ndc_text)
    dosed = min(
        (field for field in fields if field.facts.dose), key=lambda field: field.certainty, default=fields[0]
    )
    routes = tuple(dict.fromkeys(route for field in fields for route in field.facts.routes))
    merged.update(
        dose=dosed.facts.dose,
        dose_is_implied=dosed.facts.dose_is_implied,
        concentration_only=_is_concentration_only(dosed.facts.dose, merged["strength"]),
        routes=routes,
        route=routes[0] if routes else None,
        dates=tuple(dict.fromkeys(day for field in fields for day in field.facts.dates)),
    )
    return Narrative(**merged)
