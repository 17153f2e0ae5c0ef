"""CMP01, CMP03, CMP04: compounds and kits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from x12proc.claims.model import Days, DrugIdentification, Location, ServiceLine, location_of, missing_location
from x12proc.findings import INFO, WARN, Hit
from x12proc.reference.ndc import normalize
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.corrected_segments import changed_service, procedure_composite
from x12proc.rules.shared.dates import service_days
from x12proc.values import excerpt, parse_quantity

_FIRST_NDC, _FURTHER_NDC = "KP", "KQ"
_MOST_MODIFIERS = 4
_KIT = "KIT"
_LINK = "VY"  # REF01 of a link number


def _ref(line: ServiceLine, element: int) -> str:
    """Return an element of the REF of loop 2410."""
    ref = line.drug.ref if line.drug else None
    return ref.element(element).strip() if ref is not None else ""


def _link(line: ServiceLine) -> str:
    """Return what ties a line to the others of its compound: the link number or the prescription number."""
    return _ref(line, 2)


def _link_location(drug: DrugIdentification) -> Location:
    if drug.ref is not None:
        return location_of(drug.ref, 2)
    return missing_location(drug.ctp or drug.lin, "2410", "REF02")


@per_claim
def _unlinked(ctx: Context) -> dict[int, str]:
    """Return what is wrong with the link of a compound's line, by where the line ends."""
    drugs = [line for line in ctx.claim.lines if line.ndc.strip()]
    if len(drugs) < 2:
        return {}
    by_day: dict[Days | None, list[ServiceLine]] = {}
    for line in drugs:
        by_day.setdefault(service_days(line), []).append(line)
    found: dict[int, str] = {}
    for lines in by_day.values():
        parts = [line for line in lines if _ref(line, 1) == _LINK or ctx.description(line).compound]
        found.update(_faults(parts, lines))
    return found


def _faults(parts: list[ServiceLine], lines: list[ServiceLine]) -> Iterator[tuple[int, str]]:
    """Yield the faults of a compound's parts among the drug lines of their day."""
    links = Counter(_link(part) for part in parts)
    # One part alone is a compound of several only by its link number, and then the other drugs lack theirs.
    compared = parts if len(parts) > 1 or "" in links else lines
    if len({line.ndc.strip() for line in compared}) < 2:
        return
    for part in parts:
        link = _link(part)
        if not link:
            yield (
                part.end,
                f"This line is 1 of {len(parts)} ingredients of a compound, without a link number (REF*VY)",
            )
        elif links[link] == 1:
            yield part.end, f"Link number {excerpt(link, 40)} is on no other drug line of the day"


@line_rule(
    "CMP01",
    "compound-not-linked",
    severity=WARN,
    sources=("PYX", "MEM"),
    confidence="proposed",
    status="A6:219",
    remittance=("16", "MA130"),
    where="2410 REF*VY, REF02",
    summary="The ingredients of a compound are on several lines without a common link number.",
    fix="Send the same link number after the CTP of every ingredient, for example REF*VY*123456~, or REF*XZ with "
    "the prescription number.",
)
def compound_not_linked(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Each ingredient has its own line and NDC, and only the link number shows the payer that they are one
    drug. Without it they are priced as separate drugs."""
    message = _unlinked(ctx).get(line.end) if len(ctx.claim.lines) > 1 else None
    if message is not None and line.drug is not None:
        yield Hit(_link_location(line.drug), message, excerpt(_link(line)) or None)


@line_rule(
    "CMP03",
    "several-ndcs-not-marked",
    severity=INFO,
    sources=("MEM", "IBX"),
    confidence="proposed",
    status="A7:453",
    remittance=("16", "N823"),
    where="2400 SV101-3 to SV101-6, SV202-3 to SV202-6; 2410 LIN03",
    options={
        "enabled": Option(
            False, "whether the payer requires KP and KQ on the lines of a drug from several packages"
        )
    },
    summary="One drug and day is billed from several packages without modifiers KP and KQ.",
    fix="Put KP on the first NDC's line and KQ on each further line.",
)
def several_ndcs_not_marked(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A dose drawn from packages of two strengths has two NDCs and two lines. Some Medicaid and commercial
    payers deny the second as a duplicate unless KP and KQ distinguish them."""
    wanted = _unmarked(ctx).get(line.end)
    if wanted is not None:
        composite = procedure_composite(line, modifiers=[*line.modifiers_sent, wanted])
        corrected = changed_service(line, ctx.claim.delimiters, composite)
        usable = corrected and len(line.modifiers_sent) < _MOST_MODIFIERS
        message = f"The drug is billed from several packages; this line has no {wanted}"
        yield Hit(location_of(line.sv_or_lx), message, wanted, fix=f"Send {corrected}" if usable else None)


@per_claim
def _unmarked(ctx: Context) -> dict[int, str]:
    """Return the modifier that a line of several packages of one drug lacks, by where the line ends."""
    groups: dict[tuple[str, Days | None], list[tuple[str, ServiceLine]]] = {}
    for line in ctx.targets:
        ndc = normalize(line.ndc)
        if ndc is not None:
            groups.setdefault((ndc[:9], service_days(line)), []).append((ndc, line))
    found: dict[int, str] = {}
    for group in groups.values():
        first = group[0][0]
        if any(ndc != first for ndc, _ in group):
            modifiers = [(line, _FIRST_NDC if ndc == first else _FURTHER_NDC) for ndc, line in group]
            found.update(
                (line.end, modifier) for line, modifier in modifiers if modifier not in line.modifiers_sent
            )
    return found


@line_rule(
    "CMP04",
    "kit-not-counted-whole",
    severity=INFO,
    sources=("IBX", "XWK"),
    confidence="proposed",
    drug_only=True,
    status="A7:218",
    remittance=("16", "M119"),
    where="2410 CTP04, CTP05-1",
    suppressed_by=("QTY01", "QTY02", "QTY03", "QTY09"),
    summary="A kit is not counted in whole kits.",
    fix="Send the NDC of the kit's outer package and count kits, for example CTP****1*UN~.",
)
def kit_not_counted_whole(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A kit is sold and priced as one piece, and its NDC covers all parts. A quantity in milliliters has no
    price."""
    drug = line.drug
    if drug is None or drug.ctp is None or not drug.quantity or _is_whole_number_of_pieces(drug):
        return
    if _is_kit(line, ctx):
        message = f"The product is a kit, but the quantity is {excerpt(drug.quantity, 20)} {excerpt(drug.unit, 5)}"
        yield Hit(location_of(drug.ctp, 4), message, excerpt(drug.quantity, 20))


def _is_whole_number_of_pieces(drug: DrugIdentification) -> bool:
    quantity = parse_quantity(drug.quantity)
    return drug.unit == "UN" and quantity is not None and quantity == quantity.to_integral_value() > Decimal(0)


def _is_kit(line: ServiceLine, ctx: Context) -> bool:
    """By the tables; where they don't say what the product comes in, by the text."""
    number = normalize(line.ndc)
    product = ctx.reference.product(number) if number else None
    if product is not None and product.container:
        return product.container == _KIT
    return ctx.narrative(line).container == _KIT
