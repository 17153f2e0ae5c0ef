"""One input scrubbed, or refused: its artifacts made aside in work, and what the ledger shall say of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
import structlog
from msgspec.structs import replace

from x12proc.feed import disk
from x12proc.feed import quarantine_reason as reason
from x12proc.feed.feed_file import Feed
from x12proc.feed.filenames import fit, shown
from x12proc.feed.fingerprint import Contents, read_contents, refuse
from x12proc.feed.inbox import is_whole
from x12proc.feed.ledger import FileRow, Judgment, Kind, Ledger
from x12proc.feed.quarantine_reason import Reason, because, reason_document
from x12proc.feed.sent_claims import SentClaims
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.pool import GuideChecks
from x12proc.runner.runner import INTERNAL_FAULT, FileRun, Result, RunOptions
from x12proc.runner.settings import RULES_EDITION
from x12proc.version import __version__

OUT, REASON = "out", "reason.json"
MOST_CRASHES = 5  # workers that may die over one file before it is put aside
_LONGEST_ENDING = max((kind.suffix for kind in ARTIFACTS.values()), key=len)
_NOT_OF_A_FAILED_FILE = ("annotated",)  # it looks like a file that can be sent
_LOG = structlog.get_logger("x12proc.feed")


class Judged(msgspec.Struct, frozen=True):
    """What to enter, what later files are held against, and the override that was used."""

    judgment: Judgment
    keys: dict[Kind, list[str]]
    override: int | None


class _Verdict(msgspec.Struct, frozen=True):
    """How an input came out. ``reason`` is None when it goes to the archive."""

    reason: Reason | None
    rejected: int = 0
    by_rule: dict[str, int] = {}
    accepted_claims: list[str] = []  # their keys


class Judging:
    """Judges the inputs of one feed. ``step`` is told the name of every step that has been done."""

    def __init__(self, feed: Feed, ledger: Ledger, checks: GuideChecks, step: Callable[[str], None]) -> None:
        self._feed = feed
        self._ledger = ledger
        self._checks = checks
        self._step = step

    def judge(self, row: FileRow, path: Path, attempt: Path, forced: Reason | None = None) -> Judged:
        """Scrub the input at ``path`` into the folder ``attempt``, or refuse it.

        ``forced`` is a reason for quarantine that has nothing to do with what is in it; then it isn't even read.
        Raises OSError.
        """
        now = datetime.now()  # noqa: DTZ005 - as in settings: local and without a zone
        source = self._source(row, path)
        if forced is None and row.crashes > MOST_CRASHES:
            forced = because(reason.CRASHES)
        contents = read_contents(source) if forced is None else Contents()
        self._step("read")
        override = self._ledger.override_for(self._feed.name, contents.sha256, row.id)
        earlier = {} if override is not None else self._earlier(row, contents)
        if forced is not None:
            verdict = _Verdict(forced)
        elif earlier:
            verdict = self._refused(source, contents, earlier, attempt, now)
        else:
            verdict = self._scrubbed(source, attempt, row, now)
        return self._judged(row, contents, verdict, attempt, override, now)

    def _source(self, row: FileRow, path: Path) -> Input:
        source = Input(path)
        source.name = shown(row.name)
        source.stem = _stem(path)
        return source

    # -- what came before ----------------------------------------------------------------------------------

    def _earlier(self, row: FileRow, contents: Contents) -> dict[str, Reason]:
        """Which interchanges came before, each by its key, with the reason; empty when none did."""
        if not contents.sha256:
            return {}
        same = self._ledger.seen(row.feed, "bytes", [contents.sha256], None, row.id)
        if same:
            why = because(reason.SAME_BYTES, same[0].file_id)
            return dict.fromkeys(contents.interchanges, why) or {"": why}
        known = self._ledger.seen(
            row.feed, "interchange", contents.interchanges, self._feed.duplicate_days, row.id
        )
        ids = dict.fromkeys(seen.file_id for seen in known)
        return {seen.key: because(reason.SAME_INTERCHANGE, *ids) for seen in known}

    def _refused(
        self, source: Input, contents: Contents, earlier: dict[str, Reason], attempt: Path, now: datetime
    ) -> _Verdict:
        ta1 = attempt / OUT / (source.stem + ARTIFACTS["ta1"].suffix)
        refuse(source, contents, earlier.keys(), ta1, now)
        if ta1.stat().st_size == 0:
            ta1.unlink()
        return _Verdict(next(iter(earlier.values())))

    # -- the run -------------------------------------------------------------------------------------------

    def _scrubbed(self, source: Input, attempt: Path, row: FileRow, now: datetime) -> _Verdict:
        out = attempt / OUT
        sent = SentClaims(self._ledger, row)
        settings = replace(self._feed.settings, now=now, sent_before=sent.sent_before)
        run = FileRun(
            source,
            settings,
            RunOptions(emit=self._feed.emit, destination=out, on_claim=sent.note, checks=self._checks),
        )
        try:
            result = run.run()
        except OSError:
            raise
        except Exception as error:
            _log_fault(error)
            for path in out.iterdir():  # what was published before the fault belongs to no whole set
                path.unlink()
            message = f"Internal fault ({type(error).__name__}): please report this"
            return _Verdict(Reason(code=INTERNAL_FAULT, message=message))
        sent.check()
        summary = result.summary
        if summary.failed or result.crashed or result.incomplete:
            for kind in _NOT_OF_A_FAILED_FILE:
                (out / (source.stem + ARTIFACTS[kind].suffix)).unlink(missing_ok=True)
            return _Verdict(_failed(result, source), by_rule=summary.by_rule)
        return _Verdict(None, summary.rejected_claims, summary.by_rule, sent.accepted)

    # -- what is entered -----------------------------------------------------------------------------------

    def _judged(
        self,
        row: FileRow,
        contents: Contents,
        verdict: _Verdict,
        attempt: Path,
        override: int | None,
        now: datetime,
    ) -> Judged:
        artifacts = disk.hashes(attempt / OUT)
        failed = verdict.reason is not None
        code = verdict.reason.code if verdict.reason is not None else ""
        if verdict.reason is not None:
            at = now.isoformat(timespec="seconds")
            document = reason_document(
                row.id, row.feed, row.name, contents.sha256, contents.claims, at, verdict.reason
            )
            disk.write_whole(attempt / REASON, document)
        judgment = Judgment(
            outcome="quarantine" if failed else "archive",
            code=code,
            sha256=contents.sha256,
            stem=_stem(Path(row.name)),
            attempt=attempt.name,
            folder=free_name(self._feed.outbox, row) if artifacts else "",
            stored_as=stored_name(self._feed, row, failed),
            artifacts=artifacts,
            claims=contents.claims,
            accepted=0 if failed else contents.claims - verdict.rejected,
            rejected=verdict.rejected,
            failed=contents.claims if failed else 0,
            by_rule=verdict.by_rule,
            program={
                "version": __version__,
                "rules_edition": RULES_EDITION,
                "as_of": now.date().isoformat(),
                "profile": self._feed.settings.profile or "auto",
            },
        )
        keys: dict[Kind, list[str]] = {}
        if not failed:  # what was refused or failed may come again
            keys = {
                "bytes": [contents.sha256],
                "interchange": list(contents.interchanges),
                "claim": verdict.accepted_claims,
            }
        return Judged(judgment, keys, override)


def free_name(folder: Path, row: FileRow) -> str:
    """The input's name, or with its id behind it where an earlier input of that name still lies there."""
    return fit(row.name, f".{row.id}") if disk.exists(folder / row.name) else row.name


def stored_name(feed: Feed, row: FileRow, quarantined: bool) -> str:
    """What an input is called in archive or quarantine, where its reason needs a name as well."""
    if not quarantined:
        return free_name(feed.archive, row)
    if disk.exists(feed.quarantine / fit(row.name, reason.ENDING)):
        return fit(row.name, f".{row.id}")
    return free_name(feed.quarantine, row)


def _stem(path: Path) -> str:
    """The artifacts' name: the input's without its last extension, short enough for the longest ending."""
    return fit(path.stem, _LONGEST_ENDING).removesuffix(_LONGEST_ENDING)


def _failed(result: Result, source: Input) -> Reason:
    faults = tuple(fault for fault in result.faults if fault.severity == "error") or tuple(result.faults)
    assert source.path is not None
    if not is_whole(source.path):
        return replace(because(reason.INCOMPLETE), faults=faults)
    if not faults:
        return Reason(code="failed", message="The file could not be read to its end")
    return Reason(code=faults[0].code, message=faults[0].message, faults=faults)


def _log_fault(error: Exception) -> None:
    """Say where we failed; an error's own text could quote a claim, so it is left out."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    _LOG.error("internal_fault", error=type(error).__name__, file=Path(frame.filename).name, line=frame.lineno)
