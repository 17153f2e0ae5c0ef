"""Progress bars on standard error, for long work on a terminal only. rich is imported where a bar is drawn: that
takes as long as a claim or two."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

from x12proc.reports.escape import clean
from x12proc.runner.files import Input

PROGRESS_FROM = 5 * 1024 * 1024  # bytes
_Item = TypeVar("_Item")


@contextlib.contextmanager
def input_progress(source: Input) -> Iterator[Callable[[int, int], None] | None]:
    """Draw a bar while an input is scrubbed; yield its callback (bytes read, bytes in all), None without a bar."""
    large = source.path is None or (source.path.is_file() and source.path.stat().st_size >= PROGRESS_FROM)
    if not large or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - see the module's docstring
    from rich.progress import (  # noqa: PLC0415 - see the module's docstring
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(clean(source.name), total=None)

        def advance(position: int, total: int) -> None:
            bar.update(task, completed=position, total=total)

        yield advance


def batch_progress(items: Iterator[_Item], total: int) -> Iterator[_Item]:
    """Yield the results of a batch of ``total`` inputs while a bar counts them."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console  # noqa: PLC0415 - see the module's docstring
    from rich.progress import (  # noqa: PLC0415 - see the module's docstring
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        yield from bar.track(items, total=total, description="files")
