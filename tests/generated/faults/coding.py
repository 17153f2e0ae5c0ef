"""Faults in the choice of the code."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from msgspec.structs import replace

from generated.clean import Wish
from generated.drugs import drugs
from generated.faults.base import (
    fault,
    name,
    says_ndc,
    target,
    with_claim,
    with_drug,
    with_line,
    with_lines,
    with_text,
)
from generated.given import Given, figures
from generated.sample import Sample
from x12proc.testing import Drug, Line

_CODES_FOR_ONE_ROUTE = ("Skyrizi", "Cosentyx")  # J2327 and J3247 say intravenous
_SUPPLIES = date(2026, 1, 15)  # skin substitutes are supplies
_NOT_YET = date(2002, 12, 31)  # J3590 holds from 2003 on


def _is_biosimilar(given: Given) -> bool:
    return given.drug.code.startswith("Q5")


def _is_originator(given: Given) -> bool:
    return not given.drug.code.startswith("Q")


@fault("COD01", Wish(after_code=True, hospital_code=None, test=_is_originator))
def own_code_in_force(sample: Sample, chance: Random) -> Sample | None:
    return sample


@fault("COD02", options={"enabled": True})
def own_code_came_later(sample: Sample, chance: Random) -> Sample | None:
    return sample


@fault("COD03", Wish(profile="medicare-opps", hospital_code=True))
def hospital_code_in_force(sample: Sample, chance: Random) -> Sample | None:
    return sample


@fault("COD04", Wish(profile="medicare-opps", code="J3590"))
def j3590_under_opps(sample: Sample, chance: Random) -> Sample | None:
    return sample


@fault("COD05", Wish(kind="NDA", route="INTRAVITREAL", code="J3590", hospital_code=None))
def chemical_drug(sample: Sample, chance: Random) -> Sample | None:
    return None if sample.market.opps else sample


@fault("COD06", Wish(kind="antineoplastic", code="J3590", hospital_code=None))
def cancer_drug(sample: Sample, chance: Random) -> Sample | None:
    return None if sample.market.opps else sample


@fault("COD07", Wish(code="J3590", hospital_code=None))
def compounded_drug(sample: Sample, chance: Random) -> Sample | None:
    how = chance.choice(("COMPOUNDED", "REPACKAGED", "COMPOUND"))
    text = f"{name(sample)} {figures(sample.given.dose)}{sample.given.drug.unit} {sample.given.route} {how}"
    return None if sample.market.opps else with_text(sample, text)


@fault("COD08", Wish(test=_is_biosimilar, style="generic-only"))
def suffix_of_another_biosimilar(sample: Sample, chance: Random) -> Sample | None:
    if sample.style.name not in ("generic-only", "pharmacy"):
        return None
    own = sample.given.drug.generic.upper()
    if "-" not in own:
        return None
    wrong = f"{own[:-4]}{chance.choice([suffix for suffix in ('BVZR', 'AYYH', 'ARRX') if suffix != own[-4:]])}"
    text = target(sample).description.upper().replace(own, wrong)
    return with_text(sample, text)


@fault("COD08", Wish(test=_is_biosimilar, waste=False))
def brand_of_another_biosimilar(sample: Sample, chance: Random) -> Sample | None:
    given, own = sample.given, sample.given.drug
    base = own.generic.split("-")[0]
    alike = [drug for drug in drugs() if drug.generic.split("-")[0] == base]
    others = sorted({drug.brand for drug in alike if drug.generic != own.generic})
    if not others or says_ndc(sample):
        return None
    size = f"{figures(own.size)}{own.unit} VIAL"
    return with_text(
        sample, f"{chance.choice(others).upper()} {figures(given.dose)}{own.unit} {given.route} {size}"
    )


@fault("COD08", Wish(after_code=True, hospital_code=None, test=_is_biosimilar))
def biosimilar_with_a_code(sample: Sample, chance: Random) -> Sample | None:
    return sample


@fault("COD09", Wish(brands=_CODES_FOR_ONE_ROUTE, after_code=True, hospital_code=None), also=("RTE03",))
def own_code_for_another_route(sample: Sample, chance: Random) -> Sample | None:
    given = sample.given
    text = f"{name(sample)} {figures(given.dose)}{given.drug.unit} SC {figures(given.drug.size)}MG VIAL"
    return with_text(sample, text)


@fault("COD10", Wish(after_code=True, hospital_code=None), also=("COD01", "COD08"))
def billed_under_both_codes(sample: Sample, chance: Random) -> Sample | None:
    """That the own code was in force is part of the fault, so COD01 or COD08 tells it as well."""
    drug = target(sample).drug
    assert drug is not None
    own = Line(sample.given.drug.code, "4000", (), "", Drug(drug.ndc, drug.quantity, drug.unit), units="10")
    return with_claim(sample, lines=(*sample.claim.lines, own), other_payers=())


@fault("COD11", Wish(code="J3590", waste=False))
def code_not_yet_in_force(sample: Sample, chance: Random) -> Sample | None:
    if sample.style.name == "ngs" or sample.claim.notes:
        return None  # the text tells the true date
    return with_claim(with_lines(sample, lambda line: replace(line, day=_NOT_YET)), day=_NOT_YET)


@fault("COD12", Wish(kind="immune-globulin", waste=False, code="J3590"))
def immune_globulin_by_name(sample: Sample, chance: Random) -> Sample | None:
    """With the NDC of a product that the tables don't know; by a known one NDC17 tells it."""
    if sample.market.opps or says_ndc(sample):
        return None
    return with_drug(sample, ndc="98761012301")


@fault("COD13", options={"enabled": True})
def no_reason_for_the_code(sample: Sample, chance: Random) -> Sample | None:
    return None if "CODE" in target(sample).description else with_line(sample, notes=())


@fault(
    "COD14",
    Wish(profile="medicare-b", waste=False, code="J3590", test=lambda given: not given.eye),
    also=("COD01", "NAR03"),
)
def skin_substitute(sample: Sample, chance: Random) -> Sample | None:
    """AmnioExcel has a code of its own, COD01, and a name that no table lists as a drug's, NAR03."""
    given = sample.given
    text = f"{chance.choice(('AMNIOEXCEL', 'SKIN SUBSTITUTE AMNIOEXCEL'))} {figures(given.dose)}{given.drug.unit}"
    reported = with_drug(with_text(sample, f"{text} {given.route}"), ndc="00995802110")
    moved = with_claim(
        with_lines(reported, lambda line: replace(line, day=_SUPPLIES)), day=_SUPPLIES, other_payers=()
    )
    return moved._replace(as_of=_SUPPLIES + timedelta(days=30))
