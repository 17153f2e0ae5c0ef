"""The security audit passes on an answer for every package, and on nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

import audit
import pytest
from checking import CheckError

ASKED = {"click": "8.1.7", "lxml": "6.0.0"}


def answered(*dependencies: Mapping[str, object], code: int = 0) -> CompletedProcess[str]:
    return CompletedProcess([], code, json.dumps({"dependencies": dependencies, "fixes": []}), "")


def sound(name: str, version: str) -> dict[str, object]:
    return {"name": name, "version": version, "vulns": []}


def test_an_answer_for_every_package_passes() -> None:
    assert audit.checker(ASKED, answered(sound("click", "8.1.7"), sound("lxml", "6.0.0"))).startswith("2 packages")


def test_names_are_compared_as_the_index_compares_them() -> None:
    done = answered(sound("Typing_Extensions", "4.16.0"))
    assert audit.checker(audit.pins("typing.extensions==4.16.0\n"), done).startswith("1 packages")


def test_a_vulnerability_is_told_with_its_fix() -> None:
    found = {"id": "PYSEC-2026-1", "fix_versions": ["6.0.1"], "aliases": ["CVE-2026-1"], "description": "..."}
    hurt = {"name": "lxml", "version": "6.0.0", "vulns": [found]}
    with pytest.raises(CheckError, match=r"lxml 6\.0\.0: PYSEC-2026-1, fixed in 6\.0\.1"):
        audit.checker(ASKED, answered(sound("click", "8.1.7"), hurt, code=1))


def test_packages_the_service_does_not_know_are_no_pass_though_the_program_says_so() -> None:
    """What pip-audit answers, with exit code 0, where an index serves no advisories."""
    skipped = {
        "name": "lxml",
        "skip_reason": "Dependency not found on PyPI and could not be audited: lxml (6.0.0)",
    }
    with pytest.raises(CheckError, match=r"1 of 2 packages COULD NOT BE LOOKED UP(.|\n)*not found on PyPI"):
        audit.checker(ASKED, answered(sound("click", "8.1.7"), skipped))


@pytest.mark.parametrize(
    "dependencies",
    [
        pytest.param([], id="none"),
        pytest.param([sound("click", "8.1.7")], id="one is missing"),
        pytest.param([sound("click", "8.1.7"), sound("lxml", "6.0.1")], id="another version"),
        pytest.param([sound("click", "8.1.7"), {"name": "lxml", "version": "6.0.0"}], id="no list of advisories"),
    ],
)
def test_what_has_no_answer_is_no_pass(dependencies: list[dict[str, object]]) -> None:
    with pytest.raises(CheckError, match="COULD NOT BE LOOKED UP, so this is no pass"):
        audit.checker(ASKED, answered(*dependencies))


@pytest.mark.parametrize("output", ["", "No known vulnerabilities found", "[]", '{"dependencies": 1}', "{"])
@pytest.mark.parametrize("code", [0, 1])
def test_no_readable_answer_is_no_pass(output: str, code: int) -> None:
    """So it is when the service can't be reached: a traceback, and nothing on standard output."""
    done = CompletedProcess([], code, output, "Traceback ...\nConnectionError: no route to the service")
    with pytest.raises(CheckError, match=r"NOTHING WAS LOOKED UP(.|\n)*no route to the service"):
        audit.checker(ASKED, done)


def test_no_answer_is_no_pass() -> None:
    with pytest.raises(CheckError, match="and said nothing"):
        audit.checker(ASKED, CompletedProcess([], 0, "", ""))


@pytest.mark.parametrize("text", ["", "# nothing\n", "click>=8\n", "-e .\n", "x12proc @ file:///x12proc.whl\n"])
def test_a_list_that_can_not_be_looked_up_is_no_pass(text: str) -> None:
    with pytest.raises(CheckError, match=r"nothing can be looked up|not a pinned package"):
        audit.audit(text)


def test_the_whole_list_and_the_service_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def run(command: list[str], *, folder: Path) -> CompletedProcess[str]:
        seen.extend([*command, Path(command[command.index("--requirement") + 1]).read_text()])
        return answered(sound("click", "8.1.7"))

    monkeypatch.setattr(audit, "run", run)
    assert "no known vulnerability" in audit.audit("click==8.1.7\n", "osv")
    assert seen[-1] == "click==8.1.7\n"
    assert seen[seen.index("--vulnerability-service") + 1] == "osv"


def test_the_command_fails_with_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "frozen.txt"
    listed.write_text("click==8.1.7\n")
    monkeypatch.setattr("sys.argv", ["audit.py", str(listed)])
    monkeypatch.setattr(audit, "run", lambda *_, **__: CompletedProcess([], 0, "", "no network"))
    assert audit.main() == 1
    assert "NOTHING WAS LOOKED UP" in capsys.readouterr().err
