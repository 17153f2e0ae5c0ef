"""Faults of dates, units and charges, and lines that stand twice or belong together."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

from msgspec.structs import replace
from support.rules import reference

from generated.clean import Wish
from generated.faults.base import (
    fault,
    name,
    others,
    says_ndc,
    target,
    with_claim,
    with_edit,
    with_line,
    with_lines,
    with_targets,
    with_text,
)
from generated.given import figures
from generated.sample import Sample
from x12proc.testing import Drug, Line, Reference

_BRIUMVI = "73150015006"


# -- dates ------------------------------------------------------------------------------------------------------


@fault("DAT01", Wish(type="P"))
def no_service_date(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, undated=True)


@fault("DAT01")
def impossible_service_date(sample: Sample, chance: Random) -> Sample | None:
    day = f"{sample.given.day:%Y%m%d}"
    backwards = f"RD8*{day}-{sample.given.day - timedelta(days=4):%Y%m%d}"
    wrong = chance.choice((f"D8*{day[:4]}1301", f"D8*{day[:4]}0230", f"D8*{day[2:]}", backwards, f"DT*{day}0900"))
    if target(sample).day != sample.given.day:
        return None  # a period, as some send it
    return with_edit(sample, Wrong(sample, f"DTP*472*D8*{day}", f"DTP*472*{wrong}"))


class Wrong:
    """Replaces a segment of the target line."""

    def __init__(self, sample: Sample, old: str, new: str) -> None:
        self.code, self.old, self.new = sample.code, old, new

    def __call__(self, segments: list[str]) -> None:
        """Edit the segments of a file."""
        start = next(
            location for location, one in enumerate(segments) if one[:2] == "SV" and f"HC:{self.code}" in one
        )
        segments[segments.index(self.old, start)] = self.new


@fault("DAT02")
def service_in_the_future(sample: Sample, chance: Random) -> Sample | None:
    return sample._replace(as_of=sample.given.day - timedelta(days=chance.randint(1, 300)))


@fault("DAT03")
def line_over_several_days(sample: Sample, chance: Random) -> Sample | None:
    period = (sample.given.day, sample.given.day + timedelta(days=chance.randint(1, 30)))
    later = sample._replace(as_of=sample.as_of + timedelta(days=40))
    return with_targets(later, day=period)


@fault("DAT04", Wish(type="I"))
def service_outside_the_statement(sample: Sample, chance: Random) -> Sample | None:
    day = sample.given.day
    periods = (
        (day - timedelta(days=9), day - timedelta(days=1)),
        (day + timedelta(days=1), day + timedelta(days=1)),
    )
    return with_claim(sample, statement=chance.choice(periods))


@fault("DAT05", Wish(type="P"))
def before_its_license(sample: Sample, chance: Random) -> Sample | None:
    drug = sample.given.drug
    licensed = min((one.licensed for one in reference().licences(drug.brand) if one.licensed), default=None)
    if licensed is None or drug.brand.lower() not in {one.name for one in reference().licences(drug.brand)}:
        return None
    day = licensed - timedelta(days=chance.randint(1, 20))
    if not 0 < (sample.given.day - day).days < 250 or any(
        line.day != sample.given.day for line in sample.claim.lines
    ):
        return None
    return with_lines(sample, lambda line: replace(line, day=day))


@fault("DAT06")
def too_late_to_file(sample: Sample, chance: Random) -> Sample | None:
    if not sample.market.medicare or sample.claim.frequency == "7":
        return None
    return sample._replace(as_of=sample.given.day + timedelta(days=chance.randint(367, 500)))


@fault("DAT07", Wish(style="ngs"))
def other_date_in_text(sample: Sample, chance: Random) -> Sample | None:
    if sample.style.name != "ngs" or sample.claim.notes:
        return None
    other = sample.given.day + timedelta(days=chance.choice((-30, -1, 1, 365)))
    said = target(sample).description
    return with_text(sample, said.replace(f"{sample.given.day:%m/%d/%y}", f"{other:%m/%d/%y}"))


# -- units and charges ------------------------------------------------------------------------------------------


@fault("BAL01")
def several_units(sample: Sample, chance: Random) -> Sample | None:
    if sample.market.milligrams:
        return None  # several are right there
    return with_line(sample, units=str(chance.choice((2, 10, 450))))


@fault("BAL02")
def units_not_counted_in_un(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, unit=chance.choice(("MJ", "DA", "ML", "F2")))


@fault("BAL03")
def units_that_are_no_number(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, units=chance.choice(("0", "1.5", "-1", "ONE", "0.0")))


@fault("BAL04")
def no_charge(sample: Sample, chance: Random) -> Sample | None:
    if sample.claim.other_payers:
        return None
    return with_line(sample, charge=chance.choice(("0", "0.00", "-250")))


@fault("BAL06")
def total_out_of_balance(sample: Sample, chance: Random) -> Sample | None:
    total = sum((Decimal(line.charge) for line in sample.claim.lines), Decimal(0))
    return with_claim(sample, charge=figures(total + chance.choice((Decimal("0.01"), Decimal(-1), Decimal(900)))))


@fault("BAL09")
def free_drug_at_full_charge(sample: Sample, chance: Random) -> Sample | None:
    given, drug = sample.given, sample.given.drug
    free = chance.choice(("PATIENT SUPPLIED", "NO COST TO PROVIDER", "SUPPLIED BY MANUFACTURER", "WHITE-BAGGED"))
    dose, size = f"{figures(given.dose)}{drug.unit}", f"{figures(drug.size)}{drug.unit}"
    return with_text(sample, f"{name(sample)} {dose} {given.route} {size} VIAL {free}")


# -- twice, or together -----------------------------------------------------------------------------------------


@fault("DUP01", Wish(waste=False))
def line_repeated(sample: Sample, chance: Random) -> Sample | None:
    again = replace(target(sample), control="AGAIN")
    return with_claim(sample, lines=(*sample.claim.lines, again))


@fault("DUP02")
def claim_repeated(sample: Sample, chance: Random) -> Sample | None:
    return sample._replace(repeated=True)


@fault("DUP04")
def sent_before(sample: Sample, chance: Random) -> Sample | None:
    return sample._replace(sent_before=True)


@fault("CMP01", Wish(waste=False, code="J3590"), also=("COD07",))
def compound_without_link(sample: Sample, chance: Random) -> Sample | None:
    """A compound has a code of its own, J7999, and one contractor rejects J3590 for it: COD07."""
    if sample.given.drug.ndc == _BRIUMVI or sample.claim.other_payers or sample.market.opps:
        return None
    text = f"COMPOUNDED {sample.given.drug.brand.upper()} 50MG {sample.given.route}, INVOICE $250.00"
    reported = with_line(with_text(sample, text), notes=())
    links = chance.choice(((None, None), (Reference("VY", "123456"), Reference("VY", "123457"))))
    first, second = target(reported), Line("J3590", "80", (), text, day=sample.given.day)
    drug = first.drug
    assert drug is not None
    parts = (
        replace(first, drug=replace(drug, reference=links[0])),
        replace(second, drug=Drug(_BRIUMVI, "6", "ML", reference=links[1])),
    )
    return with_claim(reported, lines=(*parts, *others(reported)))


@fault("CMP03", Wish(brands=("Pavblu", "Omvoh", "Tyenne", "Xenpozyme"), waste=False), options={"enabled": True})
def two_packages_unmarked(sample: Sample, chance: Random) -> Sample | None:
    first = target(sample)
    if first.drug is None or sample.claim.other_payers or says_ndc(sample):
        return None
    ndc = first.drug.ndc
    other = f"{ndc[:9]}{(int(ndc[9:]) + 1) % 100:02d}"
    again = replace(first, drug=replace(first.drug, ndc=other), charge="1000", control="MORE")
    return with_claim(sample, lines=(*sample.claim.lines, again))
