"""Faults in the form of what surrounds a drug."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from msgspec.structs import replace

from generated.clean import Wish
from generated.faults.base import (
    drug_line,
    fault,
    first_line,
    others,
    says_ndc,
    target,
    with_claim,
    with_drug,
    with_edit,
    with_line,
    with_lines,
)
from generated.sample import Sample
from generated.wording import FIELD
from x12proc.testing import Drug, Note, Reference


@dataclass(frozen=True)
class Insert:
    """Puts a segment before or after the first one of the target line that begins so."""

    sample: Sample
    beginning: str
    new: str
    after: bool = True

    def __call__(self, segments: list[str]) -> None:
        """Edit the segments of a file."""
        location = first_line(segments, self.beginning, drug_line(segments, self.sample))
        segments.insert(location + self.after, self.new)


@dataclass(frozen=True)
class Substitute:
    """Replaces a text in the SV1 or SV2 of the target line, or in the first segment that begins so."""

    sample: Sample
    old: str
    new: str
    beginning: str = ""

    def __call__(self, segments: list[str]) -> None:
        """Edit the segments of a file."""
        location = first_line(segments, self.beginning) if self.beginning else drug_line(segments, self.sample)
        assert self.old in segments[location], segments[location]
        segments[location] = segments[location].replace(self.old, self.new, 1)


@fault("SYN01")
def ndc_without_ctp(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, quantity="", unit="")


@fault("SYN02")
def price_in_ctp03(sample: Sample, chance: Random) -> Sample | None:
    return with_edit(sample, Substitute(sample, "CTP****", "CTP***12.5*", "CTP"))


@fault("SYN03")
def two_ndcs_on_a_line(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, further_drugs=(Drug("73150015006", "6", "ML"),))


@fault("SYN04")
def authorization_beside_the_ndc(sample: Sample, chance: Random) -> Sample | None:
    return with_drug(sample, reference=Reference(chance.choice(("G1", "9F", "F8")), "AUTH7781"))


@fault("SYN05")
def description_over_80_characters(sample: Sample, chance: Random) -> Sample | None:
    text = f"{target(sample).description:{FIELD}}"
    return with_line(sample, description=f"{text.rstrip()} PER ORDER OF THE PHYSICIAN{'.' * FIELD}"[: FIELD + 1])


@fault("SYN05", Wish(type="P"))
def note_over_80_characters(sample: Sample, chance: Random) -> Sample | None:
    note = Note(
        "ADD", ("GIVEN AS ORDERED, NO REACTION, PATIENT OBSERVED FOR AN HOUR " * 2)[: chance.randint(81, 110)]
    )
    return with_line(sample, notes=(note,))


@fault("SYN05")
def k3_over_80_characters(sample: Sample, chance: Random) -> Sample | None:
    return with_edit(sample, After("REF", "CL1", "CLM", "K3*" + "STATE REQUIRED TEXT " * 5))


@dataclass(frozen=True)
class After:
    """Puts a segment into loop 2300, after the last of these that is there, the rarest first."""

    rarest: str
    rarer: str
    always: str
    new: str

    def __call__(self, segments: list[str]) -> None:
        """Edit the segments of a file."""
        start = first_line(segments, "CLM*")
        end = first_line(segments, "HI*", start)
        own = [segment[:3] for segment in segments[start:end]]
        tag = next(tag for tag in (self.rarest, self.rarer, self.always) if tag in own)
        segments.insert(start + len(own) - own[::-1].index(tag), self.new)


@fault("SYN06", Wish(waste=False))
def repetition_separator_in_text(sample: Sample, chance: Random) -> Sample | None:
    text = target(sample).description
    return with_edit(sample, Substitute(sample, text, text[:79] + "^"))


@fault("SYN06")
def micro_sign_in_text(sample: Sample, chance: Random) -> Sample | None:
    text = target(sample).description
    return with_line(sample, description=text[: FIELD - 3] + " \N{MICRO SIGN}")


@fault("SYN06")
def control_character_in_text(sample: Sample, chance: Random) -> Sample | None:
    text = target(sample).description
    return with_line(sample, description=text[: FIELD - 1] + chance.choice("\t\x07\x7f"))


@fault("SYN07", Wish(type="P"))
def two_notes_on_a_line(sample: Sample, chance: Random) -> Sample | None:
    text = target(sample).description
    return with_line(sample, notes=(Note("ADD", text), Note(chance.choice(("ADD", "DCP")), text)))


@fault("SYN08", Wish(type="I"))
def provider_note_on_a_hospital_line(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, notes=(Note("ADD", target(sample).description),))


@fault("SYN08", Wish(type="I"))
def authorization_on_a_hospital_line(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, references=(Reference(chance.choice(("G1", "9F")), "PA88120447"),))


@fault("SYN08", Wish(type="I"))
def k3_on_a_hospital_line(sample: Sample, chance: Random) -> Sample | None:
    return with_edit(sample, Insert(sample, "REF*6R", "K3*STATE TEXT"))


@fault("SYN09")
def provider_before_the_ndc(sample: Sample, chance: Random) -> Sample | None:
    provider = "NM1*82*1*MARCHETTI*PAUL****XX*1376005512"
    return with_edit(sample, Insert(sample, "LIN*", provider, after=False))


@fault("SYN09", Wish(type="P"))
def note_behind_the_ndc(sample: Sample, chance: Random) -> Sample | None:
    without = with_line(sample, notes=())
    return with_edit(without, Insert(sample, "CTP*", f"NTE*ADD*{target(sample).description}"))


@fault("SYN10")
def superseded_guide(sample: Sample, chance: Random) -> Sample | None:
    guide = {"P": ("005010X222A1", "005010X222"), "I": ("005010X223A2", "005010X223A1")}[sample.claim.type]
    first = with_edit(sample, Substitute(sample, *guide, "GS*"))
    return with_edit(first, Substitute(sample, *guide, "ST*"))


@fault("SYN11")
def no_control_number(sample: Sample, chance: Random) -> Sample | None:
    return with_line(sample, control="")


@fault("SYN11")
def control_number_shared(sample: Sample, chance: Random) -> Sample | None:
    if not others(sample):
        return None
    return with_lines(sample, lambda line: replace(line, control="L1"))


@fault("DUP03")
def replacement_without_original(sample: Sample, chance: Random) -> Sample | None:
    kept = tuple(ref for ref in sample.claim.references if ref.qualifier != "F8")
    return with_claim(sample, frequency=chance.choice("78"), references=kept)


@fault("BAL08")
def other_payer_decided_another_code(sample: Sample, chance: Random) -> Sample | None:
    if not sample.claim.other_payers:
        return None
    return with_edit(sample, Substitute(sample, f"HC:{sample.code}", "HC:J3490", _svd(sample)))


@fault("BAL08")
def other_payer_named_no_drug(sample: Sample, chance: Random) -> Sample | None:
    if not sample.claim.other_payers:
        return None
    return with_edit(sample, Substitute(sample, target(sample).description, "", _svd(sample)))


def _svd(sample: Sample) -> str:
    """How the adjudication of the given line begins."""
    line = target(sample)
    return f"SVD*SEHP1*{line.adjudications[0].paid}*HC:{sample.code}"


@fault("SYN12")
def code_in_small_letters(sample: Sample, chance: Random) -> Sample | None:
    return with_edit(sample, Substitute(sample, f"HC:{sample.code}", f"HC:{sample.code.lower()}"))


@fault("SYN12")
def qualifier_with_a_blank(sample: Sample, chance: Random) -> Sample | None:
    return with_edit(sample, Substitute(sample, f"HC:{sample.code}", f"HC :{sample.code}"))


@fault("SYN13", also=("MOD04",))
def code_without_its_qualifier(sample: Sample, chance: Random) -> Sample | None:
    wrong = chance.choice((f":{sample.code}", sample.code, f"HC::{sample.code}"))
    return with_edit(sample, Substitute(sample, f"HC:{sample.code}", wrong))


@fault("SYN14")
def claim_number_over_38_characters(sample: Sample, chance: Random) -> Sample | None:
    return with_claim(sample, id="A" * chance.randint(39, 45))


@fault("NDC18")
def ndc_on_the_administration(sample: Sample, chance: Random) -> Sample | None:
    drug = target(sample).drug
    if drug is None or not any(line.procedure.startswith("96") for line in others(sample)):
        return None
    return with_lines(sample, lambda line: replace(line, drug=drug) if line.procedure.startswith("96") else line)


@fault("NDC19")
def ndc_on_another_drug(sample: Sample, chance: Random) -> Sample | None:
    drug = target(sample).drug
    if drug is None or sample.given.drug.brand.upper() == "ULTOMIRIS":
        return None
    other = replace(target(sample), procedure="J1303", charge="0", description="", drug=drug, control="OTHER1")
    return with_claim(sample, lines=(*sample.claim.lines, other))


@fault("UNC01", Wish(waste=False), options={"enabled": True})
def ndc_that_no_table_lists(sample: Sample, chance: Random) -> Sample | None:
    if target(sample).drug is None or says_ndc(sample):
        return None
    return with_drug(sample, ndc="9876101230" + chance.choice("1234"))
