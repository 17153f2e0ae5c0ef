"""``x12proc reference status``: what is in force, until when, what is missing, and what each file brings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from x12proc.cli.app import day
from x12proc.cli.tables import edition_folder, own_config, readable
from x12proc.reference.coverage import DATED, Need
from x12proc.reference.edition import OPTIONAL
from x12proc.reference.manifest import Manifest, TableInfo
from x12proc.rules import all_rules
from x12proc.rules.retired import NEEDS_DATA
from x12proc.runner.settings import load_reference

_SOON = 45  # days before its last day from which a table is said to end
# The official downloads, and the table that each renews.
_DOWNLOADS: tuple[tuple[str, str, Need], ...] = (
    ("icd10cm_codes_YYYY.txt (CDC, each October)", "diagnoses of its fiscal year", "diagnoses"),
    ("HCPCS file and ASP crosswalk (CMS, each quarter)", "codes in force, with their drugs and units", "codes"),
    ("product.txt and package.txt (FDA NDC Directory)", "products by NDC", "products"),
    ("the same two files", "the days on which each package is marketed", "marketing"),
    ("Purple Book CSV (FDA, each month)", "biologics by name, with their licenses", "drugs"),
)


@click.command("status")
@click.option("--as-of", callback=day, metavar="DATE", help="The day to look from. Default: today.")
@own_config
def status(as_of: date | None, config: Path | None) -> None:
    """Show what is in force, until when, what is missing, and what each missing file would switch on."""
    today = as_of or date.today()  # noqa: DTZ011 - tables are dated by the local day
    folder = edition_folder(config)
    with readable():
        manifest = load_reference(folder).manifest()
    click.echo(f"Edition {manifest.edition} ({folder or 'shipped with x12proc'}), seen on {today}\n")
    for name, table in sorted(manifest.tables.items()):
        click.echo(f"{name:16}{table.rows:>8} rows  {_state(name, table, today)}")
    click.echo(
        "\nFiles that renew them (x12proc reference import FILE... --into DIR), and the rules that need them"
    )
    for name, what, need in _DOWNLOADS:
        rules = ", ".join(rule.id for rule in all_rules().values() if need in rule.needs)
        click.echo(f"  {name}: {what}; {rules}{_off(need, manifest)}")
    click.echo("\nRules of the catalogue that wait for other data")
    for rule, reason in NEEDS_DATA.items():
        click.echo(f"  {rule}: {reason}")


def _off(need: Need, manifest: Manifest) -> str:
    is_missing = f"{need}.csv" in OPTIONAL and need not in manifest.tables
    return " (off: this edition has no such table)" if is_missing else ""


def _state(name: str, table: TableInfo, today: date) -> str:
    if table.last is None:
        return "any service date"
    left = (table.last - today).days
    first = f"from {table.first} " if table.first else ""
    if left < 0:
        later = "later services are unchecked" if name in DATED else "newer entries are missing"
        return f"{first}to {table.last}: ended {-left} days ago, {later}"
    return f"{first}to {table.last}: in force{f', ends in {left} days' if left <= _SOON else ''}"
