"""The product of LIN03 in the reference tables, and the routes of its licenses."""

from __future__ import annotations

from x12proc.claims.model import Location, ServiceLine, location_of
from x12proc.reference.model import Licence, Product
from x12proc.reference.ndc import normalize
from x12proc.rules.context import Context, per_line
from x12proc.values import excerpt

NDC_FORMAT_RULES = ("NDC04", "NDC05", "NDC06", "NDC07", "NDC08", "NDC15")


@per_line
def listed_product(line: ServiceLine, ctx: Context) -> Product | None:
    """Return the product of LIN03, if the tables have it; None for a part of a compound, which is not the drug."""
    drug = line.drug
    if drug is None or len(line.drugs) > 1 or drug.ref is not None or ctx.narrative(line).compound:
        return None
    number = normalize(drug.ndc)
    return ctx.reference.product(number) if number else None


def format_product(product: Product) -> str:
    """Brand and generic name for a message: ``Ultomiris (ravulizumab-cwvz)``."""
    name, generic = product.name or product.generic, product.generic
    return excerpt(name if name.lower() == generic or not generic else f"{name} ({generic})", 80)


def lin03(line: ServiceLine) -> Location:
    return location_of(line.drug.lin, 3) if line.drug else location_of(line.sv_or_lx)


def lin03_excerpt(line: ServiceLine) -> str:
    return excerpt(line.ndc, 20)


def licences_of(name: str, ctx: Context) -> tuple[Licence, ...]:
    """Return the licences of exactly this brand, or of all brands of exactly this drug."""
    found = ctx.reference.licences(name)
    return found if any(name.lower() in (one.name, one.generic) for one in found) else ()


def routes_of_brand(product: Product, ctx: Context) -> frozenset[str]:
    """Return the routes of all packages of a brand: a vial for the vein and a syringe for the skin are one
    drug."""
    brand = [one for one in ctx.reference.products_named(product.generic) if one.name == product.name]
    licences = licences_of(product.name or product.generic, ctx)
    known = [one.routes for one in (product, *brand)] + [one.routes for one in licences]
    return frozenset(route for routes in known for route in routes)
