"""``x12proc keys``: who may use the service."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from x12proc.cli.app import comma_list
from x12proc.cli.serve import data_option, service_extra


@click.group()
def command() -> None:
    """Make, list and revoke the keys of the HTTP service.

    A key is shown once, when it is made; only its hash is kept. A running service knows a new key at once, and a
    revoked one no more.

    \b
    x12proc keys create feed --scope scrub,read
    x12proc keys create prometheus --scope metrics
    x12proc keys create ann --scope read,edit,bypass   to work on claims in a browser
    x12proc keys list
    x12proc keys revoke feed
    """


@command.command()
@click.argument("name")
@click.option(
    "--scope",
    callback=comma_list,
    required=True,
    metavar="LIST",
    help="What the key may do: scrub, read, edit, bypass, metrics.",
)
@data_option
def create(name: str, scope: tuple[str, ...], data: Path) -> None:
    """Make a key for somebody or something."""
    with service_extra():
        from x12proc.service.db.store import Store  # noqa: PLC0415 - an optional extra
        from x12proc.service.keys import create_key  # noqa: PLC0415 - an optional extra
    with closing(Store(data)) as store:
        click.echo(create_key(store, name, scope))
    click.echo("Keep it well: it is shown this once.", err=True)


@command.command("list")
@data_option
def list_command(data: Path) -> None:
    """List the keys; never the secrets, which are not kept."""
    with service_extra():
        from x12proc.service.db.store import Store  # noqa: PLC0415 - an optional extra
        from x12proc.service.keys import list_keys  # noqa: PLC0415 - an optional extra
    with closing(Store(data)) as store:
        keys = list_keys(store)
    for key in keys:
        state = f"revoked {key.revoked}" if key.revoked else "valid"
        click.echo(f"{key.name:24} {','.join(key.scopes):32} made {key.created}  {state}")


@command.command()
@click.argument("name")
@data_option
def revoke(name: str, data: Path) -> None:
    """End a key, and every browser session that was opened with it."""
    with service_extra():
        from x12proc.service.db.store import Store  # noqa: PLC0415 - an optional extra
        from x12proc.service.keys import revoke_key  # noqa: PLC0415 - an optional extra
    with closing(Store(data)) as store:
        revoke_key(store, name)
