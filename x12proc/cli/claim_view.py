"""Which claims ``x12proc scrub`` prints on the terminal, and in which order: rejected claims first."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, cast

import msgspec
from rich.console import Console
from rich.text import Text

from x12proc.engine.result import ClaimResult
from x12proc.reports.terminal import ClaimFilter, TerminalReport, can_report, matches

_IN_MEMORY = 4 * 1024 * 1024  # characters of accepted claims; more go into a file that has no name


class ClaimSelection(msgspec.Struct, frozen=True):
    """What a user wants to see of the claims of a file.

    ``limit`` is the number of claims printed, None for all; 0 leaves the totals.
    """

    only: ClaimFilter | None = None
    limit: int | None = None
    counts_left_out: bool = True  # whether the claims beyond the limit are counted in a line


class OrderedClaims:
    """Prints rejected claims at once and keeps accepted ones until :meth:`finish`, in bounded memory."""

    def __init__(self, console: Console, view: ClaimSelection, later: IO[str], *, patient: bool) -> None:
        self._console, self._view, self._later = console, view, later
        self._now_report = TerminalReport(console, patient=patient)
        self._later_report = TerminalReport(_console_into(later, console), patient=patient)
        self._printed = 0
        self._rejected = self._kept = 0  # claims with something to report
        self._ends: list[int] = []  # where each kept claim ends in ``later``, with a limit only

    def claim(self, result: ClaimResult) -> None:
        """Print or keep a claim, if the view shows it."""
        if not can_report(result) or (self._view.only and not matches(result, self._view.only)):
            return
        if result.rejected:
            self._rejected += 1
            if self._has_room(self._printed):
                self._now_report.claim(result)
                self._printed += 1
            return
        self._kept += 1
        if self._has_room(self._printed + len(self._ends)):
            self._later_report.claim(result)
            if self._view.limit is not None:
                self._ends.append(self._later.tell())

    def _has_room(self, claims: int) -> bool:
        return self._view.limit is None or claims < self._view.limit

    def finish(self) -> None:
        """Print the accepted claims, and how many claims the limit left out."""
        self._later.flush()
        self._later.seek(0)
        if self._view.limit is None:
            shutil.copyfileobj(self._later, self._console.file)
            return
        room = min(self._view.limit - self._printed, len(self._ends))
        if room:
            self._console.file.write(self._later.read(self._ends[room - 1]))
        rejected, kept = self._rejected - self._printed, self._kept - room
        if self._view.counts_left_out and (rejected or kept):
            text = f"Not shown: {rejected} rejected, {kept} accepted claims with findings"
            self._console.print(Text(text), soft_wrap=True)


@contextlib.contextmanager
def ordered_claims(
    console: Console, view: ClaimSelection, *, patient: bool
) -> Iterator[Callable[[ClaimResult], None]]:
    """Yield what takes the claims of a file; at the end of the block the accepted ones are printed."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, mode="w+", encoding="utf-8", newline="") as later:
        claims = OrderedClaims(console, view, cast(IO[str], later), patient=patient)
        yield claims.claim
        claims.finish()


def _console_into(file: IO[str], like: Console) -> Console:
    """Return a console that writes into a file what another one would print."""
    return Console(
        file=file,
        force_terminal=like.is_terminal,
        color_system=like.color_system,  # type: ignore[arg-type]  # typed as text where it is read
        width=like.width,
        legacy_windows=like.legacy_windows,
        highlight=False,
        soft_wrap=True,
    )
