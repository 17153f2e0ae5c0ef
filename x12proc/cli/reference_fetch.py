"""``x12proc reference fetch``: newer tables from a folder or URL, checked and compared before they take effect."""

from __future__ import annotations

import ssl
import sys
import tempfile
import urllib.error
import urllib.request
from datetime import date
from http.client import HTTPMessage
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

import click

from x12proc.cli.app import day
from x12proc.cli.edition_folder import base_edition, check_target, import_into, replace_folder
from x12proc.errors import ConfigError
from x12proc.reference.differences import differences

LARGEST_DOWNLOAD = 512 * 1024 * 1024  # bytes
_SECONDS = 60  # without a byte
_PIECE = 1024 * 1024


@click.command("fetch")
@click.argument("source", metavar="SOURCE")
@click.option(
    "--into", type=click.Path(path_type=Path), required=True, metavar="DIR", help="The folder of your own edition."
)
@click.option("--as-of", callback=day, metavar="DATE", help="The date of the new edition. Default: today.")
@click.option("--yes", is_flag=True, help="Take the new edition without asking.")
def fetch(source: str, into: Path, as_of: date | None, yes: bool) -> None:
    """Bring official downloads into your edition from a folder, or from an https URL.

    SOURCE is a folder with the files that import takes, or the address of one of them. The new edition is built
    aside and compared with the one in force; it takes effect only after you have agreed.

    \b
    x12proc reference fetch downloads/ --into my-tables
    x12proc reference fetch https://example.org/icd10cm_codes_2028.zip --into my-tables --yes
    """
    check_target(into)
    if not yes and not _can_ask():
        raise ConfigError("there is nobody to ask; add --yes to take the new edition without asking")
    base = base_edition(into)
    with tempfile.TemporaryDirectory(prefix="x12proc-") as scratch:
        files = _files(source, Path(scratch))
        done, tables, fresh = import_into(base, files, as_of)
    for imported in done:
        click.echo(f"{imported.name}: {imported.kind}, {imported.rows} rows")
    click.echo("")
    for table, changes in differences(base, fresh):
        added = sum(not change.old for change in changes)
        removed = sum(not change.new for change in changes)
        if changes:
            click.echo(f"{table}: {added} added, {removed} removed, {len(changes) - added - removed} changed")
    if not yes:
        click.confirm(f"Take this edition into {into}?", abort=True)
    replace_folder(into, tables)
    click.echo(f"The edition in {into} is in force from the next run that names it (reference_folder).")


def _can_ask() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _files(source: str, scratch: Path) -> list[Path]:
    """Return the files of a source. Raises ConfigError for one that can't be read."""
    if "://" in source:
        return [_download(source, scratch)]
    folder = Path(source)
    if not folder.is_dir():
        raise ConfigError(f"{source}: this is no folder and no https URL")
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise ConfigError(f"{source}: the folder holds no file")
    return files


def _download(url: str, scratch: Path) -> Path:
    """Download one file. Raises ConfigError for any other scheme than https, and where it fails."""
    parts = urlsplit(url)
    name = PurePosixPath(parts.path).name
    if parts.scheme != "https" or not parts.hostname or not name:
        raise ConfigError(f"{url}: only https URLs of one file are fetched")
    context = ssl.create_default_context()
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _HttpsOnly())
    target = scratch / name
    try:
        with opener.open(url, timeout=_SECONDS) as answer, target.open("wb") as file:
            _copy(answer, file, url)
    except urllib.error.HTTPError as error:
        error.close()
        raise ConfigError(f"{url}: the server answers {error.code} {error.reason}") from None
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        raise ConfigError(f"{url}: can't be fetched: {getattr(error, 'reason', error)}") from None
    return target


def _copy(answer: IO[bytes], file: IO[bytes], url: str) -> None:
    size = 0
    while piece := answer.read(_PIECE):
        size += len(piece)
        if size > LARGEST_DOWNLOAD:
            raise ConfigError(f"{url}: is larger than {LARGEST_DOWNLOAD} bytes, which no download is")
        file.write(piece)


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https alone."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request of a redirect. Raises ConfigError where it leaves https."""
        if urlsplit(newurl).scheme != "https":
            fp.close()
            raise ConfigError(f"{req.full_url}: redirects to an address without https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
