"""Scrub an archived input again under the current rules and compare the findings."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from x12proc.errors import ConfigError
from x12proc.feed import disk
from x12proc.feed.feed_file import Feed
from x12proc.feed.ledger import FileRow
from x12proc.replay.compare_runs import read_report, report_now
from x12proc.replay.report_changes import Report, ReportedProgram, compare
from x12proc.replay.run_changes import ComparedFile, RunChanges
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.settings import RULES_EDITION
from x12proc.values import iso_date
from x12proc.version import __version__


class Recount(msgspec.Struct, frozen=True):
    """Findings by rule, then and now; used when the old report is no longer in the outbox."""

    file_id: str
    old: dict[str, int]  # findings by rule
    new: dict[str, int]
    rejected: tuple[int, int]  # rejected claims, then and now

    @property
    def changed(self) -> bool:
        """Return whether any count differs."""
        return self.old != self.new or self.rejected[0] != self.rejected[1]


def rescrub(feed: Feed, row: FileRow, as_of: date | None) -> RunChanges | Recount:
    """Scrub a stored input again and compare. Rules apply as of ``as_of`` or the date of the first run.

    Raises ConfigError when the input is not in archive or quarantine.
    """
    stored = (feed.quarantine if row.state == "failed" else feed.archive) / row.stored_as
    if row.in_progress or not stored.is_file() or stored.is_symlink():
        raise ConfigError(
            f"{row.id}: its input is not in archive or quarantine: "
            f"state {row.state}, {'pruned' if row.pruned else 'removed'}"
        )
    today = as_of or iso_date(str(row.program.get("as_of", "")))
    with tempfile.TemporaryDirectory(prefix="x12proc-") as folder:
        link = Path(folder) / ("input" + Path(row.name).suffix)  # the suffix distinguishes a .gz
        link.symlink_to(stored)
        after = report_now(Input(link), feed.settings, today)
    if after.input.sha256 != row.sha256:
        raise ConfigError(f"{row.id}: its stored input has changed (the SHA-256 differs)")
    report = feed.outbox / row.folder / (row.stem + ARTIFACTS["json"].suffix)
    if not row.folder or not disk.exists(report):
        return _recount(row, after)
    before = read_report(report)
    program = msgspec.structs.replace(before.program, as_of="")
    compared = ComparedFile(row.id, len(after.claims), compare(before, after))
    return RunChanges((program,), ReportedProgram(__version__, RULES_EDITION), (compared,), ())


def _recount(row: FileRow, after: Report) -> Recount:
    found: Counter[str] = Counter()
    for claim in after.claims:
        found.update(finding.rule for findings in claim.by_place().values() for finding in findings)
    rejected = sum(claim.disposition == "rejected" for claim in after.claims)
    return Recount(row.id, row.by_rule, dict(sorted(found.items())), (row.rejected, rejected))


def recount_text(recount: Recount) -> str:
    """Return the comparison as plain text."""
    return "".join(f"{line}\n" for line in _lines(recount))


def _lines(recount: Recount) -> Iterator[str]:
    yield f"{recount.file_id}: its report is no longer in the outbox; compared with the counts in the ledger"
    yield f"rejected claims: {recount.rejected[0]}, now {recount.rejected[1]}"
    for rule in sorted({*recount.old, *recount.new}):
        was, now = recount.old.get(rule, 0), recount.new.get(rule, 0)
        if was != now:
            yield f"{rule}: {was} findings, now {now}"
    if not recount.changed:
        yield "No count changed."
