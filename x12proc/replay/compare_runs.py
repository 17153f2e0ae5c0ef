"""Scrub inputs again and compare each new report with one made by an older version."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

from msgspec.structs import replace

from x12proc.errors import ConfigError
from x12proc.replay.cases import run_quietly
from x12proc.replay.report_changes import Report, ReportedProgram, compare, parse_report
from x12proc.replay.run_changes import ComparedFile, RunChanges
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.inputs import find_inputs
from x12proc.runner.settings import RULES_EDITION, Settings
from x12proc.values import iso_date
from x12proc.version import __version__

_ENDING = ARTIFACTS["json"].suffix


def compare_all(reports: Path, inputs: Sequence[str], settings: Settings, as_of: date | None) -> RunChanges:
    """Compare old reports (``<stem>.report.json`` in a folder) with new reports of their inputs.

    The date of the rules is ``as_of``, else that of each old report, so that only the program differs. Files
    without a partner, and reports of another file, are listed and not compared. Raises ConfigError if nothing can
    be compared or a file is no report.
    """
    old = {_key(path.relative_to(reports)): path for path in sorted(reports.rglob(f"*{_ENDING}"))}
    found = find_inputs(inputs)
    sources = found.taken
    _check_stems(sources)
    files: list[ComparedFile] = []
    programs: dict[ReportedProgram, None] = {}
    missed = [f"{each.name}: {each.reason}" for each in found.unreadable]
    missed += [f"{path.name}: its input is not among those named" for path in _without_input(old, sources)]
    for source in sources:
        key = str(source.folder / source.stem)
        if key not in old:
            missed.append(f"{source.name}: no {key}{_ENDING} in {reports}")
            continue
        before = read_report(old[key])
        after = report_now(source, settings, as_of or iso_date(before.program.as_of))
        if before.input.sha256 != after.input.sha256:
            missed.append(f"{source.name}: the old report was made of another file (its SHA-256 differs)")
            continue
        programs[replace(before.program, as_of="")] = None
        files.append(ComparedFile(source.name, len(after.claims), compare(before, after)))
    if not files:
        raise ConfigError(f"nothing to compare: {'; '.join(missed[:5])}")
    return RunChanges(tuple(programs), ReportedProgram(__version__, RULES_EDITION), tuple(files), tuple(missed))


def _key(report: Path) -> str:
    return str(report.parent / report.name.removesuffix(_ENDING))


def _check_stems(sources: Sequence[Input]) -> None:
    seen: dict[str, Input] = {}
    for source in sources:
        key = str(source.folder / source.stem)
        if seen.setdefault(key, source) is not source:
            raise ConfigError(f"{source.name} and {seen[key].name} would share {key}{_ENDING}")


def _without_input(old: dict[str, Path], sources: Sequence[Input]) -> list[Path]:
    stems = {str(source.folder / source.stem) for source in sources}
    return [path for stem, path in old.items() if stem not in stems]


def read_report(path: Path) -> Report:
    """Read a JSON report. Raises ConfigError if it can't be read or is none."""
    try:
        return parse_report(path.read_bytes(), str(path))
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror}") from None


def report_now(source: Input, settings: Settings, today: date | None) -> Report:
    """Make the report of an input with this program; ``today`` is the date of the rules."""
    if today is not None:
        settings = replace(settings, now=datetime.combine(today, time()))
    with tempfile.TemporaryDirectory(prefix="x12proc-") as folder:
        run_quietly(source, settings, ("json",), Path(folder))
        path = Path(folder) / source.folder / (source.stem + _ENDING)
        return parse_report(path.read_bytes(), source.name)
