"""Procedure codes for the administration of a drug, by route."""

from __future__ import annotations

CODES_BY_ROUTE = {
    "IV": "96365 or 96413 for an infusion, 96374 or 96409 for an IV push",
    "SC": "96372 or 96401 for SC",
    "IM": "96372 or 96401 for IM",
    "INTRAVITREAL": "67028 with RT, LT or 50",
    "IT": "62322, 62323 or 96450",
    "INTRAVESICAL": "51720",
}
