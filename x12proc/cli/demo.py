"""``x12proc demo``: writes the demo files, which are part of the package, and scrubs them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

import click

from x12proc.cli import scrub
from x12proc.cli.app import REJECTED
from x12proc.errors import ConfigError
from x12proc.runner.settings import shipped_folder

_SENT: Final = date(2024, 4, 1)  # the claims of the demo files are of March 2024
_REPORTS: Final = "reports"


@click.command()
@click.argument("folder", metavar="[DIR]", default="x12proc-demo", type=click.Path(path_type=Path))
@click.pass_context
def command(ctx: click.Context, folder: Path) -> None:
    """Write the demo files into DIR (default: x12proc-demo) and scrub them into DIR/reports.

    The files are synthetic: three files with 100 claims, clean ones and some for each kind of finding. Today's
    date is set to 2024-04-01, when they were "sent". The exit code is that of scrub: 1, as claims are rejected.
    """
    inputs = write_demo_files(folder)
    reports = folder / _REPORTS
    try:
        ctx.invoke(scrub.command, inputs=tuple(map(str, inputs)), output=str(reports), config=None, as_of=_SENT)
    except click.exceptions.Exit as leaving:
        if leaving.exit_code == REJECTED:
            click.echo(_next_steps(inputs[0], reports / f"{inputs[0].stem}.report.html"))
        raise


def write_demo_files(folder: Path) -> list[Path]:
    """Write the demo files into a folder, made when absent, and return their paths.

    Raises ConfigError for a file of that name with other contents, which is left alone; OSError.
    """
    shipped = shipped_folder("demo", "fixtures/demo")
    contents = {folder / path.name: path.read_bytes() for path in sorted(shipped.glob("*.edi"))}
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: this is not a folder; name another one: x12proc demo DIR")
    for path, text in contents.items():
        if path.exists() and path.read_bytes() != text:
            raise ConfigError(
                f"{path}: a file of this name has other contents; name another folder: x12proc demo DIR"
            )
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in contents.items():
        path.write_bytes(text)
    return list(contents)


def _next_steps(first: Path, report: Path) -> str:
    return (
        f"\nOpen {report} in a browser. Exit code 1 means: claims were rejected.\n"
        f"Next:  x12proc scrub {first} --as-of {_SENT}\n"
        "       x12proc rules NDC01"
    )
