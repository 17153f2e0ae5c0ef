"""``x12proc correct``: denied claims as replacements or voids."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import date
from pathlib import Path

import click

from x12proc.cli.app import ACCEPTED, FAILED, REJECTED, comma_list, config_option, day, not_empty
from x12proc.correct.orders import REPLACEMENT, VOID, AnsweredClaim, Frequency, Orders
from x12proc.correct.remittance import answered_claims
from x12proc.correct.run import Correction, correct
from x12proc.errors import ConfigError, X12SyntaxError
from x12proc.reports.acks.envelopes import HIGHEST_CONTROL
from x12proc.reports.escape import clean
from x12proc.runner.files import Input, OpenInput
from x12proc.runner.inputs import STANDARD_INPUT, find_input, find_inputs
from x12proc.runner.publishing import SingleArtifact
from x12proc.runner.settings import Settings, load_settings
from x12proc.runner.streams import copy_pieces, standard_output

_PIECE = 1024 * 1024


@click.command()
@click.argument("source", metavar="INPUT")
@click.option(
    "--answers",
    "answers",
    multiple=True,
    required=True,
    metavar="FILE",
    help="An 835, or a folder with them; the option may be repeated. A later answer to a claim overrides.",
)
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to write; - for standard output.")
@click.option(
    "--claim",
    "numbers",
    multiple=True,
    metavar="NUMBER",
    help="Write this claim (CLM01), denied or not, and no other; the option may be repeated.",
)
@click.option("--void", is_flag=True, help="Cancel the claims (frequency 8) instead of replacing them (7).")
@click.option(
    "--control",
    type=click.IntRange(1, HIGHEST_CONTROL - 1_000_000),
    metavar="N",
    help="The first new control number; without it they are made from the claims.",
)
@click.option("--profile", callback=not_empty, metavar="NAME", help="Payer profile for what is still found.")
@config_option
@click.option("--codes", callback=comma_list, metavar="LIST", help="Procedure codes to check. Default: J3590.")
@click.option("--as-of", callback=day, metavar="DATE", help="Today's date, also in the envelopes.")
def command(
    source: str,
    answers: tuple[str, ...],
    output: str,
    numbers: tuple[str, ...],
    void: bool,
    control: int | None,
    profile: str | None,
    config: Path | None,
    codes: tuple[str, ...] | None,
    as_of: date | None,
) -> None:
    """Turn the denied claims of an 837 into replacements with the payer's own claim number.

    \b
    x12proc correct claims.edi --answers remit.835 -o corrected.edi

    The claims are written with CLM05-3 = 7 and REF*F8 = CLP07 as one whole file, with new control numbers. Nothing
    else is changed: what a person has to write (a text, an NDC) is listed. Exit codes: 0 all denied claims were
    written and no rule rejects them, 1 a person is needed, 3 a file can't be read to its end; nothing was written.
    """
    found = find_input(source, "correct")
    _refuse_overwriting(found, output)
    settings = load_settings(config=config, codes=codes, profile=profile, as_of=as_of)
    frequency = VOID if void else REPLACEMENT
    try:
        orders = Orders(_read_answers(answers), numbers)
        with OpenInput(found) as opened, contextlib.ExitStack() as stack:
            done = _write(opened, orders, output, settings, frequency, control or 0, stack)
    except X12SyntaxError as error:
        click.echo(f"Error: {clean(str(error))}. Nothing was written", err=True)
        raise click.exceptions.Exit(FAILED) from None
    _print(done)
    needs_person = done.skipped or any(claim.rejected for claim in done.written)
    raise click.exceptions.Exit(REJECTED if needs_person else ACCEPTED)


def _read_answers(names: tuple[str, ...]) -> list[AnsweredClaim]:
    found = find_inputs(names)
    if found.unreadable:
        raise ConfigError(f"{found.unreadable[0].name}: {found.unreadable[0].reason}")
    claims = []
    for answer in found.taken:
        with OpenInput(answer) as opened:
            claims += list(answered_claims(opened.buffer))
    return claims


def _refuse_overwriting(source: Input, output: str) -> None:
    target = Path(output)
    if output != STANDARD_INPUT and source.path is not None and target.exists() and target.samefile(source.path):
        raise ConfigError(f"{output}: the corrected file can't take the place of its source")


def _write(
    opened: OpenInput,
    orders: Orders,
    output: str,
    settings: Settings,
    frequency: Frequency,
    control: int,
    stack: contextlib.ExitStack,
) -> Correction:
    path = Path(tempfile.gettempdir()) / "corrected.edi" if output == STANDARD_INPUT else Path(output)
    artifact = SingleArtifact(path)
    stack.callback(artifact.discard)
    with artifact.reopen() as written:
        done = correct(
            opened.buffer, orders, artifact.file, written, settings, frequency=frequency, control=control
        )
        if output == STANDARD_INPUT:
            written.seek(0)
            copy_pieces(iter(lambda: written.read(_PIECE), b""), standard_output())
        elif done.written:
            artifact.publish()
    return done


def _print(done: Correction) -> None:
    """List what was written with what a person has to look at, and what was not."""
    for claim in done.written:
        reasons = f" (answered {' '.join(claim.order.codes)})" if claim.order.codes else ""
        click.echo(clean(f"claim {claim.order.number}: written{reasons}"), err=True)
        for finding in claim.findings:
            message = f"  {finding.severity} {finding.rule} {finding.location.element}: {finding.message}"
            click.echo(clean(message), err=True)
    for skipped in done.skipped:
        click.echo(clean(f"claim {skipped.number}: not written: {skipped.reason}"), err=True)
    click.echo(f"{len(done.written)} claims written, {len(done.skipped)} not written", err=True)
