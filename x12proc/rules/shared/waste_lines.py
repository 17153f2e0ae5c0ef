"""JW and JZ: the two lines of one administration, the given part of a drug and the discarded part."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal

from x12proc.claims.model import Days, ServiceLine
from x12proc.narrative import Amount, Narrative
from x12proc.reference.ndc import is_placeholder, normalize
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.dates import service_days
from x12proc.values import parse_quantity

MULTIPLE_DOSE = "MDV"
_INTO_THE_EYE = ("INTRAVITREAL",)  # every product licensed for it comes in containers for a single dose
_PRICED_AS_ONE_UNIT = "C9399"  # takes neither modifier, for most payers
# Facility types whose drugs are not paid line by line: stays, rural and federally qualified health centers.
_PAID_AS_A_WHOLE = ("11", "18", "21", "71", "77")
WASTED = "JW"
NOTHING_WASTED = "JZ"
WASTE_MODIFIERS = frozenset((WASTED, NOTHING_WASTED))
_PAIR = 2  # lines of one administration
Drug = tuple[str, Days | None]


def drugs_billed(ctx: Context, wasted: bool) -> tuple[frozenset[Drug], bool]:
    """Return the drugs of the target lines with JW, or of those without, and whether all of them are known."""
    return _drugs_wasted(ctx) if wasted else _drugs_given(ctx)


@per_claim
def _drugs_wasted(ctx: Context) -> tuple[frozenset[Drug], bool]:
    return _drugs(line for line in ctx.targets if is_waste_line(line))


@per_claim
def _drugs_given(ctx: Context) -> tuple[frozenset[Drug], bool]:
    return _drugs(line for line in ctx.targets if not is_waste_line(line))


def _drugs(lines: Iterable[ServiceLine]) -> tuple[frozenset[Drug], bool]:
    drugs = frozenset(drug_and_day(line) for line in lines)
    return drugs, all(map(is_known, drugs))


def may_have_partner(line: ServiceLine, ctx: Context, wasted: bool) -> bool:
    """Return whether another line holds the wasted (else the given) part, or may hold it for all that is known."""
    drugs, all_known = drugs_billed(ctx, wasted)
    own = drug_and_day(line)
    return bool(drugs) and (own in drugs or not all_known or not is_known(own))


def may_have_waste_line(line: ServiceLine, ctx: Context) -> bool:
    """Return whether a JW line belongs to the line; one whose own partner is missing (MOD04) may have been
    meant."""
    alone = drugs_billed(ctx, True)[0] - drugs_billed(ctx, False)[0]
    return bool(alone) or may_have_partner(line, ctx, True)


def container_type(line: ServiceLine, ctx: Context) -> str:
    """Return SDV, MDV, PFS or KIT as the text says, else as the product of the NDC comes; empty when unknown."""
    stated = ctx.narrative(line).container
    if stated is not None:
        return stated
    number = normalize(line.ndc)
    product = ctx.reference.product(number) if number else None
    if product and product.container:
        return product.container
    return "SDV" if ctx.narrative(line).routes == _INTO_THE_EYE and not ctx.narrative(line).compound else ""


def is_exempt_from_waste_modifiers(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the line is of a kind that is billed without JW and JZ."""
    claim = ctx.claim
    if claim.type == "I" and claim.facility_code.startswith(_PAID_AS_A_WHOLE):
        return True
    if line.procedure.upper() == _PRICED_AS_ONE_UNIT:
        return _has_no_waste_line(line, ctx) or ctx.investigational(line)
    if claim.type == "I" and claim.facility_code.startswith("13") and ctx.option("MOD01", "packaged_on_13x"):
        return True
    return ctx.investigational(line)


def _has_no_waste_line(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the code is billed as one unit for all that was used: the payer wants no JW line for it."""
    return line.procedure.upper() == _PRICED_AS_ONE_UNIT and not ctx.option("INS08", "wanted")


def discarded_amount(narrative: Narrative) -> Decimal | None:
    """Return how much the text says was discarded; None when it doesn't."""
    return parse_quantity(narrative.discarded.value) if narrative.discarded else None


def is_waste_line(line: ServiceLine) -> bool:
    """Return whether a line bills discarded drug."""
    return WASTED in line.modifiers_sent


def drug_and_day(line: ServiceLine) -> Drug:
    """Return what two lines share that are parts of one administration: NDC and day."""
    return normalize(line.ndc) or line.ndc, service_days(line)


def is_known(drug: Drug) -> bool:
    """Return whether NDC and day are real ones, so that two lines with the same can be paired."""
    return normalize(drug[0]) is not None and not is_placeholder(drug[0]) and drug[1] is not None


def other_part(line: ServiceLine, ctx: Context) -> ServiceLine | None:
    """Return the line that bills the other part of a line's drug: the given part of a JW line, the waste of a
    given line.

    None unless exactly two target lines bill the drug on that day, one with JW and one without. Lines without an
    NDC pair by the drug's name.
    """
    lines = _lines_by_drug(ctx)
    if not lines:  # checked first: without a JW line no dates are read, and the rule can do with the drug alone
        return None
    parts = lines.get(_key(line, ctx), [])
    if len(parts) != _PAIR or is_waste_line(parts[0]) is is_waste_line(parts[1]):
        return None
    return parts[1] if parts[0].end == line.end else parts[0]


@per_claim
def _lines_by_drug(ctx: Context) -> dict[Hashable, list[ServiceLine]]:
    """Return the target lines by drug and day; empty where none bills waste."""
    found: dict[Hashable, list[ServiceLine]] = {}
    if any(is_waste_line(line) for line in ctx.targets):
        for line in ctx.targets:
            found.setdefault(_key(line, ctx), []).append(line)
    return found


def _key(line: ServiceLine, ctx: Context) -> Hashable:
    """Return NDC and day; without an NDC the drug's name and the day; else the line itself, which pairs with no
    other."""
    drug = drug_and_day(line)
    if is_known(drug):
        return drug
    named = ctx.narrative(line).matched
    return (named, drug[1]) if named and drug[1] and not drug[0] else line.end


@per_claim
def _doses_given(ctx: Context) -> frozenset[Amount | None]:
    """Return the doses in the texts of the lines without JW."""
    return frozenset(ctx.narrative(line).dose for line in ctx.targets if not is_waste_line(line))


@per_claim
def _packages(ctx: Context) -> dict[str | None, set[str | None]]:
    """Return the NDCs under which each drug of the claim is billed."""
    found: dict[str | None, set[str | None]] = {}
    for line in ctx.targets:
        found.setdefault(ctx.narrative(line).matched, set()).add(normalize(line.ndc))
    return found


def has_other_packages(line: ServiceLine, ctx: Context) -> bool:
    """Return whether the drug is billed from several packages: its texts may then be about all of them."""
    return len(_packages(ctx)[ctx.narrative(line).matched]) > 1


def wasted_amount(line: ServiceLine, ctx: Context) -> Amount | None:
    """Return how much a JW line says was discarded: the amount that it calls so, or the only one that it gives.

    None where the text repeats the dose of the line that bills the given part.
    """
    narrative = ctx.narrative(line)
    if narrative.discarded is not None:
        return narrative.discarded
    return None if narrative.dose in _doses_given(ctx) else narrative.dose
