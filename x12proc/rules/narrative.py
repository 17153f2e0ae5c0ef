"""Rules on the words that tell the payer what was given (SV101-7, SV202-7, line and claim notes)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from decimal import Context as Arithmetic

from x12proc.claims.model import Location, ServiceLine, Spot, at, missing
from x12proc.findings import INFO, REJECT, WARN, Hit
from x12proc.narrative import Amount, Narrative
from x12proc.narrative.tokens import word_set
from x12proc.narrative.unlisted import unlisted_name
from x12proc.reference.ndc import is_placeholder, normalise
from x12proc.reference.strength import read_strengths
from x12proc.rules.base import BIOLOGIC_CODES, Option, line_rule
from x12proc.rules.context import Context
from x12proc.rules.dosing import counted, counted_pieces, dosing_of, vials_disagree
from x12proc.rules.paste import procedure, service
from x12proc.rules.trial_drug import is_blinded, names_study_drug
from x12proc.rules.waste_pair import has_other_packages, is_waste_line, other_part, wasted_amount
from x12proc.values import in_base_unit, parse_quantity, plain, shorten

FIELD_LENGTH = 80  # characters of SV101-7, SV202-7, NTE02 and K301
_ROUTE_MODIFIERS = ("JA", "JB")
_SEVERAL = 2  # containers
_ROUNDING = Decimal("0.01")  # of an amount: offices write 46 MG for 46.4
_EXACT = Arithmetic(prec=100)  # more digits than any text's numbers multiply to
_LAST_WORD = re.compile(r"[A-Za-z0-9.\-/%]+\Z")
_AMOUNT_OR_NUMBER = re.compile(
    r"[0-9][0-9.,/]*(?:MG|MCG|G|GM|ML|CC|IU|U|UNITS?|VIALS?|%)(?:/[0-9.]*ML)?|[0-9]{11}"
)
_WHOLE_WORDS = word_set(
    "ADMIN ADMINISTERED BAG CC DISCARDED DOSE EYE G GIVEN GM IM INFUSION INJ INJECTION INTRAMUSCULAR INTRAVENOUS "
    "INTRAVITREAL IU IV IVP IVPB IVT JW JZ KIT KITS LEFT LT MCG MDV MG ML OD ONCE OS OU PFS PUSH RIGHT RT SC SDV "
    "SINGLE SQ SUBCUT SUBCUTANEOUS SUBQ SYRINGE TOTAL UNIT UNITS VIAL VIALS WASTE WASTED X1"
)
_MADE_FOR_ONE = ("cells", "vector-genomes")  # kinds of dose of what is given once, in one treatment
_TREATMENTS = ("dose", "treatment", "infusion", "injection")
_NEW_NAME = (
    "If it is the name of a new drug, keep the text; x12proc reference import loads newer tables. If not, begin "
    "the description with the brand or generic name on the label."
)


def description_place(line: ServiceLine) -> Location:
    """Where the description stands or should stand: SV101-7 or SV202-7."""
    if line.service is None:  # pragma: no cover - a target line bills a code, so it has SV1 or SV2
        return missing(line.lx, "2400", "SV101-7")
    return at(line.service, 1 if line.service.tag == "SV1" else 2, 7)


def spoken(line: ServiceLine, ctx: Context) -> list[tuple[Spot, str]]:
    """Every text that speaks of a line and its place: the description first, then the notes."""
    return ctx.spoken(line)


def text_place(line: ServiceLine, ctx: Context) -> Location:
    """Where the words of a line begin: its description, or the first note that stands in for it."""
    texts = spoken(line, ctx)
    return texts[0][0].location if texts else description_place(line)


def text_shown(line: ServiceLine, ctx: Context) -> str | None:
    """The first text of a line as a finding's value."""
    texts = spoken(line, ctx)
    return shorten(texts[0][1]) if texts else None


def named_drug(line: ServiceLine, ctx: Context) -> str | None:
    """The drug's name as the text has it, if it is a known one."""
    said = ctx.narrative(line)
    return said.drug_name if said.matched else None


def kinds_of_drug(line: ServiceLine, ctx: Context) -> frozenset[str]:
    """What kinds of product the drug is of (vaccine, cell-therapy and so on), by LIN03, else by its name."""
    return ctx.reference.classes(normalise(line.ndc), named_drug(line, ctx))


def route_modifiers(line: ServiceLine) -> list[str]:
    """JA (intravenous) and JB (subcutaneous), those that the line has."""
    return [code for code in _ROUTE_MODIFIERS if code in line.given_modifiers]


@line_rule(
    "NAR01",
    "description-missing",
    severity=REJECT,
    sources=("PAL", "CGS", "WPS", "TEB", "NOR"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
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
    place = description_place(line)
    notes = [note for note in ctx.notes(line) if note.text.strip()]
    example = procedure(line, description="BRIUMVI 450MG IV")
    fix = f"Write drug, total dose and route in {place.element}, for example {example} (at most 80 characters)."
    if notes:
        message = f"{place.element} is empty; only the note (NTE*{shorten(notes[0].code, 3)}) has a text"
        text = notes[0].text.strip()
        moved = service(line, ctx.claim.delimiters, procedure(line, description=text))
        said = ctx.read((text,))
        fits = moved and len(text) <= FIELD_LENGTH and (said.drug_name is not None or said.dose is not None)
        yield Hit(place, message, fix=f"Move the note's text into {place.element}: {moved}" if fits else fix)
    else:
        yield Hit(place, f"{place.element} is empty, and the line has no note with the drug", fix=fix)


def _is_generic(texts: tuple[str, ...], ctx: Context) -> bool:
    """Whether texts name no drug and say nothing else: UNCLASSIFIED BIOLOGIC, with or without its NDC."""
    said = ctx.read(texts)
    if said.generic_text or said.ndc_text is None:
        return said.generic_text
    return ctx.read(tuple(text.replace(said.ndc_text, " ") for text in texts)).generic_text


@line_rule(
    "NAR02",
    "description-names-no-drug",
    severity=REJECT,
    sources=("PAL", "NOR", "FCSO"),
    confidence="P",
    since="0.1.0",
    drug_alone=True,
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
        place, text = description_place(line), shorten(line.description)
        yield Hit(place, f"The description is a filler, not a drug: {text}", text)
        return
    if not ctx.notes(line):
        return
    texts = spoken(line, ctx)
    if texts and _is_generic(tuple(text for _, text in texts), ctx):
        place, text = texts[0][0].location, shorten(texts[0][1])
        yield Hit(place, f"The text is a filler, not a drug: {text}", text)


@line_rule(
    "NAR03",
    "drug-name-missing",
    severity=REJECT,
    sources=("NOR", "PAL", "CGS", "WPS", "NGS", "FCSO", "SEED"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
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
    said = ctx.narrative(line)
    if not ctx.has_text(line) or (said.drug_name is not None and not said.name_is_guess):
        return
    if names_study_drug(line, ctx):
        return
    ndc = normalise(line.ndc)
    product = ctx.reference.product(ndc) if ndc else None
    place, value = text_place(line, ctx), text_shown(line, ctx)
    message = "The text has no recognized drug name"
    if product is None:
        word = _possible_name(line, ctx)
        told = f"{message}; {word} is in none of the tables" if word else message
        yield Hit(place, told, value, WARN if word else None, _NEW_NAME if word else None)
        return
    name = shorten(product.name or product.generic, 40)
    severity = WARN if ctx.option("NAR03", "ndc_is_enough") else None
    text = f"{name.upper()} {line.description}".strip()
    named = service(line, ctx.claim.delimiters, procedure(line, description=text))
    fits = named and len(text) <= FIELD_LENGTH and ctx.description(line).dose is not None
    fix = f"Begin the description with the drug's name{f': {named}' if fits else f', {name.upper()}.'}"
    yield Hit(place, f"{message}; by its NDC the drug is {name}", value, severity, fix)


def _possible_name(line: ServiceLine, ctx: Context) -> str | None:
    """A word of the texts that may name a drug no table lists. The tables hold biologics and what Medicare prices:
    most drugs under J3490 are in none, but a biologic under J3590 only when it is new, and then its NDC isn't
    either."""
    biologic = line.procedure.upper() in BIOLOGIC_CODES
    if biologic and (normalise(line.ndc) is None or is_placeholder(line.ndc)):
        return None
    word = unlisted_name([text for _, text in spoken(line, ctx)], ctx.reference.lexicon())
    return word and shorten(word, 30)


@line_rule(
    "NAR04",
    "dose-missing",
    severity=REJECT,
    sources=("PAL", "WPS", "NOR", "NGS"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
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
        message = f"The text says what one container holds, not the dose; CTP04 bills {plain(count)} containers"
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx))
    if not ctx.has_text(line) or ctx.narrative(line).dose is not None or _is_counted(line, ctx):
        return
    if _is_one_package(line, ctx):
        return
    place, value = text_place(line, ctx), text_shown(line, ctx)
    if _is_one_treatment(line, ctx):
        message = "The text counts treatments or containers, but has no amount such as cells or vector genomes"
        yield Hit(place, message, value, WARN)
    else:
        yield Hit(place, "The text has no total dose with a unit", value)


def _containers_billed(line: ServiceLine, ctx: Context) -> Decimal | None:
    """How many containers the NDC quantity is, where it is several and the text gives the content of one alone
    (400MG/20ML): that is then its strength, not the dose."""
    said, drug = ctx.narrative(line), line.drug
    strength = said.strength
    if not said.dose_is_implied or said.compound or drug is None or strength is None or strength.per_value is None:
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
    """Whether what looks like a concentration is what a container of one milliliter holds: 60MG/ML PFS of a drug
    that is sold as 60 mg in 1 mL."""
    said, ndc = ctx.narrative(line), normalise(line.ndc)
    strength, product = said.strength, ctx.reference.product(ndc) if ndc else None
    if strength is None or said.container is None or product is None or strength.per_value != "1":
        return False
    own = in_base_unit(strength.value, strength.unit)
    return any(
        not one.per_ml and one.volume == 1 and in_base_unit(plain(one.amount), one.unit) == own
        for one in read_strengths(product.strength)
    )


def _is_counted(line: ServiceLine, ctx: Context) -> bool:
    """Whether the text counts what stands for the dose."""
    if counted_pieces(line, ctx) is not None:
        return True
    blinded = ctx.narrative(line).container_count and any(is_blinded(text) for _, text in spoken(line, ctx))
    return bool(blinded) and names_study_drug(line, ctx)


def _is_one_half(line: ServiceLine, ctx: Context) -> bool:
    """Whether as much was discarded as given, by NDC quantity: then the dose is the waste as well."""
    other, (quantity, unit) = other_part(line, ctx), _ndc_quantity(line)
    return other is not None and quantity is not None and (quantity, unit) == _ndc_quantity(other)


def _ndc_quantity(line: ServiceLine) -> tuple[Decimal | None, str]:
    """CTP04 and CTP05-1."""
    return (parse_quantity(line.drug.quantity), line.drug.unit) if line.drug else (None, "")


def _waste_amount_missing(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A JW line without the discarded amount; one that repeats the given line's dose only where the payer asks."""
    if not ctx.has_text(line) or wasted_amount(line, ctx) is not None:
        return
    place, value = text_place(line, ctx), text_shown(line, ctx)
    fix = "Write the discarded amount, for example BRIUMVI 50MG WASTED. The given line has the dose."
    if ctx.narrative(line).dose is None:
        yield Hit(place, "The text of this JW line has no discarded amount", value, fix=fix)
    elif ctx.option("NAR04", "waste_in_words") and not _is_one_half(line, ctx):
        message = "The text of this JW line repeats the given line's dose instead of the discarded amount"
        yield Hit(place, message, value, WARN, fix)


def _is_one_treatment(line: ServiceLine, ctx: Context) -> bool:
    """Whether the drug is dosed by cells or vector genomes, and the text counts its doses, bags, vials or kits."""
    dosing = dosing_of(line, ctx)
    if dosing is None or dosing.kind not in _MADE_FOR_ONE:
        return False
    return ctx.narrative(line).container_count is not None or counted(line, ctx, _TREATMENTS) is not None


@line_rule(
    "NAR05",
    "only-a-concentration",
    severity=WARN,
    sources=("PAL",),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
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
    said = ctx.narrative(line)
    if said.compound or not said.concentration_only or said.strength is None or _is_one_package(line, ctx):
        return
    strength = said.strength
    message = f"{shorten(strength.value, 40)} {strength.unit}/{strength.per_unit} is a concentration, not a dose"
    yield Hit(text_place(line, ctx), message, text_shown(line, ctx))


@line_rule(
    "NAR09",
    "route-only-in-modifier",
    severity=WARN,
    sources=("WPS", "NGS", "AAO"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
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
            service(line, ctx.claim.delimiters, procedure(line, description=text)) if len(modifiers) == 1 else ""
        )
        fix = f"Send {added}" if added and line.description.strip() and len(text) <= FIELD_LENGTH else None
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx), fix=fix)


# -- what the text says twice -----------------------------------------------------------------------------------


def _sum_of_containers(said: Narrative) -> tuple[Decimal, Decimal, str] | None:
    """What the containers of a text hold together, what the smallest of them holds, and the unit."""
    total, sizes, units = Decimal(0), [], set()
    for content in said.contents:
        count, size = parse_quantity(content.count), in_base_unit(content.amount.value, content.amount.unit)
        if count is None or size is None:  # pragma: no cover - the reader gives numbers, and units that it knows
            return None
        total = _EXACT.add(total, _EXACT.multiply(count, size[0]))
        sizes.append(size[0])
        units.add(size[1])
    return (total, min(sizes), units.pop()) if len(units) == 1 else None


def _says_twice(line: ServiceLine, ctx: Context, dose: Amount) -> bool:
    """Whether the dose stands in the text apart from the containers, so that it wasn't summed up from them."""
    text = " ".join(text for _, text in spoken(line, ctx)).replace(",", "")
    written = len(re.findall(rf"(?<![0-9.]){re.escape(dose.value)}(?![0-9])", text))
    return written > sum(content.amount == dose for content in ctx.narrative(line).contents)


def _disagreement(line: ServiceLine, ctx: Context) -> str:
    """Why the containers don't make up the dose, in numbers; empty when they do or nothing can be compared."""
    said = ctx.narrative(line)
    if is_waste_line(line):
        wrong = _waste_disagreement(line, ctx)
        if wrong or said.discarded is None:  # its only amount is the waste: no dose to compare containers with
            return wrong
    if not said.contents:
        return "" if other_part(line, ctx) else vials_disagree(line, ctx)
    held = _sum_of_containers(said)
    dose = in_base_unit(said.dose.value, said.dose.unit) if said.dose else None
    if held is None or said.dose is None or dose is None or dose[1] != held[2]:
        return ""
    total, smallest, unit = held
    if said.discarded is None and other_part(line, ctx) is not None:
        return ""  # the JW line says the rest, and is compared with this one
    if said.discarded is None:
        # What is left of the last vial may go unsaid (modifiers tell it), but no vial is opened for nothing.
        agrees = Decimal(0) <= total - dose[0] < smallest or (total < dose[0] and has_other_packages(line, ctx))
        return "" if agrees else f"{_sum_told(said, held)}, but the dose is {said.dose.value} {said.dose.unit}"
    wasted = in_base_unit(said.discarded.value, said.discarded.unit)
    if wasted is None or (wasted[1] != unit and wasted[0] != 0) or total == _EXACT.add(dose[0], wasted[0]):
        return ""
    if total == dose[0] and not _says_twice(line, ctx, said.dose):
        return ""
    whole = plain(_EXACT.add(dose[0], wasted[0]))
    given = f"dose {plain(dose[0])} {unit} + discarded {plain(wasted[0])} {unit}"
    return f"{_sum_told(said, held)}, but {given} = {whole} {unit}"


def _waste_disagreement(line: ServiceLine, ctx: Context) -> str:
    """Why the amounts discarded and given don't make up whole containers, in numbers; empty when they do, or when
    an amount or the containers' size is unknown."""
    given_line, wasted = other_part(line, ctx), wasted_amount(line, ctx)
    if given_line is None or has_other_packages(line, ctx):
        return ""
    said, own = ctx.narrative(given_line), ctx.narrative(line)
    given, discarded = _in_base(said.dose), _in_base(wasted or said.discarded)
    if given is None or discarded is None or given[1] != discarded[1]:
        return ""
    unit, together = given[1], _EXACT.add(given[0], discarded[0])
    told = f"Given {plain(given[0])} {unit} + discarded {plain(discarded[0])} {unit} = {plain(together)} {unit}"
    also = _in_base(said.discarded) if wasted else None
    if also and also[1] == unit and also[0] != discarded[0] and also[0] != 0:
        return (
            f"This JW line discards {plain(discarded[0])} {unit}, but the given line says {plain(also[0])} {unit}"
        )
    drawn = _in_base(own.drawn or said.drawn)
    if drawn and drawn[1] == unit:
        return "" if _is_near(together, drawn[0]) else f"{told}, but {plain(drawn[0])} {unit} were drawn"
    held = _sum_of_containers(said) or _sum_of_containers(own)
    if held is not None and held[2] == unit:
        return "" if _is_near(together, held[0]) else f"{told}, but the containers hold {plain(held[0])} {unit}"
    sizes = _container_sizes(line, given_line, ctx, unit)
    return _short_of_whole(together, sizes, unit, told) if sizes else ""


def _in_base(amount: Amount | None) -> tuple[Decimal, str] | None:
    return in_base_unit(amount.value, amount.unit) if amount else None


def _is_near(amount: Decimal, whole: Decimal) -> bool:
    """Equal but for rounding: offices write whole milligrams."""
    return abs(amount - whole) <= whole * _ROUNDING


def _container_sizes(line: ServiceLine, given_line: ServiceLine, ctx: Context, unit: str) -> list[Decimal]:
    """What one container may hold, by either text or by the tables, largest first."""
    said, own = ctx.narrative(given_line), ctx.narrative(line)
    told = {said.amount_per_container, own.amount_per_container} - {None, said.dose, own.dose, own.discarded}
    sizes = [_in_base(amount) for amount in told]
    if not sizes:
        ndc = normalise(line.ndc)
        product = ctx.reference.product(ndc) if ndc else None
        listed = read_strengths(product.strength) if product else ()
        sizes = [in_base_unit(plain(one.amount), one.unit) for one in listed if not one.per_ml]
    return sorted({size[0] for size in sizes if size and size[1] == unit and size[0] > 0}, reverse=True)


def _short_of_whole(together: Decimal, sizes: Sequence[Decimal], unit: str, told: str) -> str:
    """How far an amount is from whole containers; empty when it is near some number of them."""
    if len(sizes) > 1:
        return ""  # any mixture of sizes may have been opened
    count = (together / sizes[0]).to_integral_value(ROUND_HALF_EVEN)
    whole = _EXACT.multiply(max(count, Decimal(1)), sizes[0])
    if _is_near(together, whole):
        return ""
    up = _EXACT.multiply((together / sizes[0]).to_integral_value(ROUND_CEILING), sizes[0])
    short = plain(_EXACT.subtract(up, together))
    return (
        f"{told}: {short} {unit} less than whole containers of {plain(sizes[0])} {unit} hold ({plain(up)} {unit})"
    )


def _sum_told(said: Narrative, held: tuple[Decimal, Decimal, str]) -> str:
    sums = " + ".join(f"{c.count} x {c.amount.value} {c.amount.unit}" for c in said.contents)
    return f"{shorten(sums, 60)} = {plain(held[0])} {held[2]}"


@line_rule(
    "NAR10",
    "vials-and-dose-disagree",
    severity=WARN,
    sources=("PAL",),
    confidence="P",
    since="0.1.0",
    drug_alone=True,
    where="SV101-7, SV202-7, NTE02",
    status="A8:217",
    remittance=("16", "M123"),
    summary="The containers in the text don't add up to the dose and the discarded amount.",
    fix="Correct dose, vials, strength or waste: vials x strength = dose + discarded. For example, 420MG IV "
    "4X125MG SDV WASTED 80MG is 500 = 420 + 80.",
)
def vials_and_dose_disagree(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A reviewer multiplies vials by strength. If the product differs from the dose, one of the numbers is
    wrong, and contradicting information is a reason to reject the line."""
    message = _disagreement(line, ctx)
    if message:
        yield Hit(text_place(line, ctx), message, text_shown(line, ctx))


def _same_drug(one: str, other: str) -> bool:
    """A name with and one without its biosimilar suffix are not told apart."""
    return one == other or one.startswith(other + "-") or other.startswith(one + "-")


def _contradicting_amounts(own: Narrative, note: Narrative) -> Iterator[str]:
    """Amounts that differ though they have the same role: given with given, discarded with discarded, drawn with
    given and discarded together."""
    roles = [("dose", own.dose, note.dose), ("discarded", own.discarded, note.discarded)]
    given, wasted, drawn = _in_base(own.dose or note.dose), _in_base(own.discarded or note.discarded), note.drawn
    for role, one, other in roles:
        first, second = _in_base(one), _in_base(other)
        if one and other and first and second and first[1] == second[1] and first[0] != second[0]:
            yield f"{role} {one.value} {one.unit} and {other.value} {other.unit}"
    whole = _in_base(drawn or own.drawn)
    if given and wasted and whole and given[1] == wasted[1] == whole[1]:
        together = _EXACT.add(given[0], wasted[0])
        if not _is_near(together, whole[0]):
            parts = f"{plain(given[0])} given + {plain(wasted[0])} discarded"
            yield f"{parts} and {plain(whole[0])} {whole[1]} drawn"


def _contradictions(own: Narrative, note: Narrative, compare_ndc: bool) -> Iterator[str]:
    if own.matched and note.matched and not _same_drug(own.matched, note.matched):
        yield f"drug {shorten(own.drug_name or '', 40)} and {shorten(note.drug_name or '', 40)}"
    yield from _contradicting_amounts(own, note)
    if compare_ndc and own.ndc and note.ndc and own.ndc != note.ndc:
        yield f"NDC {own.ndc} and {note.ndc}"


@line_rule(
    "NAR11",
    "description-and-note-contradict",
    severity=WARN,
    applies="P",
    sources=("PAL",),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="SV101-7; 2400 and 2300 NTE02",
    status="A8:217",
    second_status="A8:586",
    remittance=("16", "M123"),
    summary="Description and note have different drugs, doses or NDCs.",
    fix="Compare both with the record and correct the wrong one, or delete the note: the description alone is "
    "enough.",
)
def description_and_note_contradict(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The payer reads both texts. If they disagree, it can't know which is true, and Medicare may reject the
    line."""
    notes = ctx.notes(line)
    if not notes:
        return
    own = ctx.description(line)
    compare_ndc = normalise(line.ndc) is None  # else NDC12 compares each text with LIN03
    for note in notes:
        said = ctx.read((note.text,))
        if own.compound or said.compound or said.companion:
            continue
        wrong = "; ".join(_contradictions(own, said, compare_ndc))
        if wrong:
            message = f"Description and note (NTE*{shorten(note.code, 3)}) differ: {wrong}"
            yield Hit(at(note.segment, 2), message, shorten(note.text))


@line_rule(
    "NAR13",
    "text-probably-cut-off",
    severity=INFO,
    sources=("CGS", "NOR"),
    confidence="V",
    since="0.1.0",
    drug_alone=True,
    where="SV101-7, SV202-7, NTE02",
    summary="A text fills its 80 characters and ends in the middle of a word.",
    fix="Shorten the text to end with a whole word: drug, total dose and route first. Move the rest to NTE*ADD "
    "(837P) or to an attachment announced by PWK.",
)
def text_probably_cut_off(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Billing programs cut texts at 80 characters without a warning. The lost part may be the dose or the
    NDC."""
    for spot, text in spoken(line, ctx):
        if len(text) == FIELD_LENGTH and _ends_cut(text):
            place = spot.location
            yield Hit(
                place,
                f"{place.element} is full and seems cut off at '{shorten(_last_word(text), 30)}'",
                shorten(text),
            )


def _last_word(text: str) -> str:
    found = _LAST_WORD.search(text)
    return found[0] if found else ""


def _ends_cut(text: str) -> bool:
    """Whether the last word is none that usually ends a text, nor a whole amount or NDC."""
    word = _last_word(text).upper()
    if not word or not word[-1].isalnum() or word in _WHOLE_WORDS:
        return False
    return _AMOUNT_OR_NUMBER.fullmatch(word) is None and normalise(word) is None
