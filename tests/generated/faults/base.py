"""How a fault is declared, and the small changes that faults are made of."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from msgspec.structs import replace

from generated.clean import ANY, Wish, clean
from generated.sample import Edit, Sample
from x12proc.testing import Line, Note

Break = Callable[[Sample, Random], Sample | None]


class FaultKind(NamedTuple):
    """A way to break a claim.

    ``instead`` are rules that may tell it in place of ``rule``, because their suppression is documented; ``also``
    are rules that reject for the same fault. ``make`` gives None for a claim that can't have the fault.
    """

    name: str
    rule: str
    make: Break
    wish: Wish
    instead: tuple[str, ...]
    also: tuple[str, ...]
    options: dict[str, Any]


FAULTS: list[FaultKind] = []


def fault(
    rule: str,
    wish: Wish = ANY,
    *,
    instead: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
    options: dict[str, Any] | None = None,
) -> Callable[[Break], Break]:
    """Declare a fault; ``options`` are those of the rule, where it is silent without."""

    def register(make: Break) -> Break:
        FAULTS.append(FaultKind(make.__name__, rule, make, wish, instead, also, options or {}))
        return make

    return register


def broken(kind: FaultKind, seed: int) -> Sample:
    """The first claim from a seed on that can have the fault, with it."""
    for number in range(seed, seed + 400):
        made = kind.make(clean(number, kind.wish), Random(number))
        if made is not None:
            return made._replace(options={kind.rule: kind.options}) if kind.options else made
    raise ValueError(f"no claim can have the fault {kind.name}")


# -- parts of a sample ------------------------------------------------------------------------------------------


def targets(sample: Sample) -> list[Line]:
    """The lines that bill the unclassified code."""
    return [line for line in sample.claim.lines if line.procedure == sample.code]


def target(sample: Sample) -> Line:
    """The line that bills what was given."""
    return next(line for line in targets(sample) if "JW" not in line.modifiers)


def others(sample: Sample) -> list[Line]:
    """The lines that bill anything else."""
    return [line for line in sample.claim.lines if line.procedure != sample.code]


def name(sample: Sample) -> str:
    """The brand as texts write it."""
    return sample.given.drug.brand.upper()


def says_ndc(sample: Sample) -> bool:
    """Whether any text gives the NDC."""
    texts = [note.text for note in sample.claim.notes]
    for line in targets(sample):
        texts += [line.description, *(note.text for note in line.notes)]
    return any(
        number in text for text in texts for number in (sample.given.drug.ndc, sample.given.drug.hyphenated)
    )


# -- changes ----------------------------------------------------------------------------------------------------


def with_claim(sample: Sample, **changes: Any) -> Sample:
    """The sample with parts of its claim replaced."""
    return sample._replace(claim=replace(sample.claim, **changes))


def with_line(sample: Sample, **changes: Any) -> Sample:
    """The sample with parts of the given line replaced."""
    old = target(sample)
    return with_lines(sample, lambda line: replace(line, **changes) if line is old else line)


def with_targets(sample: Sample, **changes: Any) -> Sample:
    """The sample with parts of all target lines replaced."""
    return with_lines(sample, lambda line: replace(line, **changes) if line.procedure == sample.code else line)


def with_lines(sample: Sample, change: Callable[[Line], Line]) -> Sample:
    """The sample with its lines changed one by one."""
    return with_claim(sample, lines=tuple(change(line) for line in sample.claim.lines))


def with_drug(sample: Sample, **changes: Any) -> Sample:
    """The sample with parts of the given line's loop 2410 replaced."""
    drug = target(sample).drug
    assert drug is not None
    return with_line(sample, drug=replace(drug, **changes))


def with_text(sample: Sample, text: str, *notes: str) -> Sample:
    """The sample with one text on its target lines, notes on the line that was given, and none on the claim."""
    reported = with_claim(with_targets(sample, description=text, notes=()), notes=())
    return with_line(reported, notes=tuple(Note("ADD", note) for note in notes)) if notes else reported


def with_edit(sample: Sample, edit: Edit) -> Sample:
    """The sample with a change to the segments of its file."""
    return sample._replace(edits=(*sample.edits, edit))


def with_modifiers(sample: Sample, *modifiers: str) -> Sample:
    """The sample with other modifiers on the line that was given."""
    return with_line(sample, modifiers=modifiers)


def without_waste_modifiers(line: Line) -> tuple[str, ...]:
    """A line's modifiers but JW and JZ."""
    return tuple(code for code in line.modifiers if code not in ("JW", "JZ"))


def first_line(segments: list[str], beginning: str, after: int = 0) -> int:
    """The place of the first segment that begins so."""
    return next(
        location
        for location, segment in enumerate(segments)
        if location >= after and segment.startswith(beginning)
    )


def drug_line(segments: list[str], sample: Sample) -> int:
    """The place of the SV1 or SV2 of the first target line."""
    return next(
        location
        for location, segment in enumerate(segments)
        if segment[:3] in ("SV1", "SV2") and f"HC:{sample.code}" in segment
    )
