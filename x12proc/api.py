"""The Python API: reads claims, scrubs them and writes artifacts, from a path, bytes or a binary stream."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.model import Claim
from x12proc.engine.fixes import FixLevel
from x12proc.engine.result import ClaimResult
from x12proc.errors import ConfigError, X12SyntaxError
from x12proc.runner.artifacts import check_artifacts
from x12proc.runner.files import Input, OpenInput
from x12proc.runner.parallel import SMALLEST, ClaimPool
from x12proc.runner.pool import Conformance, GuideChecks
from x12proc.runner.runner import FileRun, Result, RunOptions
from x12proc.runner.settings import GuideErrorPolicy, load_config, load_settings
from x12proc.wire.events import ClaimSpan, Fault
from x12proc.wire.scanner import scan as scan_events

Source: TypeAlias = str | Path | bytes | bytearray | memoryview | BinaryIO


def read(source: Source) -> Iterator[Claim]:
    """Yield every claim of a file, in file order, whatever it bills.

    Raises X12SyntaxError at the byte where reading stops; OSError for a file that can't be opened.

    >>> claims = list(read("fixtures/demo/hospital-837i.edi"))
    >>> len(claims), claims[0].id, claims[0].charge
    (29, 'H5001', '8712')
    >>> drug = claims[0].lines[0].drug
    >>> drug.ndc, drug.quantity, drug.unit
    ('10122018002', '3', 'UN')
    """
    with OpenInput(_input(source, "claims.edi")) as opened:
        builder = ClaimBuilder(opened.buffer)
        for event in scan_events(opened.buffer, (), all_claims=True):
            if isinstance(event, ClaimSpan):
                yield builder.build(event)
            elif isinstance(event, Fault) and event.severity == "error":
                raise X12SyntaxError(event.code, event.message, event.byte_offset)


class ScrubRun:
    """The claims of a file while it is scrubbed: an iterator, and a context manager that gives up when left early.

    After the last claim the artifacts appear, and ``result`` holds the totals of the file. Left
    before that, by ``close()`` or an exception, nothing is written.
    """

    def __init__(self, run: FileRun, checks: GuideChecks, pool: ClaimPool) -> None:
        self._run = run
        self._claims = _to_the_end(run, checks, pool)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ClaimResult:
        """Return the next target claim. Raises as :func:`scrub` does."""
        return next(self._claims)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the remaining claims; no artifact appears."""
        self._claims.close()

    @property
    def result(self) -> Result | None:
        """Summary, faults, and the paths of the artifacts; None until the last claim has been taken."""
        return self._run.result


def scrub(
    source: Source,
    *,
    profile: str | None = None,
    codes: Sequence[str] | None = None,
    as_of: date | str | None = None,
    config: str | Path | None = None,
    conformance: Conformance | None = None,
    guide_errors: GuideErrorPolicy | None = None,
    emit: Sequence[str] | None = None,
    output: str | Path | BinaryIO | None = None,
    fix: FixLevel = "off",
    name: str = "claims.edi",
    jobs: int = 1,
    patient: bool | None = None,
) -> ScrubRun:
    """Scrub a file: yield the results of its target claims in file order, and write its artifacts.

    ``profile`` holds for all claims; it is chosen claim by claim when None. ``codes`` are the procedure codes to
    look for (J3590), ``as_of`` is today's date for the rules, ``config`` a configuration file. ``conformance``
    is what is checked against the implementation guide (``off``, ``targets``, ``full``), ``guide_errors`` whether
    that rejects (``report``, ``reject``), ``jobs`` how many processes share the claims of a large file,
    ``patient`` whether reports name the patient. None takes the value of the configuration.

    ``output`` is a folder for the artifacts in ``emit``, or a binary stream for a single one; ``fix`` says which
    fixes are applied in the artifact ``fixed`` (``off``, ``safe``, ``unsafe``). ``name`` is what a source without
    a path is called in reports; its stem is what artifacts are called after.

    A source under 2 MB is scrubbed in this process, whatever ``jobs``. A script that sets ``jobs`` needs the guard
    ``if __name__ == "__main__"``, as with all of multiprocessing.

    Raises ConfigError at once for settings that don't exist. While claims are taken: OSError where an artifact
    can't be written, and after the last claim X12SyntaxError when the file failed, that is when it can't be read
    to its end or a rule crashed. Nothing of a failed file counts as accepted, whatever was yielded before: its
    reports are written, its ``accepted``, ``rejected`` and ``fixed`` files are not.

    >>> for result in scrub("fixtures/demo/clinic-837p.edi", as_of=date(2024, 4, 1), conformance="off"):
    ...     if result.rejected:
    ...         rejecting = [found for found in result.all_findings if found.severity == "reject"]
    ...         print(result.claim.id, *[found.rule for found in rejecting])
    ...         break
    P1003 NAR05
    """
    if profile == "" or (codes is not None and not codes):
        raise ConfigError("profile and codes must not be empty; leave them out for their defaults")
    _check_choice("conformance", conformance, ("off", "targets", "full"))
    _check_choice("guide_errors", guide_errors, ("report", "reject"))
    _check_choice("fix", fix, ("off", "safe", "unsafe"))
    config = Path(config) if isinstance(config, str) else config
    jobs = _checked_jobs(jobs, source)
    options = {
        "config": config,
        "codes": _names(codes),
        "profile": profile,
        "as_of": _day(as_of),
        "conformance": conformance,
        "guide_errors": guide_errors,
        "patient": patient,
    }
    settings = load_settings(**options)  # type: ignore[arg-type]  # each is of its parameter's type
    destination = Path(output) if isinstance(output, str) else output
    checks = GuideChecks(settings.conformance, jobs)
    kinds = _artifacts(_names(emit), destination, fix, config)
    pool = ClaimPool(options, settings.now, jobs)
    run_options = RunOptions(emit=kinds, destination=destination, fix_level=fix, checks=checks, pool=pool)
    return ScrubRun(FileRun(_input(source, name), settings, run_options), checks, pool)


def _check_choice(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise ConfigError(f"{name}={value!r}: allowed are {', '.join(allowed)}")


def _names(names: Sequence[str] | None) -> Sequence[str] | None:
    """Return names given one by one, or as one text with commas between them."""
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else names


def _day(day: date | str | None) -> date | None:
    try:
        day = date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        raise ConfigError(f"as_of={day!r}: this is no date; write it like 2026-11-23") from None
    return day.date() if isinstance(day, datetime) else day


def _checked_jobs(jobs: int, source: Source) -> int:
    """Return the number of processes: 1 for a source that is too small to be shared.

    Raises ConfigError where a process that was started for the jobs runs the caller's script again.
    """
    if not isinstance(jobs, int) or jobs < 0:
        raise ConfigError(f"jobs={jobs!r}: give a number of processes, or 0 for one a core")
    if jobs == 1 or _size(source) < SMALLEST:
        return 1
    from multiprocessing import current_process  # noqa: PLC0415 - most runs need no process

    if getattr(current_process(), "_inheriting", False):
        raise ConfigError('jobs starts processes that import this script: call scrub under __name__ == "__main__"')
    return jobs


def _size(source: Source) -> int:
    """Return the size of a source in bytes; 0 for a stream, whose claims can't be shared."""
    if isinstance(source, str | Path):
        path = Path(source)
        return path.stat().st_size if path.is_file() else 0
    return len(source) if isinstance(source, bytes | bytearray | memoryview) else 0


def _artifacts(
    emit: Sequence[str] | None, destination: Path | BinaryIO | None, fix: FixLevel, config: Path | None
) -> tuple[str, ...]:
    if destination is None:
        if emit or fix != "off":
            raise ConfigError("artifacts need a place: give a folder or a binary stream as output")
        return ()
    kinds = check_artifacts(load_config(config).emit if emit is None else emit, fix)
    if not isinstance(destination, Path) and len(kinds) != 1:
        raise ConfigError(f"a stream takes one artifact, not {len(kinds)}: {', '.join(kinds)}")
    if isinstance(destination, Path) and not destination.is_dir():
        raise ConfigError(f"{destination}: there is no such folder")
    return kinds


def _to_the_end(run: FileRun, checks: GuideChecks, pool: ClaimPool) -> Generator[ClaimResult, None, None]:
    with checks, pool:
        yield from run.claims()
    assert run.result is not None, "the claims have been taken to their end"
    for fault in run.result.faults:
        if fault.severity == "error":
            raise X12SyntaxError(fault.code, fault.message, fault.byte_offset)


def _input(source: Source, name: str) -> Input:
    if isinstance(source, str):
        return Input(Path(source))
    return Input(bytes(source) if isinstance(source, bytearray | memoryview) else source, name)
