"""Hold the licence of every installed package against the list of those we may build on.

    python tools/licences.py PYTHON     the packages installed beside that interpreter

An unknown licence is a failure: somebody reads it and puts it into tools/licences.toml with the reason.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import msgspec
from checking import CheckError, must
from license_expression import ExpressionError, get_spdx_licensing

LIST = Path(__file__).parent / "licences.toml"
_OURS = "x12proc"
_CLASSIFIER = "License :: OSI Approved :: "
_ASK = """
import json
from importlib.metadata import distributions
print(json.dumps([
    [found.metadata["Name"], found.version, found.metadata.get("License-Expression"),
     found.metadata.get("License"), found.metadata.get_all("Classifier", [])]
    for found in distributions()
]))
"""


class Package(NamedTuple):
    """An installed package and what its metadata say of its licence."""

    name: str
    version: str
    expression: str | None
    text: str | None
    classifiers: Sequence[str] = ()


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The licence of a package whose metadata do not tell it, and how we know."""

    licence: str
    why: str


class Licences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """tools/licences.toml: which licences are allowed and why, how they are spelled, what somebody read."""

    allowed: dict[str, str]
    spelled: dict[str, str]
    read: dict[str, Read]


def load(path: Path = LIST) -> Licences:
    """The list. Raises msgspec.ValidationError when it has another form."""
    return msgspec.toml.decode(path.read_bytes(), type=Licences)


def said(package: Package, licences: Licences) -> str | None:
    """The SPDX expression of a package: as somebody read it, else as its metadata say, else None."""
    read = licences.read.get(_plain(package.name))
    if read is not None:
        return read.licence
    if package.expression:
        return package.expression
    named = [package.text] if package.text and "\n" not in package.text and package.text != "UNKNOWN" else []
    named = named or [
        entry.removeprefix(_CLASSIFIER) for entry in package.classifiers if entry.startswith(_CLASSIFIER)
    ]
    if len(named) != 1:  # several classifiers may mean "and" or "or": only a person can tell
        return None
    return licences.spelled.get(named[0], named[0])


def trouble(package: Package, licences: Licences) -> str | None:
    """Why a package may not be depended on as things stand, or None."""
    who = f"{package.name} {package.version}"
    expression = said(package, licences)
    if expression is None:
        return f"{who}: no licence that can be read from its metadata"
    try:
        parsed = get_spdx_licensing().parse(expression, validate=True)  # type: ignore[no-untyped-call]  # no hints
    except ExpressionError:
        return f"{who}: {expression!r} is no SPDX licence"
    if not _allows(parsed, licences.allowed):
        return f"{who}: {expression} is not on the list of allowed licences"
    return None


def _allows(parsed: object, allowed: Mapping[str, str]) -> bool:
    """OR needs one allowed part, AND all of them; a license means itself, an exception with its licence."""
    parts = getattr(parsed, "args", ())
    if not parts or hasattr(parsed, "key"):
        return str(parsed) in allowed
    of_parts = [_allows(part, allowed) for part in parts]
    return any(of_parts) if getattr(parsed, "operator", "") == " OR " else all(of_parts)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(python: Path) -> list[Package]:
    """The packages beside an interpreter, without ours."""
    rows = cast("list[list[object]]", json.loads(must([python, "-I", "-c", _ASK], folder=python.parent)))
    packages = [msgspec.convert(row, type=Package) for row in rows]
    return sorted(found for found in packages if _plain(found.name) != _OURS)


def audit(python: Path) -> str:
    """A line that says what was found. Raises CheckError with every package in trouble."""
    packages, licences = installed(python), load()
    if not packages:
        raise CheckError(f"{python}: nothing is installed here, so there is nothing to judge")
    faults = [fault for package in packages if (fault := trouble(package, licences))]
    if faults:
        advice = "Read the licence, then add it to tools/licences.toml with the reason, or do without the package."
        raise CheckError("\n".join([*faults, advice]))
    kinds = sorted({str(said(package, licences)) for package in packages})
    return f"{len(packages)} packages, all allowed: {', '.join(kinds)}"


def main() -> int:
    """Audit one environment."""
    try:
        print(audit(Path(sys.argv[1])))
    except CheckError as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
