"""The Python API: reads claims, scrubs them and writes artifacts, from a path, bytes or a binary stream."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self, TypeAlias, cast

import msgspec
from msgspec.structs import replace

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.model import Claim
from x12proc.engine.fixes import FixLevel
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary
from x12proc.errors import CanceledError, ConfigError, X12SyntaxError
from x12proc.reports.document import fault_document, summary_document
from x12proc.reports.finding_rows import finding_rows, line_rows
from x12proc.runner.artifacts import check_artifacts
from x12proc.runner.files import Input, OpenInput
from x12proc.runner.parallel import SMALLEST, ClaimPool
from x12proc.runner.pool import Conformance, GuideChecks
from x12proc.runner.program import program_document
from x12proc.runner.runner import FileRun, Result, RunOptions
from x12proc.runner.settings import GuideErrorPolicy, Settings, load_config, load_settings
from x12proc.wire.events import ClaimSpan, Fault
from x12proc.wire.scanner import scan as scan_events

if TYPE_CHECKING:
    from array import array
    from mmap import mmap

#: A path, bytes in any form that has the buffer protocol, or a binary stream.
Source: TypeAlias = "str | Path | bytes | bytearray | memoryview | array[Any] | mmap | BinaryIO"
#: A folder, a binary stream for one artifact, or a dictionary that receives the bytes of artifacts by their names.
Output: TypeAlias = str | Path | BinaryIO | dict[str, bytes]
#: The rows of an Arrow table.
ArrowRows: TypeAlias = Literal["findings", "lines"]
#: Called with the bytes read and the bytes in all.
Progress: TypeAlias = Callable[[int, int], None]


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


class ScrubResult(msgspec.Struct, frozen=True):
    """All results of a file that was read to its end: plain values that can be pickled.

    ``claims`` are the target claims in file order, ``summary`` the totals, ``faults`` the warnings of the file,
    ``artifacts`` the paths of what was written, ``withheld`` what was asked for and not written, and why.
    ``program`` names the version and editions that gave the results.
    """

    name: str
    claims: tuple[ClaimResult, ...]
    summary: Summary
    faults: tuple[Fault, ...]
    artifacts: tuple[Path, ...]
    withheld: dict[str, str]
    program: dict[str, Any]

    def to_dict(self, *, patient: bool = False) -> dict[str, Any]:
        """Return ``claims``, ``errors``, ``summary`` and ``program`` as in the JSON report; ``patient`` adds names
        and member ids of patients."""
        return {
            "name": self.name,
            "claims": [claim.to_dict(patient=patient) for claim in self.claims],
            "errors": [fault_document(fault) for fault in self.faults],
            "summary": summary_document(self.summary),
            "program": self.program,
        }

    def to_arrow(self, rows: ArrowRows = "findings") -> Any:
        """Return a pyarrow.Table with one row a finding, or with ``rows="lines"`` one row a target line.

        Raises ConfigError without the extra ``parquet``.
        """
        _check_choice("rows", rows, ("findings", "lines"))
        try:
            from x12proc.reports import parquet_report as arrow  # noqa: PLC0415 - an optional extra
        except ModuleNotFoundError:
            raise ConfigError("this needs an extra: pip install 'x12proc[parquet]'") from None
        make, schema = (finding_rows, arrow.FINDINGS) if rows == "findings" else (line_rows, arrow.LINES)
        documents = (claim.to_dict() for claim in self.claims)
        return arrow.arrow_table((row for each in documents for row in make(each, self.name)), schema)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the findings by the Arrow PyCapsule interface, for pandas, Polars, DuckDB and others."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_json(self, *, patient: bool = False) -> bytes:
        """Return :meth:`to_dict` as JSON in UTF-8."""
        return msgspec.json.encode(self.to_dict(patient=patient))


class ScrubRun:
    """The claims of a file while it is scrubbed: an iterator, and a context manager that gives up when left early.

    After the last claim the artifacts appear, and ``result`` holds the totals of the file. Left
    before that, by ``close()``, ``cancel()`` or an exception, nothing is written.
    """

    def __init__(
        self, source: Input, settings: Settings, options: RunOptions, checks: GuideChecks, pool: ClaimPool
    ) -> None:
        self._progress = options.progress
        self._is_canceled = self._is_begun = False
        self._furthest = 0  # byte that progress has reported
        self._settings = settings
        options = replace(options, checks=checks, pool=pool, progress=self._advance)
        self._run = FileRun(source, settings, options)
        self._claims = _to_the_end(self._run, checks, pool)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ClaimResult:
        """Return the next target claim. Raises as :func:`scrub` does, and CanceledError after :meth:`cancel`."""
        self._is_begun = True
        if self._is_canceled:
            self._claims.close()
            raise CanceledError("the run was canceled; nothing was written")
        return next(self._claims)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _advance(self, position: int, size: int) -> None:
        if self._is_canceled:
            raise CanceledError("the run was canceled; nothing was written")
        self._furthest = max(position, self._furthest)  # the file is scanned ahead of its claims
        if self._progress is not None:
            self._progress(self._furthest, size)

    def finish(self) -> ScrubResult:
        """Take all claims and return them with the totals of the file, once it was read to its end.

        Unlike the iterator it gives no claim of a file that fails. All results are in memory: use the iterator for
        files with very many target claims. Raises as :func:`scrub` does, and ConfigError if claims were taken.
        """
        if self._is_begun:
            raise ConfigError("finish() returns all claims, and some were taken before: call it first")
        claims = tuple(self)
        result = self._run.result
        assert result is not None, "the claims have been taken to their end"
        return ScrubResult(
            name=result.name,
            claims=claims,
            summary=result.summary,
            faults=tuple(result.faults),
            artifacts=tuple(result.artifacts),
            withheld=result.withheld,
            program=program_document(self._settings),
        )

    def cancel(self) -> None:
        """Stop the run, from another thread or the progress callback: the iteration raises CanceledError."""
        self._is_canceled = True

    def close(self) -> None:
        """Give up the remaining claims; no artifact appears."""
        self._claims.close()

    @property
    def result(self) -> Result | None:
        """Summary, faults, and the paths of the artifacts; None until the last claim has been taken."""
        return self._run.result


class Scrubber:
    """Settings that are loaded once, for many files. Its arguments are those of :func:`scrub`.

    Without ``as_of`` each file is scrubbed on the day on which :meth:`scrub` is called.

    >>> scrubber = Scrubber(as_of="2024-04-01", conformance="off")
    >>> for name in ("clinic-837p.edi", "hospital-837i.edi"):
    ...     print(name, scrubber.scrub(f"fixtures/demo/{name}").finish().summary.rejected_claims)
    clinic-837p.edi 19
    hospital-837i.edi 7
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        codes: Sequence[str] | None = None,
        as_of: date | str | None = None,
        config: str | Path | None = None,
        conformance: Conformance | None = None,
        guide_errors: GuideErrorPolicy | None = None,
        emit: Sequence[str] | None = None,
        fix: FixLevel = "off",
        jobs: int = 1,
        patient: bool | None = None,
    ) -> None:
        """Load the settings. Raises ConfigError for those that don't exist."""
        if profile == "" or (codes is not None and not codes):
            raise ConfigError("profile and codes must not be empty; leave them out for their defaults")
        _check_choice("conformance", conformance, ("off", "targets", "full"))
        _check_choice("guide_errors", guide_errors, ("report", "reject"))
        _check_choice("fix", fix, ("off", "safe", "unsafe"))
        if not isinstance(jobs, int) or jobs < 0:
            raise ConfigError(f"jobs={jobs!r}: give a number of processes, or 0 for one a core")
        self._config = Path(config) if isinstance(config, str) else config
        self._options = {
            "config": self._config,
            "codes": _names(codes),
            "profile": profile,
            "as_of": _day(as_of),
            "conformance": conformance,
            "guide_errors": guide_errors,
            "patient": patient,
        }
        self._settings = load_settings(**self._options)  # type: ignore[arg-type]  # each is of its parameter's type
        self._emit, self._fix, self._jobs = _names(emit), fix, jobs
        check_artifacts(self._emit or (), fix)

    def scrub(
        self,
        source: Source,
        *,
        output: Output | None = None,
        emit: Sequence[str] | None = None,
        name: str = "claims.edi",
        progress: Progress | None = None,
    ) -> ScrubRun:
        """Scrub a file as :func:`scrub` does; ``emit`` replaces that of the Scrubber."""
        if output is None and emit is None:  # the artifacts of a Scrubber are for files with an output
            return self._start(source, None, (), "off", name, progress)
        return self._start(source, output, self._emit if emit is None else _names(emit), self._fix, name, progress)

    def _start(
        self,
        source: Source,
        output: Output | None,
        emit: Sequence[str] | None,
        fix: FixLevel,
        name: str,
        progress: Progress | None,
    ) -> ScrubRun:
        opened = _input(source, name)
        destination = _destination(output)
        kinds = _artifacts(emit, destination, fix, self._config)
        jobs = _jobs_for(self._jobs, opened)
        settings = self._settings
        if self._options["as_of"] is None:
            settings = replace(settings, now=datetime.now())  # noqa: DTZ005 - dates of claims are local
        checks, pool = GuideChecks(settings.conformance, jobs), ClaimPool(self._options, settings.now, jobs)
        options = RunOptions(emit=kinds, destination=destination, fix_level=fix, progress=progress)
        return ScrubRun(opened, settings, options, checks, pool)


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
    output: Output | None = None,
    fix: FixLevel = "off",
    name: str = "claims.edi",
    jobs: int = 1,
    patient: bool | None = None,
    progress: Progress | None = None,
) -> ScrubRun:
    """Scrub a file: yield the results of its target claims in file order, and write its artifacts.

    ``source`` is a path, bytes in any form, or an open binary stream; a path that ends in ``.gz``, and bytes or a
    stream that are gzip, are decompressed.

    ``profile`` holds for all claims; it is chosen claim by claim when None. ``codes`` are the procedure codes to
    look for (J3590), ``as_of`` is today's date for the rules, ``config`` a configuration file. ``conformance``
    is what is checked against the implementation guide (``off``, ``targets``, ``full``), ``guide_errors`` whether
    that rejects (``report``, ``reject``), ``jobs`` how many processes share the claims of a large file,
    ``patient`` whether reports name the patient. None takes the value of the configuration.

    ``output`` is a folder for the artifacts in ``emit``, a dictionary that receives the bytes of each by its name,
    or a binary stream for a single one; ``fix`` says which fixes are applied in the artifact ``fixed`` (``off``,
    ``safe``, ``unsafe``). ``name`` is what a source without a path is called in reports, its stem names artifacts.
    ``progress`` is called now and then with the bytes read and the bytes in all.

    A source under 2 MB is scrubbed in this process, whatever ``jobs``. A script that sets ``jobs`` needs the guard
    ``if __name__ == "__main__"``, as with all of multiprocessing.

    Raises ConfigError at once for settings that don't exist. While claims are taken: OSError where an artifact
    can't be written, and after the last claim X12SyntaxError when the file failed, that is when it can't be read
    to its end or a rule crashed. Nothing of a failed file counts as accepted, whatever was yielded before: its
    reports are written, its ``accepted``, ``rejected`` and ``fixed`` files are not. :meth:`ScrubRun.finish` gives
    the claims of a file only when it did not fail.

    >>> for result in scrub("fixtures/demo/clinic-837p.edi", as_of=date(2024, 4, 1), conformance="off"):
    ...     if result.rejected:
    ...         rejecting = [found for found in result.all_findings if found.severity == "reject"]
    ...         print(result.claim.id, *[found.rule for found in rejecting])
    ...         break
    P1003 NAR05
    """
    scrubber = Scrubber(
        profile=profile,
        codes=codes,
        as_of=as_of,
        config=config,
        conformance=conformance,
        guide_errors=guide_errors,
        fix=fix,
        jobs=jobs,
        patient=patient,
    )
    return scrubber._start(source, output, _names(emit), fix, name, progress)


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


def _jobs_for(jobs: int, source: Input) -> int:
    """Return the number of processes: 1 for a source that is too small to be shared.

    Raises ConfigError where a process that was started for the jobs runs the caller's script again.
    """
    if jobs == 1 or _size(source) < SMALLEST:
        return 1
    from multiprocessing import current_process  # noqa: PLC0415 - most runs need no process

    if getattr(current_process(), "_inheriting", False):
        raise ConfigError('jobs starts processes that import this script: call scrub under __name__ == "__main__"')
    return jobs


def _size(source: Input) -> int:
    """Return the size of a source in bytes; 0 for a stream, whose claims can't be shared."""
    if source.path is not None:
        return source.path.stat().st_size if source.path.is_file() else 0
    return len(source.source) if isinstance(source.source, bytes) else 0


def _destination(output: Output | None) -> Path | BinaryIO | dict[str, bytes] | None:
    if isinstance(output, str):
        return Path(output)
    if output is None or isinstance(output, Path | dict) or _is_binary(output, "write"):
        return output
    raise ConfigError(f"output is {type(output).__name__}: give a folder, a dictionary or a binary stream")


def _artifacts(
    emit: Sequence[str] | None,
    destination: Path | BinaryIO | dict[str, bytes] | None,
    fix: FixLevel,
    config: Path | None,
) -> tuple[str, ...]:
    if destination is None:
        if emit or fix != "off":
            raise ConfigError("artifacts need an output: give a folder or a binary stream, or a dictionary")
        return ()
    kinds = check_artifacts(load_config(config).emit if emit is None else emit, fix)
    if not isinstance(destination, Path | dict) and len(kinds) != 1:
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
    """Return a source as an input. Raises ConfigError for what can't be one."""
    if isinstance(source, str | Path):
        return Input(Path(source))
    if isinstance(source, bytes):
        return Input(source, name, unfold=True)
    if _is_binary(source, "read"):
        return Input(cast(BinaryIO, source), name, unfold=True)
    try:
        data = memoryview(cast(bytes, source)).tobytes()
    except TypeError:
        kind = type(source).__name__
        raise ConfigError(f"the source is {kind}: give a path, bytes, or a stream opened in binary mode") from None
    return Input(data, name, unfold=True)


def _is_binary(stream: object, method: str) -> bool:
    return callable(getattr(stream, method, None)) and not isinstance(stream, io.TextIOBase)
