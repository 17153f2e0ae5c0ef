"""Faults of the words: description and notes, and the route in them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

from msgspec.structs import replace

from generated.clean import Wish
from generated.drugs import UNLIMITED, most_containers, sizes
from generated.faults.base import (
    fault,
    name,
    target,
    with_claim,
    with_drug,
    with_line,
    with_lines,
    with_modifiers,
    with_text,
    without_waste_modifiers,
)
from generated.given import Given, figures
from generated.sample import Sample
from generated.wording import FIELD
from x12proc.testing import Drug, Line, Note

_ROUTES = {"SC": "SUBCUT"}  # SC alone may be a state
_ODD = Decimal("0.37")
_BRIUMVI, _BRIUMVI_CODE = "73150015006", date(2023, 7, 1)


def _dose(sample: Sample) -> str:
    return f"{figures(sample.given.dose)}{sample.given.drug.unit}"


def _size(sample: Sample) -> str:
    """The strength of the container, for the contractors that want it."""
    drug = sample.given.drug
    volume = f"/{figures(drug.volume)}ML" if drug.volume is not None else ""
    return f"{figures(drug.size)}{drug.unit}{volume}"


def _without_route(line: Line) -> tuple[str, ...]:
    return tuple(code for code in line.modifiers if code not in ("JA", "JB"))


@fault("NAR01")
def no_description(sample: Sample, chance: Random) -> Sample | None:
    return with_text(sample, "")


@fault("NAR01", Wish(type="P"))
def description_in_the_note_only(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, description="", notes=(Note("ADD", target(sample).description),))


@fault("NAR02")
def filler_for_a_description(sample: Sample, chance: Random) -> Sample | None:
    fillers = (
        "UNCLASSIFIED BIOLOGIC",
        "SEE NOTE",
        "DRUG",
        "INJECTION",
        "MISC",
        "NOC DRUG",
        "N/A",
        "UNLISTED DRUG",
    )
    return with_text(sample, chance.choice(fillers))


@fault("NAR03")
def no_name(sample: Sample, chance: Random) -> Sample | None:
    return with_text(sample, f"{_dose(sample)} {sample.given.route} {_size(sample)} VIAL")


@fault("NAR04")
def no_dose(sample: Sample, chance: Random) -> Sample | None:
    return with_text(
        sample, f"{name(sample)} {sample.given.route} {chance.choice(('', 'INFUSION', '10MG/KG'))}".strip()
    )


@fault("NAR05", Wish(test=lambda given: given.drug.volume is not None))
def only_a_concentration(sample: Sample, chance: Random) -> Sample | None:
    drug = sample.given.drug
    assert drug.volume is not None
    strength = f"{figures((drug.size / drug.volume).quantize(drug.size / drug.size))}{drug.unit}/ML"
    return with_text(sample, f"{name(sample)} {strength} {_ROUTES.get(sample.given.route, sample.given.route)}")


def _many_sizes(given: Given) -> bool:
    return sizes(given.drug.brand, given.day) > 1


@fault("NAR06", Wish(type="P", test=_many_sizes))
def no_strength(sample: Sample, chance: Random) -> Sample | None:
    """Only where a contractor doesn't take it from the NDC, and of a dose that whole containers don't make up:
    another may name its size."""
    if not sample.market.medicare:
        return None
    dose = f"{figures(sample.given.dose + _ODD)}{sample.given.drug.unit}"
    return with_text(sample, f"{name(sample)} {dose} {sample.given.route}")


@fault("NAR07", also=("NAR06",))
def multiple_dose_vial(sample: Sample, chance: Random) -> Sample | None:
    return with_text(
        sample, f"{name(sample)} {_dose(sample)} {sample.given.route} {chance.choice(('MDV', 'MULTI DOSE VIAL'))}"
    )


@fault("NAR08", options={"enabled": True})
def no_containers(sample: Sample, chance: Random) -> Sample | None:
    if _many_sizes(sample.given):
        return None  # Medicare's contractors would miss the strength
    return with_text(sample, f"{name(sample)} {_dose(sample)} {sample.given.route}")


@fault("NAR09", Wish(waste=False, test=lambda given: given.route in ("IV", "SC")))
def route_in_the_modifier_only(sample: Sample, chance: Random) -> Sample | None:
    modifier = {"IV": "JA", "SC": "JB"}[sample.given.route]
    reported = with_text(sample, f"{name(sample)} {_dose(sample)} {_size(sample)} VIAL")
    return with_modifiers(reported, *_without_route(target(sample)), modifier)


@fault("NAR10", Wish(counted=True, waste=False))
def vials_that_are_not_the_dose(sample: Sample, chance: Random) -> Sample | None:
    given = sample.given
    wrong = given.number + chance.choice((1, 2, 5))
    size = f"{figures(given.drug.size)}{given.drug.unit}"
    return with_text(sample, f"{name(sample)} {_dose(sample)} {given.route} {wrong}X{size}")


@fault("NAR11", Wish(type="P"))
def note_with_another_dose(sample: Sample, chance: Random) -> Sample | None:
    other = f"{figures(sample.given.dose * 2)}{sample.given.drug.unit}"
    return with_text(sample, target(sample).description, f"{name(sample)} {other} {sample.given.route}")


@fault("NAR11", Wish(type="P"))
def note_with_another_name(sample: Sample, chance: Random) -> Sample | None:
    other = chance.choice([brand for brand in ("ULTOMIRIS", "BRIUMVI", "TEZSPIRE") if brand != name(sample)])
    return with_text(sample, target(sample).description, f"{other} {_dose(sample)} {sample.given.route}")


@fault("NAR12")
def telephone_number_in_text(sample: Sample, chance: Random) -> Sample | None:
    more = chance.choice(("CALL 555-010-4477", "OFFICE 555-0142", "QUESTIONS: BILLING@LAKESIDE.EXAMPLE"))
    text = f"{name(sample)} {_dose(sample)} {sample.given.route} {_size(sample)} VIAL {more}".replace(":", "")
    return with_text(sample, text)


@fault("NAR12", also=("NAR06",))
def patient_in_text(sample: Sample, chance: Random) -> Sample | None:
    person = sample.claim.patient or sample.claim.subscriber
    text = f"{name(sample)} {_dose(sample)} {sample.given.route} {_size(sample)} PT {person.first} {person.last}"
    return with_text(sample, text) if len(text) <= FIELD else None


@fault("NAR13")
def text_cut_off(sample: Sample, chance: Random) -> Sample | None:
    text = (
        f"{name(sample)} {_dose(sample)} {sample.given.route} {_size(sample)} VIAL GIVEN IN OFFICE BY REGISTERED "
    )
    return with_text(sample, (text + "PROFESSIONALS" * 5)[:FIELD])


@fault("NAR14", also=("NAR01",))
def one_note_for_two_drugs(sample: Sample, chance: Random) -> Sample | None:
    """What the lines don't say themselves is a fault of its own: NAR01."""
    given = sample.given
    note = Note("ADD", f"{name(sample)} {_dose(sample)} {given.route} AND BRIUMVI 450MG IV")
    bare = with_text(sample, "")
    further = Line(sample.code, "9000", (), "", Drug(_BRIUMVI, "18", "ML"), day=given.day)
    if sample.market.opps or given.drug.ndc == _BRIUMVI or given.day >= _BRIUMVI_CODE:
        return None
    return with_claim(bare, notes=(note,), lines=(*bare.claim.lines, further), other_payers=())


@fault("NAR15", Wish(waste=False, counted=True, test=lambda given: given.drug.unit == "MG"))
def micrograms_for_milligrams(sample: Sample, chance: Random) -> Sample | None:
    if sample.market.medicare and _many_sizes(sample.given):
        return None  # the strength would be missing as well
    return with_text(sample, f"{name(sample)} {_dose(sample).replace('MG', 'MCG')} {sample.given.route}")


@fault("NAR15", Wish(waste=False, test=lambda given: given.drug.unit in ("MG", "UNITS")))
def units_for_milligrams(sample: Sample, chance: Random) -> Sample | None:
    if sample.market.medicare and _many_sizes(sample.given):
        return None
    other = {"MG": "UNITS", "UNITS": "MG"}[sample.given.drug.unit]
    return with_text(sample, f"{name(sample)} {figures(sample.given.dose)} {other} {sample.given.route}")


@fault("NAR18", Wish(waste=False, counted=True, test=lambda given: most_containers(given.drug) < UNLIMITED))
def containers_above_the_label(sample: Sample, chance: Random) -> Sample | None:
    """Dose, containers and NDC quantity agree with each other, and are more than the label allows."""
    count = most_containers(sample.given.drug) + chance.randint(1, 3)
    drug = sample.given.drug
    given = sample.given._replace(dose=drug.size * count, number=count)
    more = sample._replace(given=given)
    text = f"{name(more)} {_dose(more)} {given.route} {count}X{_size(more)} {drug.container or 'VIAL'}"
    return with_text(with_drug(more, quantity=figures(given.quantity)), text)


@fault("NAR16", Wish(waste=False, code="J3590"))
def waste_in_words_only(sample: Sample, chance: Random) -> Sample | None:
    if not sample.given.number or sample.given.drug.container not in ("SDV", "PFS"):
        return None
    if sample.market.opps:  # J3590 is packaged there and takes neither JW nor JZ
        return None
    left = f"{figures(sample.given.drug.size / 10)}{sample.given.drug.unit}"
    reported = with_text(
        sample, f"{name(sample)} {_dose(sample)} {sample.given.route} {_size(sample)} VIAL WASTED {left}"
    )
    return with_modifiers(reported, *without_waste_modifiers(target(sample)))


@fault("NAR17", Wish(kind="antineoplastic", code="J9999"), options={"enabled": True})
def cancer_drug_without_indication(sample: Sample, chance: Random) -> Sample | None:
    return None if sample.market.opps else sample


# -- route ------------------------------------------------------------------------------------------------------


@fault("RTE01")
def no_route(sample: Sample, chance: Random) -> Sample | None:
    reported = with_text(sample, f"{name(sample)} {_dose(sample)} {_size(sample)} VIAL")
    return with_lines(reported, lambda line: replace(line, modifiers=_without_route(line)))


@fault("RTE02", Wish(test=lambda given: given.route in ("IV", "SC")))
def route_of_no_label(sample: Sample, chance: Random) -> Sample | None:
    if {"JA", "JB"} & set(target(sample).modifiers):
        return None  # RTE03 would be another fault
    return with_text(
        sample, f"{name(sample)} {_dose(sample)} {chance.choice(('IM', 'INTRADERMAL'))} {_size(sample)} VIAL"
    )


@fault("RTE03", Wish(test=lambda given: given.route in ("IV", "SC")))
def modifier_of_another_route(sample: Sample, chance: Random) -> Sample | None:
    modifier = {"IV": "JB", "SC": "JA"}[sample.given.route]
    return with_modifiers(sample, *_without_route(target(sample)), modifier)


@fault("RTE04", Wish(test=lambda given: given.route in ("IV", "SC")))
def administration_of_another_route(sample: Sample, chance: Random) -> Sample | None:
    giving = {"IV": "96372", "SC": "96365"}[sample.given.route]
    return with_lines(
        sample, lambda line: replace(line, procedure=giving) if line.procedure.startswith("96") else line
    )


@fault("RTE05", also=("NAR06",))
def self_administered(sample: Sample, chance: Random) -> Sample | None:
    how = chance.choice(("SELF ADMINISTERED", "AUTOINJECTOR", "PEN", "SELF-INJECTED"))
    return with_text(sample, f"{name(sample)} {_dose(sample)} {sample.given.route} {_size(sample)} {how}")


@fault("RTE06", Wish(test=lambda given: given.route in ("IV", "SC")))
def two_routes(sample: Sample, chance: Random) -> Sample | None:
    return with_text(sample, f"{name(sample)} {_dose(sample)} IV/SC {_size(sample)} VIAL")


@fault("RTE07", Wish(code="J3490"))
def put_on_the_skin(sample: Sample, chance: Random) -> Sample | None:
    if {"JA", "JB"} & set(target(sample).modifiers):
        return None
    return with_text(
        sample,
        f"{name(sample)} {_dose(sample)} {chance.choice(('TOPICAL', 'PO', 'INHALED'))} {_size(sample)} VIAL",
    )
