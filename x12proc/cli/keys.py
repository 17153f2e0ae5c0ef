"""``x12proc keys``: the API keys of the service."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from x12proc.cli.app import comma_list
from x12proc.cli.serve import data_option, service_extra


@click.group()
def command() -> None:
    """Create, list and revoke the keys of the HTTP service.

    A key is shown once, when it is created; only its hash is stored. A running service accepts a new key at once
    and no longer accepts a revoked one.

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
    help="Scopes of the key: scrub, read, edit, bypass, metrics.",
)
@data_option
def create(name: str, scope: tuple[str, ...], data: Path) -> None:
    """Create a key for a user or program."""
    with service_extra():
        from x12proc.service.auth import create_key  # noqa: PLC0415 - an optional extra
        from x12proc.service.db.store import Store  # noqa: PLC0415 - an optional extra
    with closing(Store(data)) as store:
        click.echo(create_key(store, name, scope))
    click.echo("Store it safely: it is not shown again.", err=True)


@command.command("list")
@data_option
def list_command(data: Path) -> None:
    """List the keys, without their secrets, which are not stored."""
    with service_extra():
        from x12proc.service.auth import list_keys  # noqa: PLC0415 - an optional extra
        from x12proc.service.db.store import Store  # noqa: PLC0415 - an optional extra
    with closing(Store(data)) as store:
        keys = list_keys(store)
    for key in keys:
        state = f"revoked {key.revoked}" if key.revoked else "valid"
        click.echo(f"{key.name:24} {','.join(key.scopes):32} created {key.created}  {state}")


@command.command()
@click.argument("name")
@data_option
def revoke(name: str, data: Path) -> None:
    """Revoke a key and every browser session opened with it."""
    with service_extra():
        from x12proc.service.auth import revoke_key  # noqa: PLC0415 - an optional extra
        from x12proc.service.db.store import Store  # noqa: PLC0415 - an optional extra
    with closing(Store(data)) as store:
        revoke_key(store, name)
