"""The licence audit: what is allowed passes, and what nobody can tell fails."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import licences
import pytest
from checking import CheckError
from licences import Licences, Package, Read
from license_expression import get_spdx_licensing
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LIST = Licences(
    allowed={"MIT": "permissive", "Apache-2.0": "ours"},
    spelled={"MIT License": "MIT"},
    read={"odd-one": Read("MIT", "in its LICENSE file")},
)
ROOT = Path(__file__).parents[2]


def package(
    expression: str | None = None, text: str | None = None, *classifiers: str, name: str = "some"
) -> Package:
    return Package(name, "1.0", expression, text, [f"License :: OSI Approved :: {entry}" for entry in classifiers])


@pytest.mark.parametrize(
    "found",
    [
        package("MIT"),
        package("MIT OR GPL-3.0-only"),
        package("MIT AND Apache-2.0"),
        package("(MIT AND Apache-2.0) OR GPL-3.0-only"),
        package(None, "MIT"),
        package(None, "MIT License"),
        package(None, None, "MIT License"),
        package(None, "UNKNOWN", "MIT License"),
        package(None, "a whole licence\nin many lines", "MIT License"),
        package("GPL-3.0-only", name="Odd_One"),
    ],
)
def test_allowed(found: Package) -> None:
    assert licences.trouble(found, LIST) is None


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (package("GPL-3.0-only"), "not on the list"),
        (package("MIT AND GPL-3.0-only"), "not on the list"),
        (package("Apache-2.0 WITH LLVM-exception"), "not on the list"),
        (package("MIT AND (Apache-2.0 OR GPL-3.0-only) AND BSD-3-Clause"), "not on the list"),
        (package("Our own terms"), "no SPDX licence"),
        (package("MIT AND"), "no SPDX licence"),
        (package(None, "Free to use"), "no SPDX licence"),
        (package(), "no licence that can be read"),
        (package(None, "UNKNOWN"), "no licence that can be read"),
        (package(None, "a whole licence\nin many lines"), "no licence that can be read"),
        (package(None, None, "MIT License", "Apache Software License"), "no licence that can be read"),
    ],
)
def test_not_allowed(found: Package, why: str) -> None:
    assert why in str(licences.trouble(found, LIST))


def test_every_entry_of_the_list_is_spdx_and_has_a_reason() -> None:
    listed, spdx = licences.load(), get_spdx_licensing()  # type: ignore[no-untyped-call]  # no hints
    for name, reason in listed.allowed.items():
        assert not spdx.validate(name).errors
        assert len(reason) > 5
    assert set(listed.spelled.values()) <= listed.allowed.keys()
    for name, read in listed.read.items():
        assert name == canonicalize_name(name)
        assert licences.trouble(package(name=name), listed) is None
        assert len(read.why) > 5


def test_what_x12proc_depends_on_is_allowed_here_and_now() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    here = [found for found in licences.installed(Path(sys.executable)) if canonicalize_name(found.name) in direct]
    assert {canonicalize_name(found.name) for found in here} == direct
    assert [fault for found in here if (fault := licences.trouble(found, licences.load()))] == []


def test_an_environment_is_judged_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [package("MIT"), package("GPL-3.0-only", name="viral"), package(name="silent")]
    monkeypatch.setattr(licences, "installed", lambda _: found)
    with pytest.raises(CheckError, match=r"viral 1\.0: GPL-3\.0-only(.|\n)*silent 1\.0: no licence"):
        licences.audit(Path("python"))


def test_an_empty_environment_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "installed", lambda _: [])
    with pytest.raises(CheckError, match="nothing is installed here"):
        licences.audit(Path("python"))
