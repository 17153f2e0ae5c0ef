"""``x12proc reference``: what the dated tables know, and how newer official tables get in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from x12proc.cli.app import day
from x12proc.cli.edition_folder import base_edition, check_target, import_into, replace_folder
from x12proc.cli.lookup import lookup
from x12proc.cli.reference_fetch import fetch
from x12proc.cli.reference_status import status
from x12proc.cli.tables import edition_folder, own_config, readable
from x12proc.errors import ConfigError
from x12proc.reference.differences import Change, differences
from x12proc.runner.settings import load_reference, shipped_reference

_SHOWN_CHANGES = 5


@click.group()
def command() -> None:
    """Show and renew the reference tables: products by NDC, codes with their dates, diagnoses.

    \b
    x12proc reference status                            what is in force, until when, and what is missing
    x12proc reference list                              the tables with their sources
    x12proc reference lookup imaavy                     a drug: its packages, its codes with their dates
    x12proc reference lookup J9256 --dose 1200MG        a code; units and NDC quantity of a dose
    x12proc reference lookup N461755001401UN1           an NDC in any spelling, or as printed on a form
    x12proc reference import product.txt package.txt --into my-tables
    x12proc reference fetch downloads/ --into my-tables     the same from a folder or URL, shown before it counts
    x12proc reference diff my-tables                    what the import changed
    """


@command.command("list")
@own_config
def list_tables(config: Path | None) -> None:
    """Show the tables in force: rows, the service dates they speak for, and their sources."""
    folder = edition_folder(config)
    with readable():
        manifest = load_reference(folder).manifest()
    click.echo(f"Edition {manifest.edition} ({folder or 'shipped with x12proc'})\n")
    for name, table in sorted(manifest.tables.items()):
        span = f"{table.first or '...'} to {table.last or '...'}" if table.first or table.last else "any date"
        click.echo(f"{name:16}{table.rows:>8} rows  {span:26}{', '.join(table.sources)}")
    click.echo("\nSources")
    for key, source in manifest.sources.items():
        click.echo(f"{key:16}{source.rows:>8} rows  {source.edition} ({source.name})")


command.add_command(lookup)
command.add_command(status)
command.add_command(fetch)


# -- import --------------------------------------------------------------------------------------------


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="The folder of your own edition.")
@click.option("--as-of", callback=day, metavar="DATE", help="The date of the new edition. Default: today.")
def import_files(files: tuple[Path, ...], into: Path | None, as_of: date | None) -> None:
    """Bring official downloads into an edition of your own, whole or not at all.

    Taken, by content: the FDA NDC Directory (product.txt with package.txt), the CMS ASP and NOC crosswalks, the
    HCPCS file (text or XLSX), the FDA Purple Book CSV, icd10cm_codes_YYYY.txt; each also inside its ZIP. The
    edition in DIR is renewed, or the shipped one is taken as a base. Use it by a line in x12proc.toml:

    \b
    reference_folder = "DIR"
    """
    if into is None:
        raise ConfigError("name the folder of your edition with --into DIR; the shipped edition is never changed")
    check_target(into)
    done, tables, _ = import_into(base_edition(into), files, as_of)
    replace_folder(into, tables)
    for imported in done:
        remark = f" ({imported.remark})" if imported.remark else ""
        click.echo(f"{imported.name}: {imported.kind}, {imported.rows} rows{remark}")
    click.echo(f"\nThe edition lies in {into}. Use it with this line in x12proc.toml:")
    click.echo(f'reference_folder = "{into.resolve().as_posix()}"')


# -- diff ----------------------------------------------------------------------------------------------


@command.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--all", "everything", is_flag=True, help="Show every changed row, not the first few of each table.")
@own_config
def diff(folder: Path | None, everything: bool, config: Path | None) -> None:
    """Show what an edition of your own has other than the shipped one.

    DIR is the edition's folder; without it, the one that x12proc.toml names.
    """
    folder = folder or edition_folder(config)
    if folder is None:
        raise ConfigError("name the folder of an edition; x12proc.toml names none (key reference_folder)")
    mine, shipped = load_reference(folder), shipped_reference()
    with readable():
        click.echo(f"Shipped edition {shipped.manifest().edition}, {folder}: edition {mine.manifest().edition}")
        for table, changes in differences(shipped, mine):
            if changes:
                _table_changes(table, changes, None if everything else _SHOWN_CHANGES)


def _table_changes(table: str, changes: list[Change], most: int | None) -> None:
    added = sum(not change.old for change in changes)
    removed = sum(not change.new for change in changes)
    click.echo(f"\n{table}: {added} added, {removed} removed, {len(changes) - added - removed} changed")
    for change in changes[:most]:
        if change.old:
            click.echo(f"  - {change.old}")
        if change.new:
            click.echo(f"  + {change.new}")
    if most is not None and len(changes) > most:
        click.echo(f"  ... and {len(changes) - most} more (--all shows them)")
