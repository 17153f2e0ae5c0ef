"""Does it add up: claims in are claims accepted, rejected and failed, by file, feed and day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from x12proc.feed.filenames import shown
from x12proc.feed.ledger import FileRow
from x12proc.feed.schedule import Missing
from x12proc.reports.escape import one_line

SCHEMA = "x12proc.balance/1"
_MOST_SHOWN = 20


class Line(msgspec.Struct, kw_only=True):
    """Files and claims of one feed on one day."""

    feed: str
    day: str
    files: int = 0
    archived: int = 0
    quarantined: int = 0
    at_work: int = 0
    claims: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0

    @property
    def difference(self) -> int:
        """Claims that are neither accepted nor rejected nor failed."""
        return self.claims - self.accepted - self.rejected - self.failed

    def count(self, row: FileRow) -> None:
        """Take a file into account."""
        self.files += 1
        self.archived += row.state == "archived"
        self.quarantined += row.state == "failed"
        self.at_work += row.at_work
        for name in ("claims", "accepted", "rejected", "failed"):
            setattr(self, name, getattr(self, name) + getattr(row, name))


class Balance(msgspec.Struct, kw_only=True):
    """The report: a line a feed and day, the files that need a look, and what was expected and did not come."""

    lines: list[Line]
    unbalanced: list[str]  # ids
    quarantined: list[FileRow]
    at_work: list[FileRow]
    missing: list[Missing]
    overrides: list[dict[str, Any]]
    files: list[FileRow]  # all, where they were asked for

    @property
    def sound(self) -> bool:
        """Whether every claim is accounted for and everything that was expected came."""
        return not self.unbalanced and not self.missing


def balance(
    rows: Iterable[FileRow],
    missing: Sequence[Missing],
    overrides: Sequence[dict[str, Any]],
    *,
    with_files: bool = False,
) -> Balance:
    """Add the files up. An overridden input counts as it came, but is in quarantine no more."""
    taken_back = {entry["file_id"] for entry in overrides}
    lines: dict[tuple[str, str], Line] = {}
    report = Balance(
        lines=[], unbalanced=[], quarantined=[], at_work=[], missing=[*missing], overrides=[*overrides], files=[]
    )
    for row in rows:
        lines.setdefault((row.day, row.feed), Line(feed=row.feed, day=row.day)).count(row)
        if row.difference:
            report.unbalanced.append(row.id)
        if row.state == "failed" and row.id not in taken_back:
            report.quarantined.append(row)
        elif row.at_work:
            report.at_work.append(row)
        if with_files:
            report.files.append(row)
    report.lines = [lines[key] for key in sorted(lines)]
    return report


# -- for people -------------------------------------------------------------------------------------------------

_HEAD = ("day", "feed", "files", "archived", "quarantined", "at work", "claims", "accepted", "rejected", "failed",
         "difference")  # fmt: skip


def balance_text(report: Balance) -> str:
    """The whole report in plain lines."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Balance) -> Iterator[str]:
    cells = [_HEAD, *map(_cells, report.lines)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(_HEAD))]
    for row in cells:
        yield "  ".join(
            text.ljust(width) if place < 2 else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
    for file in report.files:
        yield (
            f"{file.id}  {file.feed}  {_name(file)}  {file.code or file.state}: claims {file.claims},"
            f" accepted {file.accepted}, rejected {file.rejected}, failed {file.failed}"
        )
    yield from _some("in quarantine", [f"{row.id}  {_name(row)}  {row.code}" for row in report.quarantined])
    yield from _some("at work", [f"{row.id}  {_name(row)}  {row.state}" for row in report.at_work])
    yield from _some("does not add up", report.unbalanced)
    yield from _some("expected", [missing_text(missing) for missing in report.missing])


def _cells(line: Line) -> tuple[str, ...]:
    numbers = (line.files, line.archived, line.quarantined, line.at_work)
    claims = (line.claims, line.accepted, line.rejected, line.failed, line.difference)
    return (line.day, line.feed, *map(str, numbers + claims))


def _name(row: FileRow) -> str:
    return one_line(shown(row.name))


def _some(what: str, told: Sequence[str]) -> Iterator[str]:
    for text in told[:_MOST_SHOWN]:
        yield f"{what}: {text}"
    if len(told) > _MOST_SHOWN:
        yield f"{what}: {len(told) - _MOST_SHOWN} more"


def missing_text(missing: Missing) -> str:
    """One file that was due."""
    due = f"{missing.feed}: a file was due {missing.due:%Y-%m-%d} by {missing.due:%H:%M}"
    return f"{due}; it came at {missing.came:%H:%M}" if missing.came else f"{due}; none came"


# -- for programs -----------------------------------------------------------------------------------------------


def balance_document(report: Balance) -> bytes:
    """The report as JSON (``x12proc.balance/1``)."""
    document = {
        "schema": SCHEMA,
        "sound": report.sound,
        "days": [{**msgspec.structs.asdict(line), "difference": line.difference} for line in report.lines],
        "unbalanced": report.unbalanced,
        "quarantined": [_file(row) for row in report.quarantined],
        "at_work": [_file(row) for row in report.at_work],
        "missing": [
            {"feed": missing.feed, "due": missing.due, "came": missing.came} for missing in report.missing
        ],
        "overrides": [{**entry, "at": _time(entry["at"])} for entry in report.overrides],
        "files": [_file(row) for row in report.files],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _file(row: FileRow) -> dict[str, Any]:
    kept = ("id", "feed", "day", "state", "code", "sha256", "claims", "accepted", "rejected", "failed", "by_rule")
    return {
        **{name: getattr(row, name) for name in kept},
        "name": shown(row.name),
        "folder": shown(row.folder),
        "stored_as": shown(row.stored_as),
        "taken": _time(row.created),
        "difference": row.difference,
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).isoformat(timespec="seconds")  # noqa: DTZ006 - shown as local time
