"""Finds the inputs that arguments name, so that everything given is taken, skipped or reported as unreadable."""

from __future__ import annotations

import contextlib
import glob
import gzip
import os
import re
import stat
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from x12proc.errors import ConfigError
from x12proc.runner.files import ARCHIVES, GZIP_MAGIC, UTF_16, Input, foreign_format
from x12proc.runner.streams import standard_input

STANDARD_INPUT = "-"
#: The endings of artifacts: a folder may be scrubbed again after its artifacts were written into it.
OUR_SUFFIXES = (
    ".report.json", ".report.csv", ".report.xml", ".report.html", ".report.parquet", ".annotated.edi",
    ".fixed.edi", ".accepted.edi", ".rejected.edi", ".999.edi", ".277ca.edi", ".ta1.edi",
)  # fmt: skip
HIDDEN, OURS = "hidden", "an artifact of x12proc"
_UNLISTED = (HIDDEN, OURS)  # counted; there are many of them, and nobody takes them for claims
_HEAD, _LONG_HEAD = 4096, 1024 * 1024  # bytes in which X12 has to begin
# An ISA as the scanner finds it, or segments of a file that lost it, which fails and is not skipped.
_X12 = re.compile(
    rb"(?<![A-Za-z0-9])(?:ISA[^A-Za-z0-9 \0\x80-\xff]|(?:[Ii][Ss][Aa]|[Gg][Ss]|[Ss][Tt]|[Cc][Ll][Mm])[*|~^])"
)


class Skipped(msgspec.Struct, frozen=True):
    """A file that came with a folder and is no input."""

    name: str
    reason: str


class Unreadable(msgspec.Struct, frozen=True):
    """A name without a file, or a folder that can't be read."""

    name: str
    reason: str
    missing: bool = False


class Inputs(msgspec.Struct, frozen=True):
    """All that arguments name."""

    taken: list[Input]
    skipped: list[Skipped]
    unreadable: list[Unreadable]

    @property
    def given(self) -> int:
        """Return the number of files that were given."""
        return len(self.taken) + len(self.skipped) + len(self.unreadable)


class _Found:
    """What has been found so far; a file that two arguments name is one input."""

    def __init__(self) -> None:
        self.taken: list[Input] = []
        self.skipped: list[Skipped] = []
        self.unreadable: list[Unreadable] = []
        self._seen: set[str] = set()

    def is_new(self, path: Path) -> bool:
        key = os.path.normpath(path)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def take(self, path: Path) -> None:
        if self.is_new(path):
            self.taken.append(Input(path))


def find_inputs(arguments: Sequence[str]) -> Inputs:
    """Find the files, folders, patterns and ``-`` that arguments name.

    Raises ConfigError when there is nothing to read.
    """
    found = _Found()
    for argument in arguments:
        if not argument:
            raise ConfigError("an input has an empty name; a shell writes that for a variable that is not set")
        if argument == STANDARD_INPUT:
            standard_input()
            if found.is_new(Path(STANDARD_INPUT)):
                found.taken.append(Input(None))
        else:
            _find(argument, found)
    _check(arguments, found)
    _label(found.taken)
    return Inputs(found.taken, found.skipped, found.unreadable)


def find_input(argument: str, command: str) -> Input:
    """Find the one file that an argument names. Raises ConfigError for none or several."""
    found = find_inputs([argument])
    if len(found.taken) != 1 or found.unreadable:
        raise ConfigError(f"{argument}: {command} takes one file at a time")
    return found.taken[0]


def skipped_lines(skipped: Sequence[Skipped]) -> list[str]:
    """Return what to print about skipped files: one line each, or a number for hidden files and our artifacts."""
    lines = [f"skipped {each.name}: {each.reason}" for each in skipped if each.reason not in _UNLISTED]
    counts = Counter(each.reason for each in skipped if each.reason in _UNLISTED)
    return lines + [f"skipped {count} files: {reason}" for reason, count in sorted(counts.items())]


def _check(arguments: Sequence[str], found: _Found) -> None:
    if found.taken or any(not each.missing for each in found.unreadable):
        return
    if found.unreadable:
        raise ConfigError(f"{found.unreadable[0].name}: {found.unreadable[0].reason}")
    reasons = "; ".join(skipped_lines(found.skipped)[:5])
    raise ConfigError(f"{arguments[0]}: the folder holds nothing to read{': ' if reasons else ''}{reasons}")


def _find(argument: str, found: _Found) -> None:
    path = Path(argument)
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        _find_pattern(argument, found)
        return
    except OSError as error:
        found.unreadable.append(Unreadable(argument, str(error.strerror)))
        return
    if stat.S_ISDIR(mode) or path.is_dir():
        _walk(path, found)
    else:
        found.take(path)


def _find_pattern(pattern: str, found: _Found) -> None:
    names = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - takes whole patterns
    if not names:
        found.unreadable.append(Unreadable(pattern, "there is no such file, folder or pattern", missing=True))
    for path in map(Path, names):
        if path.is_dir():
            _walk(path, found)
        elif special := _special(path):
            found.skipped.append(Skipped(str(path), special))
        else:
            found.take(path)


def _walk(root: Path, found: _Found) -> None:
    """Take the files of a folder and of the folders in it."""

    def report(error: OSError) -> None:
        found.unreadable.append(Unreadable(str(error.filename), str(error.strerror)))

    for folder, subfolders, names in os.walk(root, onerror=report):
        path = Path(folder)
        for name in sorted(subfolders):
            if reason := HIDDEN if name.startswith(".") else _folder_link(path / name):
                subfolders.remove(name)
                found.skipped.append(Skipped(str(path / name), reason))
        subfolders.sort()
        for name in sorted(names):
            _visit(path / name, root, found)


def _folder_link(path: Path) -> str:
    return "a link to a folder" if path.is_symlink() else ""


def _visit(path: Path, root: Path, found: _Found) -> None:
    if not found.is_new(path):
        return
    reason = _reason_to_skip(path)
    if reason:
        found.skipped.append(Skipped(str(path), reason))
        return
    source = Input(path)
    relative = path.relative_to(root)
    source.folder, source.label = relative.parent, str(relative)
    found.taken.append(source)


def _reason_to_skip(path: Path) -> str:
    if path.name.startswith("."):
        return HIDDEN
    if path.name.endswith(OUR_SUFFIXES):
        return OURS
    special = _special(path)
    if special:
        return special
    try:
        return _not_x12(path)
    except (OSError, EOFError, zlib.error):
        return ""  # taken, and its run says why it can't be read


def _special(path: Path) -> str:
    """Return what a file is that must not be opened, as a pipe, which may never end."""
    with contextlib.suppress(OSError):
        if not stat.S_ISREG(path.stat().st_mode):
            return "not a regular file"
    return ""


def _not_x12(path: Path) -> str:
    """Return why a file is no X12; empty if it is, or was meant to be. Raises OSError, EOFError, zlib.error."""
    foreign, head = "", b""
    for head in _heads(path):
        foreign = foreign_format(head)
        if foreign in ARCHIVES:
            return foreign
        decoded = head.replace(b"\0", b"") if foreign == UTF_16 else head
        if _X12.search(decoded):
            return ""
    if foreign:
        return foreign
    return "not X12" if head.strip() else "empty"


def _heads(path: Path) -> Iterator[bytes]:
    """Yield a short and, if it is asked for, a long beginning of a file, unfolded."""
    with path.open("rb") as file:
        zipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    with gzip.open(path, "rb") if zipped else path.open("rb") as file:
        head = file.read(_HEAD)
        yield head
        if len(head) == _HEAD:
            yield head + file.read(_LONG_HEAD)


def _label(sources: Sequence[Input]) -> None:
    """Call inputs by their paths where their names are the same."""
    counts = Counter(source.shown_name for source in sources)
    for source in [source for source in sources if counts[source.shown_name] > 1]:
        if source.path is not None:
            source.label = str(source.path)
