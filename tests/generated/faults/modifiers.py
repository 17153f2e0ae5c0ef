"""Faults of modifiers, and of what gives the drug."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from msgspec.structs import replace

from generated.clean import WASTE_MODIFIERS_SINCE, Wish
from generated.faults.base import (
    fault,
    name,
    others,
    target,
    targets,
    with_claim,
    with_line,
    with_lines,
    with_modifiers,
    with_text,
    without_waste_modifiers,
)
from generated.given import Given, figures
from generated.sample import Sample


def _reported(sample: Sample, *more: str) -> str:
    """Name, dose, route and strength in plain words, and something more."""
    drug = sample.given.drug
    volume = f"/{figures(drug.volume)}ML" if drug.volume is not None else ""
    size = f"{figures(drug.size)}{drug.unit}{volume} VIAL"
    return " ".join((name(sample), f"{figures(sample.given.dose)}{drug.unit}", sample.given.route, size, *more))


def _single_dose(given: Given) -> bool:
    return given.drug.container in ("SDV", "PFS")


@fault("MOD01", Wish(type="P", since=WASTE_MODIFIERS_SINCE, waste=False, test=_single_dose))
def neither_jw_nor_jz(sample: Sample, chance: Random) -> Sample | None:
    return with_modifiers(sample, *without_waste_modifiers(target(sample)))


@fault("MOD02", Wish(waste=False, code="J3590"))
def jw_and_jz_on_a_line(sample: Sample, chance: Random) -> Sample | None:
    return with_modifiers(sample, "JW", "JZ", *without_waste_modifiers(target(sample))[:2])


@fault("MOD02", Wish(waste=True, code="J3590"))
def jz_beside_a_waste_line(sample: Sample, chance: Random) -> Sample | None:
    return with_modifiers(sample, "JZ", *target(sample).modifiers[:3]) if len(targets(sample)) == 2 else None


@fault("MOD03", Wish(waste=False))
def jz_and_waste_in_text(sample: Sample, chance: Random) -> Sample | None:
    if not sample.given.number:
        return None
    left = f"WASTED {figures(sample.given.drug.size / 10)}{sample.given.drug.unit}"
    reported = with_text(sample, _reported(sample, left))
    return with_modifiers(reported, "JZ", *without_waste_modifiers(target(sample)))


@fault("MOD04", Wish(waste=False, code="J3590"))
def waste_line_alone(sample: Sample, chance: Random) -> Sample | None:
    return with_modifiers(sample, "JW", *without_waste_modifiers(target(sample)))


@fault("MOD05")
def jz_on_a_multiple_dose_vial(sample: Sample, chance: Random) -> Sample | None:
    if len(targets(sample)) > 1:
        return None
    reported = with_text(sample, _reported(sample).replace(" VIAL", " MDV 10 DOSES/VIAL"))
    return with_modifiers(reported, "JZ", *without_waste_modifiers(target(sample)))


@fault("MOD06", Wish(profile="medicare-b-noridian", test=lambda given: {"IV", "SC"} <= set(given.drug.routes)))
def no_route_modifier(sample: Sample, chance: Random) -> Sample | None:
    return with_modifiers(sample, *(code for code in target(sample).modifiers if code not in ("JA", "JB")))


@fault("MOD08", Wish(since=date(2025, 1, 1)))
def discount_modifier_after_its_end(sample: Sample, chance: Random) -> Sample | None:
    return with_modifiers(sample, *(code for code in target(sample).modifiers if code != "TB"), "JG")


@fault("MOD09", Wish(route="INTRAVITREAL"))
def no_eye(sample: Sample, chance: Random) -> Sample | None:
    return with_lines(sample, lambda line: replace(line, modifiers=_without_eye(line.modifiers)))


def _without_eye(modifiers: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code for code in modifiers if code not in ("RT", "LT"))


@fault("MOD13", Wish(route="INTRAVITREAL", waste=False))
def text_of_the_other_eye(sample: Sample, chance: Random) -> Sample | None:
    other = chance.choice(("OS", "LEFT EYE") if sample.given.eye == "RT" else ("OD", "RIGHT EYE"))
    return with_text(sample, _reported(sample, other))


@fault("MOD14", Wish(profile="medicaid-nc"))
def stock_at_a_discount(sample: Sample, chance: Random) -> Sample | None:
    return with_text(sample, _reported(sample, chance.choice(("340B", "340B STOCK", "PURCHASED UNDER 340B"))))


@fault("MOD11")
def malformed_modifier(sample: Sample, chance: Random) -> Sample | None:
    wrong = chance.choice((("J",), ("JZ1",), ("TB", "TB"), ("", "TB"), ("T-",)))
    return with_modifiers(sample, *target(sample).modifiers[:1], *wrong)


@fault("MOD12")
def modifier_of_a_visit(sample: Sample, chance: Random) -> Sample | None:
    return with_modifiers(sample, *target(sample).modifiers[:3], chance.choice(("25", "59", "26", "TC", "XU")))


# -- administration ---------------------------------------------------------------------------------------------


@fault("ADM01")
def no_administration(sample: Sample, chance: Random) -> Sample | None:
    left = tuple(line for line in sample.claim.lines if line.procedure in (sample.code, "99213", "85025", ""))
    return with_claim(sample, lines=left) if not sample.claim.other_payers else None


@fault("ADM02")
def administration_fee_in_text(sample: Sample, chance: Random) -> Sample | None:
    return with_text(sample, _reported(sample, chance.choice(("ADMIN FEE", "INFUSION CHARGE", "INJECTION FEE"))))


@fault("ADM03", Wish(route="IV"), options={"enabled": True})
def antibody_under_a_simple_code(sample: Sample, chance: Random) -> Sample | None:
    simple = any(line.procedure in ("96365", "96374") for line in others(sample))
    return sample if simple and "mab" in sample.given.drug.generic.split("-")[0][-3:] else None


@fault("ADM04")
def given_on_another_day(sample: Sample, chance: Random) -> Sample | None:
    other = sample.given.day - timedelta(days=chance.randint(1, 3))
    return with_lines(sample, lambda line: line if line.procedure == sample.code else replace(line, day=other))


@fault("ADM05", Wish(type="P"))
def given_in_a_hospital(sample: Sample, chance: Random) -> Sample | None:
    location = chance.choice(("19", "21", "22", "23"))
    if chance.random() < 0.5:
        return with_claim(sample, facility=location)
    return with_line(sample, place_of_service=location)


@fault("ADM06", Wish(type="P"))
def given_at_home(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(sample, facility="12")
