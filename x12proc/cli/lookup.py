"""``x12proc reference lookup``: what an NDC, a code or a name is, and the units and quantity of a dose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
import msgspec

from x12proc.cli.app import day
from x12proc.cli.tables import edition_folder, own_config, readable
from x12proc.errors import ConfigError
from x12proc.reference import ndc as ndc_spelling
from x12proc.reference.dosing import Answer, Dose, read_dose
from x12proc.reference.edition import Reference
from x12proc.reference.lookup import (
    Coded,
    Hit,
    Printed,
    Query,
    coded,
    find,
    near_names,
    quantities,
    read_query,
    unit_of,
)
from x12proc.reference.model import Product
from x12proc.runner.settings import load_reference
from x12proc.runner.streams import write_output
from x12proc.values import parse_quantity

_MOST_PACKAGES = 12  # of a drug, on the terminal
_UNLISTED = "not in the tables. That proves nothing: they don't list every product."


class _Asked(msgspec.Struct, frozen=True):
    """The facts to print of each hit."""

    reference: Reference
    query: Query
    dose: Dose | None
    on: date | None  # None: no day, so that codes are listed with their dates


@click.command()
@click.argument("text", nargs=-1, required=True, metavar="NDC|CODE|NAME...")
@click.option("--dose", metavar="DOSE", help="What was given: 1200MG, 1.5G, 250mcg, 10ML, 3vials.")
@click.option("--on", callback=day, metavar="DATE", help="The day of service; with --dose today when not given.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@own_config
def lookup(text: tuple[str, ...], dose: str | None, on: date | None, as_json: bool, config: Path | None) -> None:
    """Print what an NDC, a HCPCS code or a drug's name means, and the units and quantity of a dose.

    Type it as you have it: a brand or generic name, a code, or an NDC with or without hyphens and blanks, also as
    it is printed in box 24A or FL 43 with N4 before and unit and quantity after. Ten digits without hyphens are
    shown in all their readings. Where a name means several drugs, all are listed; a name that nobody knows gets
    suggestions and exit code 2.

    \b
    x12proc reference lookup imaavy                  packages, and codes with the days they hold
    x12proc reference lookup J9256                   what the code means
    x12proc reference lookup N461755001401UN1        an NDC as printed; also 61755-0014-01 UN 1
    x12proc reference lookup imaavy --dose 1200MG --on 2026-03-01

    With --dose it computes, and shows how: the units of the code in force on the day of service, rounded up to
    whole units as HCPCS codes are billed, and the NDC quantity with its unit (CTP04 and CTP05; the same are
    after the NDC on paper). A liquid is counted in ML, a powder in whole vials, UN. What the tables don't
    tell is said in words and never guessed.
    """
    reference = load_reference(edition_folder(config))
    try:
        query = read_query(" ".join(text))
        given = read_dose(dose) if dose else None
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if given is not None and on is None:
        on = date.today()  # noqa: DTZ011 - a day of service is local
    asked = _Asked(reference, query, given, on)
    with readable():
        hits = find(reference, query)
        if not hits and query.kind in ("code", "name"):
            raise ConfigError(_nothing(reference, query))
        if as_json:
            encoded = msgspec.json.format(msgspec.json.encode(_document(asked, hits)), indent=2)
            write_output(encoded + b"\n")
        else:
            click.echo("\n".join(_report(asked, hits)))


def _nothing(reference: Reference, query: Query) -> str:
    if query.kind == "code":
        return f"the tables know no code {query.value}; they list the drug codes of HCPCS Level II"
    near = near_names(reference, query.value)
    suggested = f"; near it are {', '.join(near)}" if near else "; try the generic name, a code, or the NDC"
    return f"the tables know no drug {query.value!r}{suggested}"


# -- for people ------------------------------------------------------------------------------------------------


def _report(asked: _Asked, hits: Sequence[Hit]) -> Iterator[str]:
    if asked.query.kind == "ten digits":
        yield from _readings(asked)
    if asked.query.printed is not None:
        yield from _printed(asked.query.printed)
    # Of ten digits with several known readings each is named above, and none is explained as if it were meant.
    for number, hit in enumerate(hits if asked.query.kind != "ten digits" or len(hits) == 1 else ()):
        if number or asked.query.kind == "ten digits":
            yield ""
        yield from _hit(asked, hit)
    yield from _limits(asked)


def _readings(asked: _Asked) -> Iterator[str]:
    readings = ndc_spelling.candidates(asked.query.value)
    yield f"{asked.query.value} has 10 digits and no hyphens: {len(readings)} products can be meant."
    for reading in readings:
        product = asked.reference.product(reading)
        product_name = f"{product.name} ({product.generic})" if product else "not in the tables"
        yield f"  {ndc_spelling.hyphenated(reading)}  {product_name}"


def _printed(printed: Printed) -> Iterator[str]:
    unit, quantity = printed.unit, printed.quantity
    yield f"Printed  unit {unit}, quantity {quantity}: in a claim CTP****{quantity}*{unit}"


def _hit(asked: _Asked, hit: Hit) -> Iterator[str]:
    if hit.ndc is not None:
        yield from _of_ndc(hit.ndc, hit.packages)
    else:
        yield from _of_drug(hit)
    if hit.classes:
        yield f"Class    {', '.join(sorted(hit.classes))}"
    codes = coded(asked.reference, hit, asked.dose, asked.on)
    for one in codes:
        yield f"Code     {_code_line(asked, one)}"
    if hit.packages and not codes:
        yield "Code     the tables know no code of its own"
    if asked.dose is not None:
        yield from _dose(asked, asked.dose, hit, codes)


def _of_ndc(ndc: str, packages: Sequence[Product]) -> Iterator[str]:
    yield f"NDC      {ndc_spelling.hyphenated(ndc)} ({ndc} in a claim)"
    if ndc_spelling.is_placeholder(ndc):
        yield "         This number has the form of a placeholder, not of a product."
    if not packages:
        yield f"Product  {_UNLISTED}"
    for product in packages:
        yield f"Product  {product.name}" + (f" ({product.generic})" if product.generic else "")
        if product.ndc is None:
            yield "         This package isn't listed; the facts are those of another package of the product."
        yield f"         {_facts(product) or 'nothing more is known'}"


def _of_drug(hit: Hit) -> Iterator[str]:
    if hit.listed is not None:
        yield f"Asked    {hit.listed.code} {hit.listed.short}".rstrip()
    if not hit.drug:
        yield "         The tables name no single drug for it."
    else:
        brands = ", ".join(dict.fromkeys(product.name for product in hit.packages if product.name))
        yield f"Drug     {hit.drug}" + (f" ({brands})" if brands.lower() not in ("", hit.drug) else "")
    for product in hit.packages[:_MOST_PACKAGES]:
        yield f"Package  {_number(product)}  {'; '.join(filter(None, (product.name, _facts(product))))}"
    more = len(hit.packages) - _MOST_PACKAGES
    if more > 0:
        yield f"Package  and {more} more; --json lists all"


def _number(product: Product) -> str:
    return ndc_spelling.hyphenated(product.ndc or "")


def _facts(product: Product) -> str:
    return "; ".join(
        filter(None, [product.application, product.strength, product.container, ", ".join(product.routes)])
    )


def _code_line(asked: _Asked, one: Coded) -> str:
    code = one.code
    known = f"{code.known_since} at the latest" if code.known_since else "an unknown day"
    span = f"from {code.first or known}" + (f" to {code.last}" if code.last else "")
    sure = {"verified": "", "unverified": ", date unverified"}.get(code.date_confidence, "")
    matched = {
        "ndc11": "by this NDC",
        "ndc9": "by another package",
        "name": "by the drug's name",
        "asked": "as asked",
    }[code.matched_by]
    unit = unit_of(asked.reference, code)
    per = f", per {unit.removeprefix('PER ')}" if unit else ""
    where = f", {code.route} only" if code.route else ""
    return f"{code.code} {span}{sure}{per}{where} ({matched}){_in_force_text(asked, one)}"


def _in_force_text(asked: _Asked, one: Coded) -> str:
    if asked.on is None:
        return ""
    words = {True: "in force", False: "not in force", None: "not known whether in force"}[one.in_force]
    return f": {words} on {asked.on}"


def _dose(asked: _Asked, dose: Dose, hit: Hit, codes: Sequence[Coded]) -> Iterator[str]:
    usable = [one for one in codes if one.in_force is not False]
    for one in usable:
        units = one.units
        units_text = (
            f"{one.code.code} x {units.value}: {units.explanation}"
            if units.value
            else f"{one.code.code}: {units.explanation}"
        )
        sure = "" if one.in_force else " (if it was in force)"
        outpatient = ", hospital outpatient only" if one.code.code.startswith("C") else ""
        yield f"Units    {units_text}{outpatient}{sure}"
    if not usable:
        yield f"Units    no code of its own is known for {asked.on}: an unclassified code, mostly with 1 unit"
    for product, answer in quantities(hit, dose)[:_MOST_PACKAGES]:
        yield f"Quantity {_number(product) or hit.ndc}  {_quantity(answer)}"
        yield from _agreement(asked.query.printed, answer)
    if not hit.packages:
        yield "Quantity can't be computed: the tables list no package"


def _quantity(answer: Answer) -> str:
    if not answer.value:
        return f"can't be computed: {answer.explanation}"
    return f"{answer.unit} {answer.value} ({answer.explanation}), in a claim CTP****{answer.value}*{answer.unit}"


def _agreement(printed: Printed | None, answer: Answer) -> Iterator[str]:
    if printed is None or not answer.value:
        return
    same = printed.unit == answer.unit and parse_quantity(printed.quantity) == parse_quantity(answer.value)
    yield "         This agrees with what is printed." if same else "         What is printed differs from it."


def _limits(asked: _Asked) -> Iterator[str]:
    yield f"Edition  {asked.reference.editions()['edition']}"
    if asked.on is not None and not asked.reference.covers("codes", asked.on):
        last = asked.reference.manifest().tables["codes"].last
        yield f"         The table of codes ends {last}: what began or ended later isn't known."


# -- for programs ----------------------------------------------------------------------------------------------


def lookup_document(reference: Reference, text: str, on: date | None) -> dict[str, Any]:
    """Return what the tables have of a drug, NDC or code. Raises ConfigError for what can't be one."""
    try:
        query = read_query(text)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    hits = find(reference, query)
    if not hits:
        raise ConfigError(_nothing(reference, query))
    return _document(_Asked(reference, query, None, on), hits)


def _document(asked: _Asked, hits: Sequence[Hit]) -> dict[str, Any]:
    query, dose, on = asked.query, asked.dose, asked.on
    return {
        "query": {"kind": query.kind, "value": query.value, "printed": query.printed},
        "dose": {"value": format(dose.value, "f"), "unit": dose.unit} if dose else None,
        "on": on.isoformat() if on else None,
        "codes_covered": asked.reference.covers("codes", on) if on else None,
        "edition": asked.reference.editions()["edition"],
        "hits": [_hit_document(asked, hit) for hit in hits],
    }


def _hit_document(asked: _Asked, hit: Hit) -> dict[str, Any]:
    answers = dict(quantities(hit, asked.dose)) if asked.dose else {}
    return {
        "drug": hit.drug,
        "ndc": hit.ndc,
        "code": hit.listed.code if hit.listed else None,
        "classes": sorted(hit.classes),
        "codes": [_code_document(asked, one) for one in coded(asked.reference, hit, asked.dose, asked.on)],
        "packages": [
            {
                **{key: getattr(product, key) for key in ("ndc", "name", "generic", "application", "container")},
                "routes": list(product.routes),
                "strength": product.strength,
                "quantity": _answer_document(answers.get(product)),
            }
            for product in hit.packages
        ],
    }


def _code_document(asked: _Asked, one: Coded) -> dict[str, Any]:
    code = one.code
    return {
        "code": code.code,
        "first": code.first.isoformat() if code.first else None,
        "last": code.last.isoformat() if code.last else None,
        "date_confidence": code.date_confidence,
        "unit": unit_of(asked.reference, code),
        "route": code.route,
        "matched_by": code.matched_by,
        "in_force": one.in_force,
        "units": _answer_document(one.units if asked.dose else None),
    }


def _answer_document(answer: Answer | None) -> dict[str, Any] | None:
    """Return a number with its arithmetic; ``value`` is null, and ``explanation`` the reason, if there is none."""
    if answer is None:
        return None
    return {"value": answer.value or None, "unit": answer.unit, "explanation": answer.explanation}
