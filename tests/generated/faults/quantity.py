"""Faults of the NDC quantity and its unit."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from msgspec.structs import replace

from generated.clean import Wish
from generated.faults.base import (
    fault,
    name,
    says_ndc,
    target,
    targets,
    with_drug,
    with_line,
    with_lines,
    with_targets,
    with_text,
)
from generated.given import Given, figures
from generated.sample import Sample
from x12proc.testing import Drug


def _liquid(given: Given) -> bool:
    """A liquid of which the tables know the container's content, not for the eye."""
    return given.drug.volume not in (None, Decimal(1)) and not given.eye


def _powder(given: Given) -> bool:
    return given.drug.volume is None


def _surely_powder(given: Given) -> bool:
    return given.drug.lyophilized


def _wasteless_liquid(given: Given) -> bool:
    return _liquid(given) and not given.wasted


@fault("QTY01")
def no_usable_quantity(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, quantity=chance.choice(("", "0", "0.00", "-3", "TWO", "1,5")))


@fault("QTY02")
def unknown_unit(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, unit=chance.choice(("MG", "EA", "CC", "VL", "IU", "GM", "ml", "")))


@fault("QTY03")
def quantity_in_milligrams(sample: Sample, chance: Random) -> Sample | None:
    if sample.given.drug.unit != "MG":
        return None
    return with_drug(sample, quantity=figures(sample.given.dose), unit="ME")


@fault("QTY04", Wish(test=_liquid))
def liquid_counted_in_pieces(sample: Sample, chance: Random) -> Sample | None:
    given = sample.given
    fits = given.number and not given.wasted and given.drug.container and given.drug.unit in ("MG", "MCG")
    if sample.market.profile == "medicaid-nc":  # asks for pieces of liquids as well
        return None
    return with_drug(sample, quantity=str(given.number), unit="UN") if fits else None


@fault("QTY04", Wish(test=_surely_powder))
def powder_counted_in_millilitres(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, quantity=str(sample.given.number * 10), unit="ML")


@fault("QTY05", Wish(test=_wasteless_liquid), instead=("QTY06",))
def quantity_that_is_not_the_dose(sample: Sample, chance: Random) -> Sample | None:
    factor = chance.choice((Decimal("0.25"), Decimal("1.4"), Decimal(3), Decimal(20)))
    quantity = sample.given.quantity * factor
    if factor < 1 and sample.given.number == 1:
        return None  # too small a quantity to tell from a part of a container
    return with_drug(sample, quantity=figures(quantity.quantize(Decimal("0.001"))))


@fault("QTY05", Wish(test=_powder, waste=False))
def pieces_that_are_not_the_dose(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, quantity=str(sample.given.number + chance.choice((2, 3, 7))))


@fault("QTY06", Wish(test=_wasteless_liquid))
def dose_as_quantity(sample: Sample, chance: Random) -> Sample | None:
    given = sample.given
    unlike = abs(given.dose - given.quantity) > given.quantity / 5
    return with_drug(sample, quantity=figures(given.dose)) if unlike and given.drug.unit == "MG" else None


@fault("QTY07")
def four_decimals(sample: Sample, chance: Random) -> Sample | None:
    if sample.given.unit != "ML" or sample.given.wasted:
        return None
    return with_drug(sample, quantity=f"{sample.given.quantity:.4f}"[:-1] + "1")


@fault("QTY08", Wish(waste=False))
def more_than_anybody_gets(sample: Sample, chance: Random) -> Sample | None:
    """Of a product that the tables don't know, so that nothing shows what the dose is."""
    if says_ndc(sample):
        return None
    text = f"{name(sample)} {figures(sample.given.dose)}{sample.given.drug.unit} {sample.given.route}"
    if sample.market.medicare:
        return None  # wants the strength, which would tell it
    quantity, unit = chance.choice((("501", "ML"), ("12000", "ML"), ("101", "UN"), ("900", "UN")))
    return with_drug(with_text(sample, text), ndc="98761012301", quantity=quantity, unit=unit)


@fault("QTY09", Wish(test=_powder, waste=False))
def part_of_a_vial(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, quantity=chance.choice(("0.48", "1.5", "2.25")))


@fault("QTY10", Wish(waste=False), instead=("QTY05", "QTY06"))
def millilitres_other_than_in_text(sample: Sample, chance: Random) -> Sample | None:
    """Of a product that the tables don't know: only the text's own milliliters contradict."""
    given = sample.given
    if given.unit != "ML" or given.drug.unit != "MG" or sample.market.medicare or sample.claim.notes:
        return None
    volume = f"({figures(given.quantity)} ML)"
    reported = with_text(
        sample, f"{name(sample)} {figures(given.dose)}MG {volume} {given.route} {_eye(given)}".strip()
    )
    return with_drug(reported, ndc="98761012301", quantity=figures(given.quantity * 2))


def _eye(given: Given) -> str:
    return {"RT": "OD", "LT": "OS", "": ""}[given.eye]


@fault("BAL07", Wish(waste=True, counted=True, style="counted"))
def whole_vial_on_both_lines(sample: Sample, chance: Random) -> Sample | None:
    if sample.style.name != "counted" or sample.given.unit != "ML" or len(targets(sample)) != 2:
        return None
    if len({line.description for line in targets(sample)}) > 1:  # the JW line has its own words: QTY05
        return None
    whole = sample.given.used_quantity
    return with_lines(
        sample,
        lambda line: (
            replace(line, drug=Drug(sample.given.drug.ndc, figures(whole), "ML"))
            if "JW" in line.modifiers
            else line
        ),
    )


@fault("CMP04", Wish(waste=False))
def kit_in_millilitres(sample: Sample, chance: Random) -> Sample | None:
    given = sample.given
    if given.drug.container or given.unit != "ML":
        return None
    reported = with_targets(sample, description=f"{target(sample).description[:70]} KIT")
    return with_line(reported, notes=())
