"""``x12proc profiles``: for whom what holds."""

from __future__ import annotations

import json
from pathlib import Path

import click

from x12proc.cli import complete
from x12proc.cli.app import config_option
from x12proc.profiles.describe import profile_text
from x12proc.profiles.schema import profile_schema
from x12proc.runner.settings import load_settings


@click.command()
@click.argument("name", required=False, shell_complete=complete.profiles)
@config_option
@click.option("--schema", is_flag=True, help="Write the JSON Schema of profile files, for editors.")
def command(name: str | None, config: Path | None, schema: bool) -> None:
    """List the payer profiles, or show what one of them changes and why.

    A profile is chosen claim by claim: by the payer's id, else by the filing indicator with the type of claim
    and facility, else default. 'scrub --profile NAME' makes one hold for all claims.

    \b
    x12proc profiles                          all of them
    x12proc profiles medicare-b               for whom it is, what it changes, why, by which source
    x12proc profiles --config my.toml mine    one of your own
    x12proc profiles --schema > profile.schema.json
    """
    settings = load_settings(config=config)
    if schema:
        click.echo(json.dumps(profile_schema(settings.rules), indent=1))
    elif name is not None:
        click.echo(profile_text(settings.profiles.get(name), settings.rules))
    else:
        for known in settings.profiles.names():
            click.echo(f"{known:20} {settings.profiles.get(known).file.title}")
