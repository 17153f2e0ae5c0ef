"""What must be in the wheel and in the source distribution, and what must not."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from checking import ROOT, CheckError, must

# The program can't do without these two: rule fixtures, a user's own too, are edits of them.
_BASE_CLAIMS = {"x12proc/replay/base-P.edi", "x12proc/replay/base-I.edi"}
# Of no use to somebody who has the sources without the repository.
_OF_THE_REPOSITORY = (".ci/", ".github/", ".gitattributes", ".pre-commit-config.yaml")
_MADE_BY_THE_BUILD = {"PKG-INFO"}
# In the sdist, beside the tools that build the reference edition from them.
_TO_BUILD_FROM = "config/reference/sources/"
_DEMO, _DEMO_IN_WHEEL = "fixtures/demo/", "x12proc/demo/"  # what 'x12proc demo' writes
_NEVER_IN_A_WHEEL = {"tests", "fixtures", "tools", "docs", "bench", "__pycache__"}


def wheel_names(wheel: Path) -> set[str]:
    """The files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def sdist_names(sdist: Path) -> set[str]:
    """The files in a source distribution, without the folder that holds them all."""
    with tarfile.open(sdist) as archive:
        return {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in archive.getnames()}


def tracked() -> set[str]:
    """The files of the repository, as git knows them. Raises CheckError outside of a repository."""
    return set(must(["git", "ls-files", "-z"], folder=ROOT).split("\0")) - {""}


def wheel_faults(names: Iterable[str], sources: Iterable[str], version: str) -> list[str]:
    """What a wheel lacks of the repository's files, and what it has and shouldn't.

    Args:
        names: The files in the wheel.
        sources: The files of the repository.
        version: The version it says it is.
    """
    found, info = set(names), f"x12proc-{version}.dist-info/"
    wanted = {_in_wheel(name) for name in sources if _is_shipped(name)}
    wanted |= {info + name for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    faults = [f"missing: {name}" for name in sorted(wanted - found)]
    faults += [f"of no file in the repository: {name}" for name in sorted(found - wanted)]
    return faults + [f"should not be in a wheel: {name}" for name in sorted(found) if _is_foreign(name)]


def _is_shipped(name: str) -> bool:
    return _is_demo(name) or (name.startswith(("x12proc/", "config/")) and not name.startswith(_TO_BUILD_FROM))


def _is_demo(name: str) -> bool:
    return name.startswith(_DEMO) and name.endswith(".edi")


def _in_wheel(name: str) -> str:
    """Where a file of the repository is in the wheel."""
    if _is_demo(name):
        return f"{_DEMO_IN_WHEEL}{name.removeprefix(_DEMO)}"
    return f"x12proc/{name}" if name.startswith("config/") else name


def _is_foreign(name: str) -> bool:
    path = PurePosixPath(name)
    is_test_data = path.suffix in (".pyc", ".edi") or path.name.startswith(("test_", "conftest"))
    is_meant = name in _BASE_CLAIMS or name.startswith(_DEMO_IN_WHEEL)
    return bool(_NEVER_IN_A_WHEEL & set(path.parts)) or (is_test_data and not is_meant)


def sdist_faults(names: Iterable[str], sources: Iterable[str]) -> list[str]:
    """What a source distribution lacks of the repository's files, and what it has beside them."""
    found = set(names) - {"."}
    wanted = {name for name in sources if not name.startswith(_OF_THE_REPOSITORY)}
    missing, strange = sorted(wanted - found), sorted(found - wanted - _MADE_BY_THE_BUILD)
    return [f"missing: {name}" for name in missing] + [f"of no file in the repository: {name}" for name in strange]


def check(wheel: Path, sdist: Path, version: str) -> str:
    """A line that says what is inside. Raises CheckError with all that is wrong."""
    sources = tracked()
    in_wheel, in_sdist = wheel_names(wheel), sdist_names(sdist)
    faults = [f"wheel, {fault}" for fault in wheel_faults(in_wheel, sources, version)]
    faults += [f"sdist, {fault}" for fault in sdist_faults(in_sdist, sources)]
    if faults:
        faults.append("Files that git does not track are reported, too: add or remove them.")
        raise CheckError("\n".join(faults))
    return f"{len(in_wheel)} files in the wheel, {len(in_sdist)} in the sdist, all of them from the repository"
