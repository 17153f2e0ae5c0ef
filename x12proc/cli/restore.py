"""``x12proc restore``: the way back from an annotated file."""

from __future__ import annotations

from pathlib import Path

import click

from x12proc.cli import complete
from x12proc.errors import ConfigError, X12SyntaxError
from x12proc.reports.edi.annotate import restore_edits
from x12proc.reports.edi.edits import apply
from x12proc.runner.files import OpenInput
from x12proc.runner.inputs import find_input
from x12proc.runner.publishing import SingleArtifact
from x12proc.runner.streams import copy_pieces, standard_output


@click.command()
@click.argument("source", metavar="INPUT", shell_complete=complete.files)
@click.option("-o", "--output", metavar="FILE", default="-", help="Where to write; standard output otherwise.")
def command(source: str, output: str) -> None:
    """Take the X12PROC notes out of an annotated file again.

    What comes out is, byte for byte, the file that was annotated. Notes of others stay.
    """
    found = find_input(source, "restore")
    try:
        with OpenInput(found) as opened:
            pieces = apply(opened.buffer, restore_edits(opened.buffer))
            if output == "-":
                copy_pieces(pieces, standard_output())
                return
            artifact = SingleArtifact(Path(output))
            try:
                copy_pieces(pieces, artifact.file)
                artifact.publish()
            finally:
                artifact.discard()
    except X12SyntaxError as error:
        raise ConfigError(f"{found.name}: {error}") from None
