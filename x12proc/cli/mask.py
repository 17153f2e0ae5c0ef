"""``x12proc mask``: a real file into one that may be shared."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import date
from pathlib import Path

import click
import msgspec

from x12proc.cli import complete
from x12proc.cli.app import FAILED, REJECTED, comma_list, config_option, day, not_empty
from x12proc.engine.stream import Summary
from x12proc.errors import ConfigError, X12SyntaxError
from x12proc.mask.compare import Comparison, compare
from x12proc.mask.factory import make_masker
from x12proc.mask.masker import Masker
from x12proc.mask.pseudonyms import Key
from x12proc.reports.edi.edits import apply
from x12proc.runner.files import FileBuffer, Input, OpenInput
from x12proc.runner.inputs import find_input
from x12proc.runner.publishing import SingleArtifact
from x12proc.runner.settings import Settings, load_settings
from x12proc.runner.streams import copy_pieces, standard_output

_SHORTEST_KEY = 16  # characters below which a key is called weak
_SHOWN = 20
_PIECE = 1024 * 1024
_LEAST_SHIFT = 7  # days


class _Attempt(msgspec.Struct):
    masker: Masker
    shift: int
    comparison: Comparison | None


@click.command()
@click.argument("source", metavar="INPUT", shell_complete=complete.files)
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to write; - for standard output.")
@click.option(
    "--key",
    envvar="X12PROC_MASK_KEY",
    help="The secret that pseudonyms depend on. Others on this machine can see a command line: better set "
    "X12PROC_MASK_KEY or use --key-file.",
)
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the secret in it.",
)
@click.option("--keep-dates", is_flag=True, help="Don't shift dates (birth dates are not shifted either).")
@click.option("--no-check", is_flag=True, help="Don't compare the findings of both files.")
@click.option("--report", metavar="FILE", help="Write what is in doubt and what differs as JSON.")
@click.option(
    "--profile",
    callback=not_empty,
    shell_complete=complete.profiles,
    metavar="NAME",
    help="Payer profile for the comparison. Default: by claim.",
)
@config_option
@click.option("--codes", callback=comma_list, metavar="LIST", help="Procedure codes. Default: J3590.")
@click.option("--as-of", callback=day, metavar="DATE", help="Today's date for the comparison.")
def command(
    source: str,
    output: str,
    key: str | None,
    key_file: Path | None,
    keep_dates: bool,
    no_check: bool,
    report: str | None,
    profile: str | None,
    config: Path | None,
    codes: tuple[str, ...] | None,
    as_of: date | None,
) -> None:
    """Replace names, identifiers, addresses and dates, and keep what the rules read.

    \b
    x12proc mask claims.edi -o fixture.edi --key-file key.txt

    The same key gives the same pseudonyms. Then both files are scrubbed: exit code 0 when their findings are the
    same, 1 when they differ, 3 when the file can't be read to its end. What can't be decided is listed by its
    place; look at it before you share the file.
    """
    found = find_input(source, "mask")
    _refuse_overwriting(found, output)
    secret = _secret(key, key_file)
    settings = load_settings(config=config, codes=codes, profile=profile, as_of=as_of)
    try:
        with OpenInput(found) as opened:
            attempt = _write(opened, output, Key(secret), settings, keep_dates=keep_dates, check=not no_check)
    except X12SyntaxError as error:
        click.echo(f"Error: {found.name}: {error}. Nothing was written", err=True)
        raise click.exceptions.Exit(FAILED) from None
    _say(attempt, keep_dates)
    if report:
        _write_report(Path(report), attempt)
    code = _exit_code(attempt.comparison)
    if code:
        raise click.exceptions.Exit(code)


def _secret(key: str | None, key_file: Path | None) -> bytes:
    if key_file is not None:
        try:
            secret = key_file.read_bytes().strip()
        except OSError as error:
            raise ConfigError(f"{key_file}: can't be read: {error.strerror}") from None
    else:
        secret = (key or "").encode("utf-8", "surrogateescape")
    if not secret:
        raise ConfigError("mask needs a key: set X12PROC_MASK_KEY, or use --key-file or --key")
    if len(secret) < _SHORTEST_KEY:
        click.echo(f"Warning: a key of fewer than {_SHORTEST_KEY} characters can be guessed", err=True)
    return secret


def _refuse_overwriting(source: Input, output: str) -> None:
    target = Path(output)
    if output != "-" and source.path is not None and target.exists() and target.samefile(source.path):
        raise ConfigError(f"{output}: the masked file can't take the place of its source")


# -- writing ----------------------------------------------------------------------------------------------------


def _write(
    opened: OpenInput, output: str, key: Key, settings: Settings, *, keep_dates: bool, check: bool
) -> _Attempt:
    """Mask with the first shift of dates that changes no more findings than a shift of one day would."""
    shifts = (0,) if keep_dates else key.shifts
    with contextlib.ExitStack() as stack:
        artifact = _artifact(output, stack)

        def attempt_with(shift: int, most: int | None) -> _Attempt:
            return _attempt(opened, artifact, key, shift, settings, check, most)

        attempt = attempt_with(shifts[0], None if keep_dates else 0)
        if _differences(attempt) and not keep_dates:
            least = _differences(attempt_with(shifts[-1], None))
            if least:
                least = min(least, _differences(attempt_with(shifts[-2], least)))
            # The last two gave the least, so this ends with one that fits; the first is known to change something.
            for shift in shifts if least else shifts[1:]:
                attempt = attempt_with(shift, least)
                if _differences(attempt) <= least:
                    break
        _deliver(artifact, output)
    return attempt


def _differences(attempt: _Attempt) -> int:
    return attempt.comparison.count if attempt.comparison is not None else 0


def _artifact(output: str, stack: contextlib.ExitStack) -> SingleArtifact:
    path = Path(tempfile.gettempdir()) / "masked.edi" if output == "-" else Path(output)
    artifact = SingleArtifact(path)
    stack.callback(artifact.discard)
    return artifact


def _attempt(
    opened: OpenInput,
    artifact: SingleArtifact,
    key: Key,
    shift: int,
    settings: Settings,
    check: bool,
    most: int | None,
) -> _Attempt:
    lexicon = settings.reference.lexicon()
    artifact.file.seek(0)
    artifact.file.truncate()
    masker = make_masker(opened.buffer, key, shift, settings.as_of, lexicon)
    copy_pieces(apply(opened.buffer, masker.edits()), artifact.file)
    if not check:
        return _Attempt(masker, shift, None)
    with artifact.reopen() as file:
        masked = FileBuffer(file)
        comparison = compare((opened.buffer, settings.engine()), (masked, settings.engine()), settings.codes, most)
    return _Attempt(masker, shift, comparison)


def _deliver(artifact: SingleArtifact, output: str) -> None:
    if output != "-":
        artifact.publish()
        return
    with artifact.reopen() as file:
        copy_pieces(iter(lambda: file.read(_PIECE), b""), standard_output())


# -- telling ----------------------------------------------------------------------------------------------------


def _say(attempt: _Attempt, keep_dates: bool) -> None:
    """Locations and counts; never the values there, and never by how much dates were shifted."""
    masker, comparison = attempt.masker, attempt.comparison
    for doubt in masker.review_items[:_SHOWN]:
        click.echo(f"in doubt: {doubt.reason} at segment {doubt.segment_index} {doubt.element}".rstrip(), err=True)
    if masker.total_review_items > _SHOWN:
        click.echo(f"in doubt: {masker.total_review_items - _SHOWN} more; --report lists them", err=True)
    if not keep_dates and abs(attempt.shift) < _LEAST_SHIFT:
        click.echo(
            "in doubt: only a shift of less than a week keeps the findings; dates are near the real", err=True
        )
    if comparison is None:
        click.echo("The findings were not compared", err=True)
        return
    for difference in comparison.differences[:_SHOWN]:
        location = f"segment {difference.segment_index} {difference.element}".rstrip()
        click.echo(f"differs: {difference.fact} at {location}, in the {difference.where} only", err=True)
    if comparison.count:
        click.echo(f"The findings differ in {comparison.count} places", err=True)
    else:
        summary = comparison.summary
        found = sum(summary.findings.values())
        click.echo(f"The findings are the same: {found} in {summary.target_claims} target claims", err=True)
    if _failed(comparison.summary):
        click.echo("The file can't be read to its end; look at all of it before you share it", err=True)


def _failed(summary: Summary) -> bool:
    return summary.failed or not summary.interchanges


def _exit_code(comparison: Comparison | None) -> int:
    if comparison is None:
        return 0
    if comparison.count:
        return REJECTED
    return FAILED if _failed(comparison.summary) else 0


def _write_report(path: Path, attempt: _Attempt) -> None:
    comparison = attempt.comparison
    document = {
        "schema": "x12proc.mask/1",
        "in_doubt": attempt.masker.review_items,
        "in_doubt_count": attempt.masker.total_review_items,
        "compared": comparison is not None,
        "differences": comparison.differences if comparison else [],
        "differences_count": comparison.count if comparison else 0,
    }
    artifact = SingleArtifact(path)
    try:
        artifact.file.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
        artifact.publish()
    finally:
        artifact.discard()
