"""Ask whether known vulnerabilities are in what x12proc installs, and pass only on an answer for every package.

    python tools/audit.py REQUIREMENTS     a file with one name==version a line
    AUDIT_SERVICE=osv ...                  asks OSV instead of PyPI

pip-audit passes with exit code 0 over packages that its service does not know, and over all of them when an index
serves no advisories. So its exit code counts for nothing here: what counts is an answer for each package we named.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from subprocess import CompletedProcess

import msgspec
from checking import CheckError, run

_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([\w.!+-]+)")


class Vulnerability(msgspec.Struct):
    """One advisory, as pip-audit names it."""

    id: str
    fix_versions: list[str] = []


class Dependency(msgspec.Struct):
    """What pip-audit says of a package: a version and its advisories, or why it was skipped."""

    name: str
    version: str | None = None
    vulns: list[Vulnerability] | None = None
    skip_reason: str | None = None


class Answer(msgspec.Struct):
    """pip-audit's JSON."""

    dependencies: list[Dependency]


def pins(requirements: str) -> dict[str, str]:
    """Names (plain) and versions of a frozen list.

    Raises:
        CheckError: A line is no ``name==version``, or there is none: such a list can't be audited.
    """
    found = {}
    for line in requirements.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pin = _PIN.fullmatch(line.strip())
        if pin is None:
            raise CheckError(f"not a pinned package: {line}")
        found[_plain(pin[1])] = pin[2]
    if not found:
        raise CheckError("no package is named, so nothing can be looked up")
    return found


def checker(asked: dict[str, str], done: CompletedProcess[str]) -> str:
    """A line that says what was looked up.

    Args:
        asked: Names and versions that had to be looked up.
        done: pip-audit's run with ``--format json``.

    Raises:
        CheckError: A package has a known vulnerability, or not every package was looked up.
    """
    try:
        answer = msgspec.json.decode(done.stdout, type=Answer)
    except msgspec.MsgspecError as fault:
        said = (done.stderr.strip().splitlines() or ["and said nothing"])[-1]
        raise CheckError(
            "NOTHING WAS LOOKED UP: pip-audit gave no answer that can be read, so this is no pass.\n"
            f"It ended with exit code {done.returncode}: {said[:500]}"
        ) from fault
    answered = {(_plain(of.name), of.version): of.vulns for of in answer.dependencies if of.vulns is not None}
    known = [
        f"{name} {version}: {found.id}, fixed in {', '.join(found.fix_versions) or 'no release yet'}"
        for (name, version), vulnerabilities in answered.items()
        for found in vulnerabilities
    ]
    unanswered = [f"{name} {version}" for name, version in asked.items() if (name, version) not in answered]
    faults = [f"known vulnerability: {line}" for line in known]
    if unanswered:
        faults.append(_not_looked_up(asked, unanswered, answer))
    if faults:
        raise CheckError("\n".join(faults))
    return f"{len(asked)} packages looked up, no known vulnerability"


def _not_looked_up(asked: dict[str, str], unanswered: list[str], answer: Answer) -> str:
    reasons = [of.skip_reason for of in answer.dependencies if of.skip_reason] or ["no reason given"]
    return (
        f"{len(unanswered)} of {len(asked)} packages COULD NOT BE LOOKED UP, so this is no pass: "
        f"{', '.join(unanswered)}\nThe first reason given: {reasons[0]}\n"
        "Run this where the advisories of the service can be reached (AUDIT_SERVICE=pypi or osv)."
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def audit(requirements: str, service: str = "pypi") -> str:
    """Ask pip-audit about a frozen list. Raises CheckError unless every package was looked up and is sound."""
    asked = pins(requirements)
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text(requirements, encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(listed), "--no-deps", "--disable-pip"]
        command += ["--vulnerability-service", service, "--format", "json", "--progress-spinner", "off"]
        return checker(asked, run(command, folder=Path(folder)))


def main() -> int:
    """Audit one list."""
    try:
        print(audit(Path(sys.argv[1]).read_text(encoding="utf-8"), os.environ.get("AUDIT_SERVICE", "pypi")))
    except CheckError as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
