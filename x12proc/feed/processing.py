"""Scrub or refuse one input file: write its artifacts in ``work`` and return the result for the ledger."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec
import structlog
from msgspec.structs import replace
from sqlalchemy import Connection

from x12proc.engine.result import ClaimResult
from x12proc.feed import disk
from x12proc.feed import quarantine_reason as reason
from x12proc.feed.feed_file import Feed
from x12proc.feed.filenames import fit_filename, printable
from x12proc.feed.fingerprint import Fingerprint, read_fingerprint, write_duplicate_ta1
from x12proc.feed.inbox import is_complete
from x12proc.feed.ledger import FileResult, FileRow, Kind, Ledger
from x12proc.feed.quarantine_reason import Reason, make_reason, reason_document
from x12proc.feed.sent_claims import SentClaims
from x12proc.record.keys import RecordKeys
from x12proc.record.recorder import Collector
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.pool import GuideChecks
from x12proc.runner.runner import INTERNAL_FAULT, FileRun, Result, RunOptions
from x12proc.runner.settings import RULES_EDITION
from x12proc.version import __version__

OUT_FOLDER, REASON_FILE = "out", "reason.json"
MAX_CRASHES = 5  # workers that may die while processing a file before it is quarantined
_LONGEST_SUFFIX = max((kind.suffix for kind in ARTIFACTS.values()), key=len)
_DROPPED_ON_FAILURE = ("annotated",)  # it looks like a file that can be sent
_LOG = structlog.get_logger("x12proc.feed")


class Processed(msgspec.Struct, frozen=True):
    """The result to record, the keys to compare later files with, and the number of the override used.

    ``also`` writes the record of predictions, in the transaction that records the result.
    """

    result: FileResult
    keys: dict[Kind, list[str]]
    override: int | None
    also: Callable[[Connection], None] | None = None


class _ScrubOutcome(msgspec.Struct, frozen=True):
    """The outcome of scrubbing or refusing an input. ``reason`` is None when it goes to the archive."""

    reason: Reason | None
    rejected: int = 0
    by_rule: dict[str, int] = {}
    accepted_claims: list[str] = []  # hashes of accepted claims


class Processor:
    """Process input files of one feed. ``on_step`` is called with the name of each finished step."""

    def __init__(
        self,
        feed: Feed,
        ledger: Ledger,
        checks: GuideChecks,
        on_step: Callable[[str], None],
        record_keys: RecordKeys | None = None,
    ) -> None:
        self._feed = feed
        self._ledger = ledger
        self._checks = checks
        self._on_step = on_step
        self._collector = Collector(record_keys, feed=feed.name) if record_keys is not None else None

    def close(self) -> None:
        """Drop the claims that were kept for the record."""
        if self._collector is not None:
            self._collector.close()

    def process(self, row: FileRow, path: Path, attempt: Path, forced: Reason | None = None) -> Processed:
        """Scrub the input at ``path`` into the folder ``attempt``, or refuse it, and return the result.

        ``forced`` is a reason for quarantine that does not depend on the content, which is then not read.
        Raises OSError.
        """
        now = datetime.now()  # noqa: DTZ005 - as in settings: local and without a zone
        source = self._source(row, path)
        if forced is None and row.crashes > MAX_CRASHES:
            forced = make_reason(reason.CRASHES)
        fingerprint = Fingerprint()
        if forced is None:
            try:
                fingerprint = read_fingerprint(source)
            except MemoryError as error:  # this file's, not the feed's: the next one is processed
                forced = _internal_error(error)
        self._on_step("read")
        override = self._ledger.override_for(self._feed.name, fingerprint.sha256, row.id)
        earlier = {} if override is not None else self._earlier(row, fingerprint)
        if forced is not None:
            outcome = _ScrubOutcome(forced)
        elif earlier:
            outcome = self._refuse(source, fingerprint, earlier, attempt, now)
        else:
            outcome = self._scrub(source, attempt, row, now)
        return self._processed(row, fingerprint, outcome, attempt, override, now)

    def _source(self, row: FileRow, path: Path) -> Input:
        source = Input(path)
        source.name = printable(row.name)
        source.stem = _stem(path)
        return source

    # -- duplicates ----------------------------------------------------------------------------------------

    def _earlier(self, row: FileRow, fingerprint: Fingerprint) -> dict[str, Reason]:
        """Return the reason to refuse each interchange of the input that was sent before, by interchange key."""
        if not fingerprint.sha256:
            return {}
        same = self._ledger.find_earlier(row.feed, "bytes", [fingerprint.sha256], None, row.id)
        if same:
            duplicate = make_reason(reason.SAME_BYTES, same[0].file_id)
            return dict.fromkeys(fingerprint.interchanges, duplicate) or {"": duplicate}
        found = self._ledger.find_earlier(
            row.feed, "interchange", fingerprint.interchanges, self._feed.duplicate_days, row.id
        )
        ids = dict.fromkeys(earlier.file_id for earlier in found)
        return {earlier.key: make_reason(reason.SAME_INTERCHANGE, *ids) for earlier in found}

    def _refuse(
        self, source: Input, fingerprint: Fingerprint, earlier: dict[str, Reason], attempt: Path, now: datetime
    ) -> _ScrubOutcome:
        ta1 = attempt / OUT_FOLDER / (source.stem + ARTIFACTS["ta1"].suffix)
        write_duplicate_ta1(source, fingerprint, earlier.keys(), ta1, now)
        if ta1.stat().st_size == 0:
            ta1.unlink()
        return _ScrubOutcome(next(iter(earlier.values())))

    # -- scrubbing -----------------------------------------------------------------------------------------

    def _scrub(self, source: Input, attempt: Path, row: FileRow, now: datetime) -> _ScrubOutcome:
        out = attempt / OUT_FOLDER
        sent = SentClaims(self._ledger, row)
        settings = replace(self._feed.settings, now=now, sent_before=sent.sent_before)
        collector = self._collector
        if collector is not None:
            collector.begin()

        def keep(claim: ClaimResult) -> None:
            sent.record(claim)
            if collector is not None:
                collector.claim(claim)

        run = FileRun(
            source,
            settings,
            RunOptions(emit=self._feed.emit, destination=out, on_claim=keep, checks=self._checks),
        )
        try:
            result = run.run()
        except OSError:
            self.close()
            raise
        except Exception as error:
            for path in out.iterdir():  # artifacts finished before the error are not a complete set
                path.unlink()
            return _ScrubOutcome(_internal_error(error))
        sent.raise_ledger_error()
        summary = result.summary
        if summary.failed or result.crashed or result.incomplete:
            for kind in _DROPPED_ON_FAILURE:
                (out / (source.stem + ARTIFACTS[kind].suffix)).unlink(missing_ok=True)
            return _ScrubOutcome(_failure_reason(result, source), by_rule=summary.by_rule)
        return _ScrubOutcome(None, summary.rejected_claims, summary.by_rule, sent.accepted)

    # -- results -------------------------------------------------------------------------------------------

    def _processed(
        self,
        row: FileRow,
        fingerprint: Fingerprint,
        outcome: _ScrubOutcome,
        attempt: Path,
        override: int | None,
        now: datetime,
    ) -> Processed:
        artifacts = disk.hash_files(attempt / OUT_FOLDER)
        failed = outcome.reason is not None
        code = outcome.reason.code if outcome.reason is not None else ""
        if outcome.reason is not None:
            at = now.isoformat(timespec="seconds")
            document = reason_document(
                row.id, row.feed, row.name, fingerprint.sha256, fingerprint.claims, at, outcome.reason
            )
            disk.write_synced(attempt / REASON_FILE, document)
        result = FileResult(
            outcome="quarantine" if failed else "archive",
            code=code,
            sha256=fingerprint.sha256,
            stem=_stem(Path(row.name)),
            attempt=attempt.name,
            folder=free_name(self._feed.outbox, row) if artifacts else "",
            stored_as=stored_name(self._feed, row, failed),
            artifacts=artifacts,
            claims=fingerprint.claims,
            accepted=0 if failed else fingerprint.claims - outcome.rejected,
            rejected=outcome.rejected,
            failed=fingerprint.claims if failed else 0,
            by_rule=outcome.by_rule,
            program={
                "version": __version__,
                "rules_edition": RULES_EDITION,
                "as_of": now.date().isoformat(),
                "profile": self._feed.settings.profile or "auto",
            },
        )
        keys: dict[Kind, list[str]] = {}
        if not failed:  # a file that was refused or failed may be sent again
            keys = {
                "bytes": [fingerprint.sha256],
                "interchange": list(fingerprint.interchanges),
                "claim": outcome.accepted_claims,
            }
        also = None
        if self._collector is not None and not failed:
            settings = replace(self._feed.settings, now=now)
            also = partial(self._collector.store, sha256=fingerprint.sha256, settings=settings)
        else:
            self.close()
        return Processed(result, keys, override, also)


def free_name(folder: Path, row: FileRow) -> str:
    """Return the input's name, with its id appended when the folder has an entry of that name."""
    return fit_filename(row.name, f".{row.id}") if disk.exists(folder / row.name) else row.name


def stored_name(feed: Feed, row: FileRow, quarantined: bool) -> str:
    """Return the name of an input in archive, or in quarantine, where the name of its reason must be free too."""
    if not quarantined:
        return free_name(feed.archive, row)
    if disk.exists(feed.quarantine / fit_filename(row.name, reason.SUFFIX)):
        return fit_filename(row.name, f".{row.id}")
    return free_name(feed.quarantine, row)


def _stem(path: Path) -> str:
    """Return the stem of artifact names: the input's, shortened so that the longest suffix fits."""
    return fit_filename(path.stem, _LONGEST_SUFFIX).removesuffix(_LONGEST_SUFFIX)


def _failure_reason(result: Result, source: Input) -> Reason:
    faults = tuple(fault for fault in result.faults if fault.severity == "error") or tuple(result.faults)
    assert source.path is not None
    if not is_complete(source.path):
        return replace(make_reason(reason.INCOMPLETE), faults=faults)
    if not faults:
        return Reason(code="failed", message="The file could not be read to its end")
    return Reason(code=faults[0].code, message=faults[0].message, faults=faults)


def _internal_error(error: Exception) -> Reason:
    _log_internal_error(error)
    return Reason(code=INTERNAL_FAULT, message=f"Internal error ({type(error).__name__}): please report this")


def _log_internal_error(error: Exception) -> None:
    """Log the type and location of an internal error, without its message, which may quote a claim."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    _LOG.error("internal_fault", error=type(error).__name__, file=Path(frame.filename).name, line=frame.lineno)
