"""Faults of the claim: diagnoses, authorization, trials, and what only hospitals send."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from msgspec.structs import replace

from generated.clean import Wish
from generated.faults.base import (
    fault,
    name,
    target,
    with_claim,
    with_line,
    with_lines,
    with_targets,
    with_text,
)
from generated.given import figures
from generated.sample import Sample
from generated.variants import trial
from x12proc.testing import Line, Note, Paperwork, Reference

_TABLES_SINCE = date(2024, 10, 1)  # the first day of the shipped diagnoses
_TRIAL = Reference("P4", "03456789")


def _references(sample: Sample, *more: Reference, without: tuple[str, ...] = ()) -> tuple[Reference, ...]:
    return (*(ref for ref in sample.claim.references if ref.qualifier not in without), *more)


# -- diagnoses --------------------------------------------------------------------------------------------------


@fault("DX01")
def no_diagnosis(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(sample, diagnoses=())


@fault("DX02", Wish(type="P"))
def pointer_to_nowhere(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, pointers=chance.choice(((9,), (1, 1), (), (0,), (1, 13))))


@fault("DX03")
def malformed_diagnosis(sample: Sample, chance: Random) -> Sample | None:
    wrong = chance.choice(("D59.5", "595", "DD595", "G70000000", "E7521 "))
    return with_claim(sample, diagnoses=(wrong, *sample.claim.diagnoses[1:]))


@fault("DX04", Wish(code="J3590"))
def only_symptoms(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(sample, diagnoses=chance.choice((("R509",), ("R0602", "Z9189"), ("Z8679",))))


@fault("DX06")
def only_the_trial(sample: Sample, chance: Random) -> Sample | None:
    studied = trial(chance, sample)
    return None if studied is sample else with_claim(studied, diagnoses=("Z006",))


@fault("DX07")
def only_the_encounter(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(sample, diagnoses=chance.choice((("Z5111",), ("Z5112",), ("Z79899", "Z5112"))))


@fault("DX08", Wish(since=_TABLES_SINCE))
def diagnosis_without_its_last_character(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(sample, diagnoses=(chance.choice(("E75", "K50", "M05", "N18", "L40")),))


# -- authorization and paperwork --------------------------------------------------------------------------------


@fault("AUT01", options={"required": True})
def no_authorization(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(with_targets(sample, references=()), references=_references(sample, without=("G1",)))


@fault("AUT02")
def placeholder_for_an_authorization(sample: Sample, chance: Random) -> Sample | None:
    made_up = chance.choice(("PENDING", "NA", "N/A", "NONE", "TBD", "0000000", "12"))
    references = _references(sample, Reference("G1", made_up), without=("G1",))
    return with_claim(with_targets(sample, references=()), references=references)


@fault("AUT03", Wish(type="P"))
def line_repeats_the_authorization(sample: Sample, chance: Random) -> Sample | None:
    number = next((ref for ref in sample.claim.references if ref.qualifier == "G1"), None)
    return with_line(sample, references=(number,)) if number else None


@fault("AUT04")
def referral_only(sample: Sample, chance: Random) -> Sample | None:
    references = _references(sample, Reference("9F", "RF88120"), without=("G1",))
    return with_claim(with_targets(sample, references=()), references=references)


@fault("AUT05")
def invoice_without_paperwork(sample: Sample, chance: Random) -> Sample | None:
    given = sample.given
    size = f"{figures(given.drug.size)}{given.drug.unit} VIAL"
    how = chance.choice(("INVOICE ATTACHED", "SEE INVOICE", "INV ATT"))
    reported = with_text(
        sample, f"{name(sample)} {figures(given.dose)}{given.drug.unit} {given.route} {size} {how}"
    )
    return with_claim(reported, paperwork=())


@fault("AUT06")
def paperwork_without_control_number(sample: Sample, chance: Random) -> Sample | None:
    paper = Paperwork("OZ", chance.choice(("BM", "EL", "FX", "EM", "FT")), chance.choice(("", "7")))
    return with_claim(sample, paperwork=(paper,))


@fault("AUT07")
def unknown_exception(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(sample, references=_references(sample, Reference("4N", chance.choice("089A"))))


# -- clinical trials --------------------------------------------------------------------------------------------


def _with_condition(sample: Sample) -> dict[str, Any]:
    return {"conditions": ("30",)} if sample.claim.type == "I" else {}


@fault("TRI01")
def trial_diagnosis_without_number(sample: Sample, chance: Random) -> Sample | None:
    diagnoses = (sample.claim.diagnoses[0], "Z006")
    return with_claim(sample, diagnoses=diagnoses, **_with_condition(sample))


@fault("TRI01")
def trial_modifier_without_number(sample: Sample, chance: Random) -> Sample | None:
    routine = with_lines(sample, lambda line: _routine(line) if line.procedure.startswith("96") else line)
    return None if routine == sample else with_claim(routine, **_with_condition(sample))


def _routine(line: Line) -> Line:
    return replace(line, modifiers=("Q1",))


@fault("TRI02")
def malformed_trial_number(sample: Sample, chance: Random) -> Sample | None:
    studied = trial(chance, sample)
    if studied is sample:
        return None
    wrong = chance.choice(("NCT03456789", "CT03456789", "3456789", "99999999", "034567890"))
    return with_claim(studied, references=_references(studied, Reference("P4", wrong), without=("P4",)))


@fault("TRI03")
def trial_number_alone(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(sample, references=_references(sample, _TRIAL), **_with_condition(sample))


@fault("TRI04", Wish(type="I"))
def trial_without_condition_code(sample: Sample, chance: Random) -> Sample | None:
    routine = with_lines(sample, lambda line: _routine(line) if line.procedure.startswith("96") else line)
    if routine == sample:
        return None
    diagnoses = (sample.claim.diagnoses[0], "Z006")
    return with_claim(routine, references=_references(sample, _TRIAL), diagnoses=diagnoses)


@fault("TRI05", Wish(type="I"))
def trial_number_as_value_code(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(sample, values=(("D4", "1234567"),))


@fault("TRI06")
def study_drug_at_full_price(sample: Sample, chance: Random) -> Sample | None:
    studied = trial(chance, sample)
    return None if studied is sample else with_line(studied, charge=chance.choice(("2.01", "950", "18000")))


@fault("TRI07")
def study_drug_not_called_so(sample: Sample, chance: Random) -> Sample | None:
    studied, given = trial(chance, sample), sample.given
    size = f"{figures(given.drug.size)}{given.drug.unit}"
    text = f"{name(sample)} {figures(given.dose)}{given.drug.unit} {given.route} {size} VIAL"
    return None if studied is sample else with_line(studied, description=text)


@fault("TRI08", Wish(brands=("Leqembi", "Kisunla", "Aduhelm")))
def registry_drug_without_number(sample: Sample, chance: Random) -> Sample | None:
    return sample if sample.market.medicare else None


# -- hospitals --------------------------------------------------------------------------------------------------


@fault("INS01", Wish(type="I"))
def drug_under_general_pharmacy(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, revenue_code=chance.choice(("0250", "0258", "0637", "0260")))


@fault("INS02", Wish(type="I"))
def detailed_drug_without_code(sample: Sample, chance: Random) -> Sample | None:
    bare = Line("", "77", revenue_code="0636", day=sample.given.day)
    return with_claim(sample, lines=(*sample.claim.lines, bare))


@fault("INS03", Wish(type="I"))
def outpatient_line_undated(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, undated=True)


@fault("INS04", Wish(type="I"))
def drug_on_the_bill_of_a_stay(sample: Sample, chance: Random) -> Sample | None:
    if sample.market.opps:
        return None  # for outpatient claims
    return with_claim(sample, facility=chance.choice(("11", "18")))


@fault("INS05", Wish(profile="medicare-opps"))
def no_remarks(sample: Sample, chance: Random) -> Sample | None:
    notes = chance.choice(((), (Note("ADD", f"{name(sample)} {sample.given.route}"),)))
    return with_claim(sample, notes=notes)


@fault("INS07", Wish(type="I"), options={"enabled": True})
def self_administered_drug_unmarked(sample: Sample, chance: Random) -> Sample | None:
    if sample.market.opps:
        return None  # rejects the revenue code by itself (INS01)
    return with_line(sample, revenue_code="0637")


@fault("INS08", Wish(profile="medicare-opps"))
def waste_line_of_c9399(sample: Sample, chance: Random) -> Sample | None:
    first = target(sample)
    again = replace(first, modifiers=("JW",), charge="100", control="REST")
    return with_claim(sample, lines=(*sample.claim.lines, again))


@fault("INS09", Wish(type="I"))
def short_revenue_code(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, revenue_code=chance.choice(("636", "9636", "63", "O636", "06360")))
