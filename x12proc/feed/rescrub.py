"""An input of the past under today's rules: what would be found otherwise now."""

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
from x12proc.replay.run_changes import ComparedFile, Upgrade
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.settings import RULES_EDITION
from x12proc.values import iso_date
from x12proc.version import __version__


class Recounted(msgspec.Struct, frozen=True):
    """Where the old report has gone: what the ledger counted, and what is counted now."""

    file_id: str
    old: dict[str, int]  # findings by rule
    new: dict[str, int]
    rejected: tuple[int, int]  # target claims, then and now

    @property
    def changed(self) -> bool:
        """Whether anything is otherwise."""
        return self.old != self.new or self.rejected[0] != self.rejected[1]


def again(feed: Feed, row: FileRow, as_of: date | None) -> Upgrade | Recounted:
    """Scrub an input of the past again and compare. The rules' today is ``as_of``, else that of the first run.

    Raises ConfigError when the input isn't there any more.
    """
    stored = (feed.quarantine if row.state == "failed" else feed.archive) / row.stored_as
    if row.at_work or not stored.is_file() or stored.is_symlink():
        raise ConfigError(
            f"{row.id}: its bytes are not there; state {row.state}, {'pruned' if row.pruned else 'taken away'}"
        )
    today = as_of or iso_date(str(row.program.get("as_of", "")))
    with tempfile.TemporaryDirectory(prefix="x12proc-") as place:
        link = Path(place) / ("input" + Path(row.name).suffix)  # the ending tells a .gz
        link.symlink_to(stored)
        after = report_now(Input(link), feed.settings, today)
    if after.input.sha256 != row.sha256:
        raise ConfigError(f"{row.id}: these are not the bytes that were taken (their SHA-256 differs)")
    report = feed.outbox / row.folder / (row.stem + ARTIFACTS["json"].suffix)
    if not row.folder or not disk.exists(report):
        return _recounted(row, after)
    before = read_report(report)
    program = msgspec.structs.replace(before.program, as_of="")
    compared = ComparedFile(row.id, len(after.claims), compare(before, after))
    return Upgrade((program,), ReportedProgram(__version__, RULES_EDITION), (compared,), ())


def _recounted(row: FileRow, after: Report) -> Recounted:
    found: Counter[str] = Counter()
    for claim in after.claims:
        found.update(finding.rule for findings in claim.by_place().values() for finding in findings)
    rejected = sum(claim.disposition == "rejected" for claim in after.claims)
    return Recounted(row.id, row.by_rule, dict(sorted(found.items())), (row.rejected, rejected))


def recounted_text(recounted: Recounted) -> str:
    """The comparison in plain lines."""
    return "".join(f"{line}\n" for line in _lines(recounted))


def _lines(recounted: Recounted) -> Iterator[str]:
    yield f"{recounted.file_id}: its report is not in the outbox any more; compared with what the ledger counted"
    yield f"rejected claims: {recounted.rejected[0]}, now {recounted.rejected[1]}"
    for rule in sorted({*recounted.old, *recounted.new}):
        was, now = recounted.old.get(rule, 0), recounted.new.get(rule, 0)
        if was != now:
            yield f"{rule}: {was} findings, now {now}"
    if not recounted.changed:
        yield "No count changed."
