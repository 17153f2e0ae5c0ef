"""Faults of the National Drug Code."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from generated.clean import Wish
from generated.drugs import Drug, drugs
from generated.faults.base import fault, name, says_ndc, target, with_drug, with_line, with_targets, with_text
from generated.given import figures
from generated.sample import Sample

_UNKNOWN_LABELERS = ("98761", "97643", "96518")


def _without(text: str, location: int) -> str:
    return text[:location] + text[location + 1 :]


@fault("NDC01")
def no_ndc_loop(sample: Sample, chance: Random) -> Sample | None:
    return None if says_ndc(sample) else with_line(sample, drug=None)


@fault("NDC01", instead=("NDC02",))
def no_ndc_loop_on_any_line(sample: Sample, chance: Random) -> Sample | None:
    return with_targets(sample, drug=None)


@fault("NDC01")
def empty_lin03(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, ndc="")


@fault("NDC02")
def ndc_in_words_only(sample: Sample, chance: Random) -> Sample | None:
    line, drug = target(sample), sample.given.drug
    texts = [line.description, *(note.text for note in line.notes)]
    reported = any(number in text for text in texts for number in (drug.ndc, drug.hyphenated))
    return with_line(sample, drug=None) if reported else None


@fault("NDC03")
def nothing_but_the_ndc(sample: Sample, chance: Random) -> Sample | None:
    drug = sample.given.drug
    return with_text(sample, chance.choice((f"NDC {drug.hyphenated}", f"SEE NDC {drug.ndc}", f"N4{drug.ndc}")))


@fault("NDC04")
def ndc_of_other_length(sample: Sample, chance: Random) -> Sample | None:
    ndc = sample.given.drug.ndc
    return with_drug(sample, ndc=chance.choice((ndc[:9], ndc[:8], ndc + "00", ndc[:5])))


@fault("NDC05")
def ndc_with_hyphens(sample: Sample, chance: Random) -> Sample | None:
    drug = sample.given.drug
    wrong = (drug.hyphenated, f"N4{drug.ndc}", f"{drug.ndc[:10]}O", f"NDC{drug.ndc}", f"N4{drug.ndc}UN1")
    return with_drug(sample, ndc=chance.choice(wrong))


@fault("NDC05")
def ndc_with_blanks(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, ndc=f"{sample.given.drug.ndc} ")


@fault("NDC06")
def ndc_of_ten_digits(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, ndc=_without(sample.given.drug.ndc, chance.choice((0, 5, 9))))


@fault("NDC07")
def qualifier_of_a_bar_code(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, qualifier=chance.choice(("UK", "UP", "EN", "HI", "ND")))


@fault("NDC08")
def placeholder_ndc(sample: Sample, chance: Random) -> Sample | None:
    made_up = ("99999999999", "00000000000", "11111111111", "12345678901", "99999-9999-99", "00000000070")
    return with_drug(sample, ndc=chance.choice(made_up))


@fault("NDC09")
def ndc_of_no_known_product(sample: Sample, chance: Random) -> Sample | None:
    unknown = chance.choice(_UNKNOWN_LABELERS) + sample.given.drug.ndc[5:]
    return None if says_ndc(sample) else with_targets(sample, drug=_with_ndc(sample, unknown))


def _with_ndc(sample: Sample, ndc: str) -> object:
    drug = target(sample).drug
    assert drug is not None
    return type(drug)(ndc, drug.quantity, drug.unit)


def _another(sample: Sample, chance: Random) -> Drug | None:
    """A drug of another substance that had no code of its own that day either."""
    own = sample.given.drug.generic.split("-")[0].split()[0]
    fitting = [
        drug
        for drug in drugs()
        if drug.generic.split("-")[0].split()[0] != own and drug.last >= sample.given.day and drug.routes != ("",)
    ]
    return chance.choice(fitting) if fitting else None


@fault("NDC11", Wish(waste=False), also=("MOD01",))
def ndc_of_another_drug(sample: Sample, chance: Random) -> Sample | None:
    other = _another(sample, chance)
    return None if says_ndc(sample) or other is None else with_drug(sample, ndc=other.ndc)


@fault("NDC11", Wish(waste=False))
def name_of_another_drug(sample: Sample, chance: Random) -> Sample | None:
    given, other = sample.given, _another(sample, chance)
    if other is None:
        return None
    text = f"{other.brand.upper()} {figures(given.dose)} {given.drug.unit} {given.route}"
    return with_text(sample, f"{text} {given.drug.size}{given.drug.unit} VIALS" if given.number > 1 else text)


@fault("NDC12", also=("NAR06",))
def other_ndc_in_text(sample: Sample, chance: Random) -> Sample | None:
    given, other = sample.given, _another(sample, chance)
    if other is None:
        return None
    dose = f"{figures(given.dose)} {given.drug.unit} {given.route}"
    return with_text(sample, f"{name(sample)} {dose} NDC {chance.choice((other.ndc, other.hyphenated))}")


@fault("NDC15")
def ndc_of_twelve_digits(sample: Sample, chance: Random) -> Sample | None:
    ndc = f"0{sample.given.drug.ndc}"
    return with_drug(sample, ndc=chance.choice((ndc, f"{ndc[:6]}-{ndc[6:10]}-{ndc[10:]}")))


@fault("NDC17", Wish(kind="immune-globulin", code="J3590"))
def immune_globulin(sample: Sample, chance: Random) -> Sample | None:
    return sample


@fault("NDC10")
def package_off_the_market(sample: Sample, chance: Random) -> Sample | None:
    days = timedelta(days=chance.randint(1, 900))
    first, last = chance.choice(((sample.given.day + days, None), (None, sample.given.day - days)))
    row = (sample.given.drug.ndc, str(first or ""), str(last or ""))
    return sample._replace(tables={"marketing": (row,)}) if target(sample).drug else None
