"""Reconcile claims: claims in = accepted + rejected + failed, by file, feed and day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from x12proc.feed.filenames import printable
from x12proc.feed.ledger import FileRow
from x12proc.feed.schedule import MissingFile
from x12proc.reports.escape import one_line

SCHEMA = "x12proc.reconciliation/1"
_MAX_LISTED = 20


class FeedDay(msgspec.Struct, kw_only=True):
    """Files and claims of one feed on one day."""

    feed: str
    day: str
    files: int = 0
    archived: int = 0
    quarantined: int = 0
    in_progress: int = 0
    claims: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0

    @property
    def difference(self) -> int:
        """Return the number of claims that are not accepted, rejected or failed."""
        return self.claims - self.accepted - self.rejected - self.failed

    def add(self, row: FileRow) -> None:
        """Add the counts of a file."""
        self.files += 1
        self.archived += row.state == "archived"
        self.quarantined += row.state == "failed"
        self.in_progress += row.in_progress
        for name in ("claims", "accepted", "rejected", "failed"):
            setattr(self, name, getattr(self, name) + getattr(row, name))


class Reconciliation(msgspec.Struct, kw_only=True):
    """The reconciliation report: totals by feed and day, files that need attention, missing files, overrides."""

    days: list[FeedDay]
    unbalanced: list[str]  # ids
    quarantined: list[FileRow]
    in_progress: list[FileRow]
    missing: list[MissingFile]
    overrides: list[dict[str, Any]]
    files: list[FileRow]  # all files, when requested

    @property
    def reconciled(self) -> bool:
        """Return whether every claim is accounted for and no expected file is missing."""
        return not self.unbalanced and not self.missing


def reconcile(
    rows: Iterable[FileRow],
    missing: Sequence[MissingFile],
    overrides: Sequence[dict[str, Any]],
    *,
    with_files: bool = False,
) -> Reconciliation:
    """Add up files. An overridden duplicate keeps its counts but is not listed in quarantine."""
    overridden = {entry["file_id"] for entry in overrides}
    days: dict[tuple[str, str], FeedDay] = {}
    report = Reconciliation(
        days=[],
        unbalanced=[],
        quarantined=[],
        in_progress=[],
        missing=[*missing],
        overrides=[*overrides],
        files=[],
    )
    for row in rows:
        days.setdefault((row.day, row.feed), FeedDay(feed=row.feed, day=row.day)).add(row)
        if row.difference:
            report.unbalanced.append(row.id)
        if row.state == "failed" and row.id not in overridden:
            report.quarantined.append(row)
        elif row.in_progress:
            report.in_progress.append(row)
        if with_files:
            report.files.append(row)
    report.days = [days[key] for key in sorted(days)]
    return report


# -- text -------------------------------------------------------------------------------------------------------

_HEAD = ("day", "feed", "files", "archived", "quarantined", "in progress",
         "claims", "accepted", "rejected", "failed", "difference")  # fmt: skip


def reconciliation_text(report: Reconciliation) -> str:
    """Return the report as plain text."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Reconciliation) -> Iterator[str]:
    cells = [_HEAD, *map(_cells, report.days)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]
    for row in cells:
        yield "  ".join(
            text.ljust(width) if column < 2 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
    for file in report.files:
        yield (
            f"{file.id}  {file.feed}  {_name(file)}  {file.code or file.state}: claims {file.claims},"
            f" accepted {file.accepted}, rejected {file.rejected}, failed {file.failed}"
        )
    yield from _section("in quarantine", [f"{row.id}  {_name(row)}  {row.code}" for row in report.quarantined])
    yield from _section("in progress", [f"{row.id}  {_name(row)}  {row.state}" for row in report.in_progress])
    yield from _section("not reconciled", report.unbalanced)
    yield from _section("missing", [missing_text(missing) for missing in report.missing])


def _cells(day: FeedDay) -> tuple[str, ...]:
    files = (day.files, day.archived, day.quarantined, day.in_progress)
    claims = (day.claims, day.accepted, day.rejected, day.failed, day.difference)
    return (day.day, day.feed, *map(str, files + claims))


def _name(row: FileRow) -> str:
    return one_line(printable(row.name))


def _section(heading: str, items: Sequence[str]) -> Iterator[str]:
    for text in items[:_MAX_LISTED]:
        yield f"{heading}: {text}"
    if len(items) > _MAX_LISTED:
        yield f"{heading}: {len(items) - _MAX_LISTED} more"


def missing_text(missing: MissingFile) -> str:
    """Return one line about a missing or late file."""
    due = f"{missing.feed}: a file was due {missing.due:%Y-%m-%d} by {missing.due:%H:%M}"
    return f"{due}; it arrived at {missing.arrived:%H:%M}" if missing.arrived else f"{due}; none arrived"


# -- JSON -------------------------------------------------------------------------------------------------------


def reconciliation_document(report: Reconciliation) -> bytes:
    """Return the report as JSON (``x12proc.reconciliation/1``)."""
    document = {
        "schema": SCHEMA,
        "reconciled": report.reconciled,
        "days": [{**msgspec.structs.asdict(day), "difference": day.difference} for day in report.days],
        "unbalanced": report.unbalanced,
        "quarantined": [_file(row) for row in report.quarantined],
        "in_progress": [_file(row) for row in report.in_progress],
        "missing": [
            {"feed": missing.feed, "due": missing.due, "arrived": missing.arrived} for missing in report.missing
        ],
        "overrides": [{**entry, "at": _time(entry["at"])} for entry in report.overrides],
        "files": [_file(row) for row in report.files],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _file(row: FileRow) -> dict[str, Any]:
    names = ("id", "feed", "day", "state", "code", "sha256", "claims", "accepted", "rejected", "failed", "by_rule")
    return {
        **{name: getattr(row, name) for name in names},
        "name": printable(row.name),
        "folder": printable(row.folder),
        "stored_as": printable(row.stored_as),
        "taken": _time(row.created),
        "difference": row.difference,
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).isoformat(timespec="seconds")  # noqa: DTZ006 - local time
