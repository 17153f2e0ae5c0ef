"""The facts in a narrative: one value for each key of the report's ``narrative`` object."""

from __future__ import annotations

import msgspec


class Amount(msgspec.Struct, frozen=True):
    """A quantity with its unit, e.g. ``Amount("3300", "MG")``.

    ``value`` is a plain decimal string without separators (``1,040`` reads ``1040``, ``.5`` reads ``0.5``);
    ``unit`` is one of MG MCG NG G IU UNIT ML L MEQ VG PFU CELLS %.
    """

    value: str
    unit: str


class Strength(msgspec.Struct, frozen=True):
    """A product's strength: ``100 MG / 1 ML``, or with ``per_*`` None the content of one container."""

    value: str
    unit: str
    per_value: str | None = None
    per_unit: str | None = None


class Content(msgspec.Struct, frozen=True):
    """Containers of one size, e.g. ``3X150MG``: a count and what one of them holds."""

    count: str
    amount: Amount


class Narrative(msgspec.Struct, frozen=True):
    """All facts in the free text of a service line; a fact that is not stated is None (or empty, or False)."""

    drug_name: str | None = None  # as written, in lower case; a sponsor's code in its own case
    matched: str | None = None  # canonical name of the lexicon
    generic_text: bool = False  # the text names no drug at all: "UNCLASSIFIED BIOLOGIC", "SEE NDC"
    dose: Amount | None = None  # total administered, never a rate or a concentration
    dose_is_implied: bool = False  # the text only states what one container holds; not part of the report
    strength: Strength | None = None
    concentration_only: bool = False
    route: str | None = None
    routes: tuple[str, ...] = ()
    container: str | None = None  # SDV MDV PFS KIT
    container_count: str | None = None
    doses_per_container: str | None = None
    amount_per_container: Amount | None = None
    drawn: Amount | None = None  # given and discarded together: WASTED 140MG OF 560MG; not part of the report
    contents: tuple[Content, ...] = ()  # every "count x size" the text gives; not part of the report
    discarded: Amount | None = None
    ndc: str | None = None  # 11 digits
    ndc_text: str | None = None  # as written; not part of the report
    invoice: bool = False
    invoice_amount: str | None = None
    trial: str | None = None  # 8 digits
    investigational: bool = False
    compound: bool = False
    laterality: str | None = None  # RT LT
    dates: tuple[str, ...] = ()  # days of service, ISO; not those of birth, expiry, approval or the next dose
    name_is_guess: bool = (
        False  # no table has the name, it is only where a name is expected; not part of the report
    )
    premedication: bool = False  # the text is about a drug given before the one billed; not part of the report
