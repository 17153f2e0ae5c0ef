"""``x12proc profiles``: for whom what holds."""

from __future__ import annotations

import click

from x12proc.rulebook import profile_text
from x12proc.settings import load_profiles


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the payer profiles, or show what one of them changes."""
    profiles, _ = load_profiles()
    if name is not None:
        click.echo(profile_text(profiles.get(name)))
        return
    for known in profiles.names():
        click.echo(f"{known:15} {profiles.get(known).file.title}")
