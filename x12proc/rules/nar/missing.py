"""NAR01 to NAR05, NAR09: description, drug name, dose or route missing in the text."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from x12proc.claims.model import ServiceLine
from x12proc.findings import REJECT, WARN, Hit
from x12proc.narrative.unknown_names import unknown_drug_name
from x12proc.reference.ndc import is_placeholder, normalize
from x12proc.reference.strength import read_strengths
from x12proc.rules.base import BIOLOGIC_CODES, Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import changed_service, procedure_composite
from x12proc.rules.shared.dosing import counted, counted_pieces, dosing_of
from x12proc.rules.shared.texts import (
    FIELD_LENGTH,
    description_location,
    route_modifiers,
    text_excerpt,
    text_location,
)
from x12proc.rules.shared.trial_drug import is_blinded, names_study_drug
from x12proc.rules.shared.waste_lines import is_waste_line, other_part, wasted_amount
from x12proc.values import excerpt, format_number, parse_quantity, to_base_unit

_SEVERAL = 2  # containers
_MADE_FOR_ONE = ("cells", "vector-genomes")  # kinds of dose of what is given once, in one treatment
_TREATMENTS = ("dose", "treatment", "infusion", "injection")
_NEW_NAME = (
    "If it is the name of a new drug, keep the text; x12proc reference import loads newer tables. If not, begin "
    "the description with the brand or generic name on the label."
)


@line_rule(
    "NAR01",
    "description-missing",
    severity=REJECT,
    sources=("PAL", "CGS", "WPS", "TEB", "NOR"),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7",
    status="A6:306",
    remittance=("16", "N350", "M123", "MA130"),
    summary="A drug without its own code is billed without a description.",
    fix="Write drug, total dose and route in the description, for example HC:J3590:JZ::::BRIUMVI 450MG IV (at "
    "most 80 characters).",
)
def description_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The code means any drug; only the description shows which one. The guide requires it with every
    unclassified code, and clearinghouses and Medicare reject the claim without it."""
    if line.description.strip():
        return
    location = description_location(line)
    notes = [note for note in ctx.notes(line) if note.text.strip()]
    example = procedure_composite(line, description="BRIUMVI 450MG IV")
    fix = f"Write drug, total dose and route in {location.element}, for example {example} (at most 80 characters)."
    if notes:
        message = f"{location.element} is empty; only the note (NTE*{excerpt(notes[0].code, 3)}) has a text"
        text = notes[0].text.strip()
        moved = changed_service(line, ctx.claim.delimiters, procedure_composite(line, description=text))
        narrative = ctx.read((text,))
        fits = (
            moved and len(text) <= FIELD_LENGTH and (narrative.drug_name is not None or narrative.dose is not None)
        )
        yield Hit(location, message, fix=f"Move the note's text into {location.element}: {moved}" if fits else fix)
    else:
        yield Hit(location, f"{location.element} is empty, and the line has no note with the drug", fix=fix)


def _is_generic(texts: tuple[str, ...], ctx: Context) -> bool:
    """Return whether texts name no drug and say nothing else: UNCLASSIFIED BIOLOGIC, with or without its NDC."""
    narrative = ctx.read(texts)
    if narrative.generic_text or narrative.ndc_text is None:
        return narrative.generic_text
    return ctx.read(tuple(text.replace(narrative.ndc_text, " ") for text in texts)).generic_text


@line_rule(
    "NAR02",
    "description-names-no-drug",
    severity=REJECT,
    sources=("PAL", "NOR", "FCSO"),
    confidence="proposed",
    drug_only=True,
    where="SV101-7, SV202-7",
    status="A6:217",
    remittance=("16", "M123"),
    suppressed_by=("NDC03",),
    summary="The description is a filler such as UNCLASSIFIED DRUG or SEE NOTE instead of a drug.",
    fix="Replace the filler with drug, total dose and route, for example BRIUMVI 450MG IV. Move the text of a "
    "note that has them into the description.",
)
def description_names_no_drug(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The code already says that the drug is unclassified. A payer that reads no more can't price the line,
    and returns it for the drug's name and dose."""
    if line.description.strip() and _is_generic((line.description,), ctx):
        location, text = description_location(line), excerpt(line.description)
        yield Hit(location, f"The description is a filler, not a drug: {text}", text)
        return
    if not ctx.notes(line):
        return
    texts = ctx.texts(line)
    if texts and _is_generic(tuple(text for _, text in texts), ctx):
        location, text = texts[0][0].location, excerpt(texts[0][1])
        yield Hit(location, f"The text is a filler, not a drug: {text}", text)


@line_rule(
    "NAR03",
    "drug-name-missing",
    severity=REJECT,
    sources=("NOR", "PAL", "CGS", "WPS", "NGS", "FCSO", "SEED"),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A6:217",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NDC03"),
    options={"ndc_is_enough": Option(True, "only warn if the tables have the product of the NDC in LIN03")},
    summary="The text has no recognized drug name.",
    fix="Begin the description with the brand or generic name on the label, with its four-letter suffix if it "
    "has one, for example ULTOMIRIS or RAVULIZUMAB-CWVZ.",
)
def drug_name_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The reviewer finds the price of an unclassified drug by its name, and returns a dose and a route without
    a name as unprocessable. A word that may be a new drug's name makes this a warning. Under J3590 that also
    requires an NDC that is in no table: a new biologic is billed before any table has it. In a trial the sponsor's
    code or a blinded arm is the drug's only name."""
    narrative = ctx.narrative(line)
    if not ctx.has_text(line) or (narrative.drug_name is not None and not narrative.name_is_guess):
        return
    if names_study_drug(line, ctx):
        return
    ndc = normalize(line.ndc)
    product = ctx.reference.product(ndc) if ndc else None
    location, value = text_location(line, ctx), text_excerpt(line, ctx)
    message = "The text has no recognized drug name"
    if product is None:
        word = _possible_name(line, ctx)
        words = f"{message}; {word} is in none of the tables" if word else message
        yield Hit(location, words, value, WARN if word else None, _NEW_NAME if word else None)
        return
    name = excerpt(product.name or product.generic, 40)
    severity = WARN if ctx.option("NAR03", "ndc_is_enough") else None
    text = f"{name.upper()} {line.description}".strip()
    named = changed_service(line, ctx.claim.delimiters, procedure_composite(line, description=text))
    fits = named and len(text) <= FIELD_LENGTH and ctx.description(line).dose is not None
    fix = f"Begin the description with the drug's name{f': {named}' if fits else f', {name.upper()}.'}"
    yield Hit(location, f"{message}; by its NDC the drug is {name}", value, severity, fix)


def _possible_name(line: ServiceLine, ctx: Context) -> str | None:
    """Return a word of the texts that may name a drug no table lists. The tables hold biologics and what Medicare
    prices: most drugs under J3490 are in none, but a biologic under J3590 only when it is new, and then its NDC
    isn't either."""
    biologic = line.procedure.upper() in BIOLOGIC_CODES
    if biologic and (normalize(line.ndc) is None or is_placeholder(line.ndc)):
        return None
    word = unknown_drug_name([text for _, text in ctx.texts(line)], ctx.reference.lexicon())
    return word and excerpt(word, 30)


@line_rule(
    "NAR04",
    "dose-missing",
    severity=REJECT,
    sources=("PAL", "WPS", "NOR", "NGS"),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A6:217",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NAR05", "NDC03"),
    options={"waste_in_words": Option(False, "warn of a JW line that only repeats the given line's dose")},
    summary="The text doesn't say how much of the drug was given.",
    fix="Add the total amount with its unit after the drug's name, for example BRIUMVI 450MG IV. A rate such as "
    "10 MG/KG is not the total.",
)
def dose_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The line is billed as one unit whatever was given, so the payer takes the amount from the text. Without a
    total dose it can't price the line. A line with JW says what was discarded instead. Of a drug that is dosed by
    the piece (vials of an antivenom, implants, sheets) the number of pieces is the dose. A cell or gene therapy
    whose text counts something else is asked for its amount. Of a blinded arm nobody knows more than what was
    opened."""
    if is_waste_line(line):
        yield from _waste_amount_missing(line, ctx)
        return
    count = _containers_billed(line, ctx)
    if count is not None:
        message = (
            f"The text says what one container holds, not the dose; CTP04 bills {format_number(count)} containers"
        )
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))
    if not ctx.has_text(line) or ctx.narrative(line).dose is not None or _is_counted(line, ctx):
        return
    if _is_one_package(line, ctx):
        return
    location, value = text_location(line, ctx), text_excerpt(line, ctx)
    if _is_one_treatment(line, ctx):
        message = "The text counts treatments or containers, but has no amount such as cells or vector genomes"
        yield Hit(location, message, value, WARN)
    else:
        yield Hit(location, "The text has no total dose with a unit", value)


def _containers_billed(line: ServiceLine, ctx: Context) -> Decimal | None:
    """Return how many containers the NDC quantity is, where it is several and the text gives the content of one
    alone (400MG/20ML): that is then its strength, not the dose."""
    narrative, drug = ctx.narrative(line), line.drug
    strength = narrative.strength
    if (
        not narrative.dose_is_implied
        or narrative.compound
        or drug is None
        or strength is None
        or strength.per_value is None
    ):
        return None
    quantity = parse_quantity(drug.quantity)
    one = Decimal(1) if drug.unit == "UN" else parse_quantity(strength.per_value)
    if quantity is None or one is None or one <= 0 or drug.unit not in ("UN", strength.per_unit):
        return None
    if quantity == parse_quantity(strength.value):
        return None  # the amount was sent as quantity: QTY06
    count = quantity / one
    return count if count >= _SEVERAL and count == count.to_integral_value() else None


def _is_one_package(line: ServiceLine, ctx: Context) -> bool:
    """Return whether what looks like a concentration is what a container of one milliliter holds: 60MG/ML PFS of a
    drug that is sold as 60 mg in 1 mL."""
    narrative, ndc = ctx.narrative(line), normalize(line.ndc)
    strength, product = narrative.strength, ctx.reference.product(ndc) if ndc else None
    if strength is None or narrative.container is None or product is None or strength.per_value != "1":
        return False
    own = to_base_unit(strength.value, strength.unit)
    return any(
        not one.per_ml and one.volume == 1 and to_base_unit(format_number(one.amount), one.unit) == own
        for one in read_strengths(product.strength)
    )


def _is_counted(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the text counts pieces, which are then the dose."""
    if counted_pieces(line, ctx) is not None:
        return True
    blinded = ctx.narrative(line).container_count and any(is_blinded(text) for _, text in ctx.texts(line))
    return bool(blinded) and names_study_drug(line, ctx)


def _is_one_half(line: ServiceLine, ctx: Context) -> bool:
    """Return whether as much was discarded as given, by NDC quantity: then the dose is the waste as well."""
    other, (quantity, unit) = other_part(line, ctx), _ndc_quantity(line)
    return other is not None and quantity is not None and (quantity, unit) == _ndc_quantity(other)


def _ndc_quantity(line: ServiceLine) -> tuple[Decimal | None, str]:
    """Return CTP04 and CTP05-1."""
    return (parse_quantity(line.drug.quantity), line.drug.unit) if line.drug else (None, "")


def _waste_amount_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Yield a hit for a JW line without the discarded amount; for one that repeats the given line's dose only
    where the payer wants that."""
    if not ctx.has_text(line) or wasted_amount(line, ctx) is not None:
        return
    location, value = text_location(line, ctx), text_excerpt(line, ctx)
    fix = "Write the discarded amount, for example BRIUMVI 50MG WASTED. The given line has the dose."
    if ctx.narrative(line).dose is None:
        yield Hit(location, "The text of this JW line has no discarded amount", value, fix=fix)
    elif ctx.option("NAR04", "waste_in_words") and not _is_one_half(line, ctx):
        message = "The text of this JW line repeats the given line's dose instead of the discarded amount"
        yield Hit(location, message, value, WARN, fix)


def _is_one_treatment(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the drug is dosed by cells or vector genomes, and the text counts its doses, bags, vials or
    kits."""
    dosing = dosing_of(line, ctx)
    if dosing is None or dosing.kind not in _MADE_FOR_ONE:
        return False
    return ctx.narrative(line).container_count is not None or counted(line, ctx, _TREATMENTS) is not None


@line_rule(
    "NAR05",
    "only-a-concentration",
    severity=WARN,
    sources=("PAL",),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A7:217",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NDC03"),
    summary="The text has the drug's concentration but not the total dose.",
    fix="Write the total amount given, and the strength after it, for example ULTOMIRIS 3300MG IV 100MG/ML.",
)
def only_a_concentration(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A concentration says what is in the vial, not how much the patient got. One Medicare contractor rejects
    a text in mg/mL unless the drug is compounded."""
    narrative = ctx.narrative(line)
    if (
        narrative.compound
        or not narrative.concentration_only
        or narrative.strength is None
        or _is_one_package(line, ctx)
    ):
        return
    strength = narrative.strength
    message = f"{excerpt(strength.value, 40)} {strength.unit}/{strength.per_unit} is a concentration, not a dose"
    yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx))


@line_rule(
    "NAR09",
    "route-only-in-modifier",
    severity=WARN,
    sources=("WPS", "NGS", "AAO"),
    confidence="verified",
    drug_only=True,
    where="SV101-7, SV202-7, NTE02",
    status="A6:223",
    remittance=("16", "M123"),
    suppressed_by=("NAR02", "NDC03"),
    summary="Only modifier JA or JB shows the route; the text doesn't.",
    fix="Add the route to the text, too: IV with JA, SC with JB, for example OMVOH 300MG IV.",
)
def route_only_in_modifier(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Payers that price an unclassified drug by hand want the route in words. Not all of them read JA and
    JB."""
    modifiers = route_modifiers(line)
    if modifiers and not is_waste_line(line) and ctx.has_text(line) and ctx.narrative(line).route is None:
        message = f"The text has no route; only modifier {' and '.join(modifiers)} shows it"
        text = f"{line.description.rstrip()} {'IV' if modifiers == ['JA'] else 'SC'}"
        added = (
            changed_service(line, ctx.claim.delimiters, procedure_composite(line, description=text))
            if len(modifiers) == 1
            else ""
        )
        fix = f"Send {added}" if added and line.description.strip() and len(text) <= FIELD_LENGTH else None
        yield Hit(text_location(line, ctx), message, text_excerpt(line, ctx), fix=fix)
