"""Rarer claims that are clean as well: stays, series, drugs at home, trials, samples."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

from msgspec.structs import replace

from generated.sample import Sample
from x12proc.testing import Line, Note, Reference

Variant = Callable[[Random, Sample], Sample]


def drug_lines(sample: Sample) -> list[Line]:
    """The target lines of a sample's claim."""
    return [line for line in sample.claim.lines if line.procedure == sample.code]


def stay(chance: Random, sample: Sample) -> Sample:
    """The bill of an inpatient stay: lines without dates, the drug billed apart by contract."""
    claim, day = sample.claim, sample.given.day
    if claim.type != "I" or sample.market.medicare:
        return sample
    lines = tuple(replace(line, undated=True) for line in claim.lines)
    statement = (day - timedelta(days=chance.randint(0, 4)), day)
    return sample._replace(claim=replace(claim, lines=lines, facility="11", statement=statement))


def series(chance: Random, sample: Sample) -> Sample:
    """The same drug on two days, each with its administration."""
    claim, given = sample.claim, sample.given
    last = given.drug.last
    later = given.day + timedelta(days=chance.randint(7, 28))
    dated = any(f"{given.day:%m/%d/%y}" in line.description for line in claim.lines) or claim.notes
    if later > last or dated or claim.other_payers:
        return sample
    again = tuple(replace(line, day=later) for line in claim.lines)
    return sample._replace(
        claim=replace(claim, lines=claim.lines + again), as_of=sample.as_of + timedelta(days=28)
    )


def at_home(chance: Random, sample: Sample) -> Sample:
    """A drug infused at home, billed with the home infusion's own code."""
    claim = sample.claim
    if claim.type != "P" or sample.given.eye or claim.other_payers:
        return sample
    home = Line("S9379", str(chance.randint(80, 400)), day=sample.given.day)
    drugs = tuple(line for line in claim.lines if line.procedure == sample.code)
    return sample._replace(claim=replace(claim, facility="12", lines=(*drugs, home)))


def trial(chance: Random, sample: Sample) -> Sample:
    """A drug under study: no NDC yet, a token charge, and everything that says so."""
    claim = sample.claim
    if sample.code != "J3590" or len(drug_lines(sample)) > 1 or claim.other_payers or sample.given.eye:
        return sample
    if sample.market.milligrams:  # a drug under study is billed as one unit
        return sample
    number = f"{chance.randint(10**6, 10**7):08d}"
    text = f"INVESTIGATIONAL XYZ-{chance.randint(100, 999)} {chance.randint(2, 40) * 10}MG {sample.given.route}"
    study = Line("J3590", "0.01", ("Q0",), text, day=sample.given.day)
    lines = tuple(study if line.procedure == "J3590" else line for line in claim.lines)
    conditions = ("30",) if claim.type == "I" else ()
    claim = replace(
        claim,
        lines=lines,
        diagnoses=(claim.diagnoses[0], "Z006"),
        conditions=conditions,
        notes=(),
        references=(*claim.references, Reference("P4", number)),
    )
    return sample._replace(claim=claim)


def sample_drug(chance: Random, sample: Sample) -> Sample:
    """A free sample from the maker: no charge, and the text says so."""
    free = [replace(line, charge="0", notes=(Note("ADD", "SAMPLE, NO CHARGE"),)) for line in drug_lines(sample)]
    if sample.claim.type != "P" or len(free) != 1 or sample.claim.other_payers:
        return sample
    lines = tuple(free[0] if line.procedure == "J3590" else line for line in sample.claim.lines)
    return sample._replace(claim=replace(sample.claim, lines=lines))


VARIANTS: tuple[Variant, ...] = (stay, series, at_home, trial, sample_drug)


def varied(sample: Sample) -> Sample:
    """One sample in five as one of the rarer kinds, where it can be."""
    chance = Random(sample.seed * 7 + 1)
    return chance.choice(VARIANTS)(chance, sample) if chance.random() < 0.2 else sample
