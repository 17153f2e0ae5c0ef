"""Find fixture cases in folders, run them like any input, and rewrite what they expect."""

from __future__ import annotations

import glob
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from datetime import time as day_time
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path

import msgspec
from msgspec.structs import replace
from structlog.testing import capture_logs

from x12proc.engine.fixes import FixLevel
from x12proc.engine.stream import RULE_CRASH
from x12proc.errors import ConfigError, RuleError
from x12proc.replay import rule_cases
from x12proc.replay.artifacts import artifact_differences
from x12proc.replay.case_file import CaseFile, case_day, check_artifacts, parse_case, with_options
from x12proc.replay.rule_cases import parse_cases
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.publishing import SingleArtifact
from x12proc.runner.runner import INTERNAL_FAULT, FileRun, Result, RunOptions
from x12proc.runner.settings import AUTO, Settings, load_settings, target_codes

INPUT, CASE_FILE, EXPECTED = "input.edi", "case.toml", "expected"
DEFAULT_ARTIFACTS = ("json", "annotated")
# An artifact's name in expected/, and its name for --emit.
KINDS = {kind.suffix.lstrip("."): name for name, kind in ARTIFACTS.items()}
_NAMES = {kind: name for name, kind in KINDS.items()}
_FIXTURE = re.compile(rb"^[ \t]*\[\[[ \t]*case", re.MULTILINE)
_FIXTURE_NAME = ".cases.toml"


class ReplayCase(msgspec.Struct, frozen=True):
    """A folder case (``file`` has its options) or one case of a rule fixture (``rule``)."""

    path: Path  # the folder, or the fixture file
    name: str
    file: CaseFile | None = None
    rule: rule_cases.Case | None = None


class Difference(msgspec.Struct, frozen=True):
    """The differences of one artifact, in lines. ``found`` is its new content; None if it was not written."""

    artifact: str
    lines: list[str]
    found: bytes | None = None


class CaseOutcome(msgspec.Struct, frozen=True):
    """The result of a case: as expected if ``differences`` and ``error`` are empty.

    ``error`` is the reason why the case could not run. The result of a crashed rule is never ``rewritable``.
    """

    case: ReplayCase
    seconds: float
    differences: list[Difference] = []
    error: str = ""
    rewritable: bool = False

    @property
    def text(self) -> str:
        """Return all differences, each under its artifact's name."""
        lines = []
        for difference in self.differences:
            lines += [difference.artifact, *(f"  {line}" for line in difference.lines)]
        return "\n".join(lines)


# -- finding ------------------------------------------------------------------------------------------------------


def find_cases(arguments: Sequence[str]) -> list[ReplayCase]:
    """Return the cases that paths name: folders (searched), cases, rule fixtures, patterns; each case once.

    Raises ConfigError for a path without a case and for an invalid case or fixture.
    """
    found: dict[tuple[Path, str], ReplayCase] = {}
    for argument in arguments:
        cases = [case for path in _named(argument) for case in cases_at(path)]
        if not cases:
            raise ConfigError(
                f"{argument}: there is no case: no folder with {INPUT}, no rule fixture with [[case]]"
            )
        for case in cases:
            found.setdefault((case.path.resolve(), case.name), case)
    return list(found.values())


def _named(argument: str) -> list[Path]:
    path = Path(argument)
    if path.is_dir():
        return list(_search(path))
    if path.exists():
        return [path]
    matches = sorted(Path(name) for name in glob.glob(argument, recursive=True))  # noqa: PTH207 - whole patterns
    if not matches:
        raise ConfigError(f"{argument}: there is no such file, folder or pattern")
    return [
        path
        for match in matches
        for path in (_search(match) if match.is_dir() else [match] if is_case_path(match) else [])
    ]


def _search(folder: Path) -> Iterator[Path]:
    """Yield every input of a case and every rule fixture below a folder, except in hidden folders."""
    for here, folders, names in os.walk(folder):
        if INPUT in names:
            folders.clear()
            yield Path(here) / INPUT
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (path for name in sorted(names) if is_case_path(path := Path(here) / name))


def is_case_path(path: Path) -> bool:
    """Return whether a file is a case's input or a rule fixture: ``*.cases.toml`` or one with ``[[case]]``."""
    if path.name == INPUT or path.name.endswith(_FIXTURE_NAME):
        return True
    return path.suffix == ".toml" and path.is_file() and _FIXTURE.search(_read(path)) is not None


def cases_at(path: Path) -> list[ReplayCase]:
    """Read the cases of one file: an ``input.edi`` or a rule fixture. Raises ConfigError."""
    if path.name == INPUT:
        return [_folder_case(path.parent)]
    if path.suffix != ".toml":
        raise ConfigError(f"{path}: no case; a case is a folder with {INPUT}, or a rule fixture (*.toml)")
    return [ReplayCase(path, case.name, rule=case) for case in parse_cases(_read(path), str(path))]


def _folder_case(folder: Path) -> ReplayCase:
    path = folder / CASE_FILE
    file = parse_case(_read(path), str(path)) if path.exists() else CaseFile()
    check_artifacts(file.emit, ARTIFACTS, str(path))
    for name in _expected_names(folder):
        if name not in KINDS:
            raise ConfigError(
                f"{folder / EXPECTED / name}: no artifact is called so; allowed are {', '.join(KINDS)}"
            )
    return ReplayCase(folder, folder.resolve().name, file=file)


def _expected_names(folder: Path) -> list[str]:
    """Return the names in expected/, in the order of artifacts; unknown names come first."""
    expected = folder / EXPECTED
    names = [entry.name for entry in expected.iterdir() if entry.name[0] != "."] if expected.is_dir() else []
    return sorted(names, key=lambda name: (list(KINDS).index(name) if name in KINDS else -1, name))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror}") from None


# -- running ------------------------------------------------------------------------------------------------------


def run_all(
    cases: Sequence[ReplayCase], settings: Settings, config: Path | None, jobs: int
) -> Iterator[CaseOutcome]:
    """Run every case, in order, in ``jobs`` processes. ``settings`` are those of ``config``."""
    if jobs == 1 or len(cases) == 1:
        yield from (run_case(case, settings) for case in cases)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(_run_apart, config), cases, chunksize=max(1, len(cases) // (jobs * 4)))


def _run_apart(config: Path | None, case: ReplayCase) -> CaseOutcome:
    return run_case(case, _settings(config))


@lru_cache(maxsize=8)
def _settings(config: Path | None) -> Settings:
    return load_settings(config=config)


def run_case(case: ReplayCase, settings: Settings) -> CaseOutcome:
    """Run one case, writing to temporary folders only."""
    started = time.perf_counter()
    differences: list[Difference] = []
    rewritable, error = False, ""
    try:
        if case.rule is not None:
            differences = _rule_differences(case.rule, case.path, settings)
        elif case.file is not None:
            differences, rewritable = _folder_differences(case.path, case.file, settings)
    except ConfigError as wrong:
        error = str(wrong)
    except OSError as wrong:
        error = f"{wrong.filename or case.path}: {wrong.strerror}"
    return CaseOutcome(case, time.perf_counter() - started, differences, error, rewritable)


def _rule_differences(case: rule_cases.Case, path: Path, settings: Settings) -> list[Difference]:
    try:
        lines = rule_cases.differences(
            case, settings.rules, settings.profiles, settings.reference, _base_reader(path.parent)
        )
    except RuleError as crash:
        lines = [str(crash)]
    return [Difference("findings", lines)] if lines else []


def _base_reader(folder: Path) -> rule_cases.ReadBase:
    def read(name: str) -> bytes:
        return rule_cases.builtin_base(name) if name in ("P", "I") else _read(folder / name)

    return read


def _folder_differences(folder: Path, file: CaseFile, settings: Settings) -> tuple[list[Difference], bool]:
    expected = _expected_names(folder)
    names = [_NAMES[kind] for kind in file.emit] or expected or [_NAMES[kind] for kind in DEFAULT_ARTIFACTS]
    settings = case_settings(file, folder, _settings(folder / file.config) if file.config else settings)
    with tempfile.TemporaryDirectory(prefix="x12proc-") as output:
        emit = [KINDS[name] for name in names]
        result = run_quietly(Input(folder / INPUT), settings, emit, Path(output), fixing=file.fix)
        found = {path.name.partition(".")[2]: path.read_bytes() for path in result.artifacts}
    crashes = [fault.message for fault in result.faults if fault.code in (RULE_CRASH, INTERNAL_FAULT)]
    differences = [Difference("rules", crashes)] if crashes else []
    for name in dict.fromkeys([*names, *expected]):
        before = _read(folder / EXPECTED / name) if name in expected else None
        lines = _compared(name, before, found.get(name), asked=name in names)
        if lines:
            differences.append(Difference(name, lines, found.get(name)))
    return differences, not crashes


def _compared(name: str, expected: bytes | None, found: bytes | None, *, asked: bool) -> list[str]:
    if expected is None:
        return [f"nothing is expected yet; {len(found)} bytes were written"] if found is not None else []
    if found is None:
        return [
            "expected, but there was nothing to write" if asked else "expected, but case.toml does not emit it"
        ]
    return artifact_differences(name, expected, found)


def case_settings(file: CaseFile, folder: Path, settings: Settings) -> Settings:
    """Return the settings of a folder case. Raises ConfigError for an unknown profile, code or option."""
    where = str(folder / CASE_FILE)
    profile = settings.profile if file.profile is None else file.profile
    try:
        if profile is not None and profile != AUTO:
            settings.profiles.get(profile)
        codes = settings.codes if file.codes is None else target_codes(file.codes)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    with (folder / INPUT).open("rb") as opened:
        day = case_day(file, opened.read(4096))
    answers = settings.acknowledgement
    return replace(
        settings,
        profile=None if profile == AUTO else profile,
        codes=codes,
        conformance=file.conformance or settings.conformance,
        now=datetime.combine(day, day_time()),
        profiles=with_options(settings.profiles, file.options, settings.rules, where),
        acknowledgement=replace(
            answers, scope=file.ack_scope or answers.scope, control=file.ack_control or answers.control
        ),
    )


def run_quietly(
    source: Input, settings: Settings, emit: Sequence[str], target: Path, fixing: FixLevel = "off"
) -> Result:
    """Scrub an input as ``scrub`` does, without log lines: the comparison reports the results."""
    with capture_logs():
        return FileRun(source, settings, RunOptions(emit=emit, destination=target, fix_level=fixing)).run()


# -- rewriting ----------------------------------------------------------------------------------------------------


def rewrite(outcome: CaseOutcome, say: Callable[[Path], None]) -> None:
    """Write what was found as what is expected. ``say`` is called with every changed file. Raises OSError."""
    folder = outcome.case.path / EXPECTED
    folder.mkdir(exist_ok=True)
    for difference in outcome.differences:
        path = folder / difference.artifact
        if difference.found is None:
            path.unlink(missing_ok=True)
        else:
            artifact = SingleArtifact(path)
            try:
                artifact.file.write(difference.found)
                artifact.publish()
            finally:
                artifact.discard()
        say(path)
