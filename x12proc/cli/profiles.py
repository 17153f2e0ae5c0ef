"""``x12proc profiles``: for whom what holds."""

from __future__ import annotations

import click

from x12proc.rulebook import profile_text
from x12proc.settings import load_profiles


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the payer profiles, or show what one of them changes.

    A profile is chosen claim by claim: by the payer's id, else by the filing indicator with the type of claim
    and facility, else default. 'scrub --profile NAME' makes one hold for all claims.

    \b
    x12proc profiles                 all of them
    x12proc profiles medicare-b      for whom it is, and what it changes with which source
    """
    profiles, _ = load_profiles()
    if name is not None:
        click.echo(profile_text(profiles.get(name)))
        return
    for known in profiles.names():
        click.echo(f"{known:20} {profiles.get(known).file.title}")
