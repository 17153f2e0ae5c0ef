"""The options of the data source."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from x12proc.errors import ConfigError
from x12proc.runner.inputs import find_inputs
from x12proc.runner.pool import Conformance
from x12proc.runner.settings import GuideErrorPolicy, Settings, load_settings

Rows: TypeAlias = Literal["lines", "claims"]
_MEGABYTE = 1024 * 1024
_NO_CLAIMS = ("not X12", "empty")  # reasons to skip a file
_CLAIM_FILES = (".edi", ".x12", ".837", ".clm", ".txt", ".dat")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The parsed options of a reader.

    ``partition_bytes`` is the size of the part of a file, or of the small files, that one task reads. ``on_error``
    decides whether a file that fails becomes a row with its error or ends the job.
    """

    paths: tuple[str, ...]
    rows: Rows = "lines"
    profile: str | None = None
    codes: tuple[str, ...] | None = None
    as_of: date | None = None
    config: Path | None = None
    conformance: Conformance | None = None
    guide_errors: GuideErrorPolicy | None = None
    on_error: Literal["row", "fail"] = "row"
    partition_bytes: int = 64 * _MEGABYTE

    def settings(self) -> Settings:
        """Load the settings of a run with these options. Raises ConfigError."""
        return _settings(self)

    def files(self) -> list[Path]:
        """Return the files that the paths name. Raises ConfigError for a path that does not exist."""
        inputs = find_inputs(self.paths)
        for unreadable in inputs.unreadable:
            raise ConfigError(f"{unreadable.name}: {unreadable.reason}")
        files = [found.path for found in inputs.taken if found.path is not None]
        # No report says why files of a folder were skipped: one named like a claim file is read, and fails.
        names = [skipped.name for skipped in inputs.skipped if skipped.reason in _NO_CLAIMS]
        files += [Path(name) for name in names if Path(name).suffix.lower() in _CLAIM_FILES]
        return sorted(dict.fromkeys(path.absolute() for path in files))


def parse_options(given: Mapping[str, str]) -> Options:
    """Parse the options of a reader; names are case-insensitive, as in Spark. Raises ConfigError."""
    options = {name.lower(): value for name, value in given.items()}
    paths = _paths(options.pop("path", ""), options.pop("paths", ""))
    known = {field.name for field in msgspec.structs.fields(Options)}
    if unknown := sorted(options.keys() - known):
        raise ConfigError(
            f"x12_837 has no option {', '.join(unknown)}; there are {', '.join(sorted(known - {'paths'}))}"
        )
    asked: dict[str, Any] = {**options, "paths": paths}
    if "codes" in asked:
        asked["codes"] = [code.strip() for code in asked["codes"].split(",") if code.strip()]
    try:
        found = msgspec.convert(asked, Options, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise ConfigError(f"x12_837: {error}") from None
    if found.partition_bytes < 1:
        raise ConfigError("x12_837: partition_bytes is at least 1")
    return found


def _paths(path: str, paths: str) -> list[str]:
    listed = msgspec.json.decode(paths, type=list[str]) if paths else []
    found = [entry for entry in (path, *listed) if entry]
    if not found:
        raise ConfigError("x12_837 reads a file, a folder or a pattern: load('/archive/*.edi')")
    return [entry.removeprefix("file://").removeprefix("file:") for entry in found]


def _decode(kind: type, value: Any) -> Any:
    return kind(value)


@lru_cache(maxsize=8)
def _settings(options: Options) -> Settings:
    return load_settings(
        config=options.config,
        codes=options.codes,
        profile=options.profile,
        as_of=options.as_of,
        conformance=options.conformance,
        guide_errors=options.guide_errors,
    )
