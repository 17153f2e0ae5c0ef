"""Compare two versions of x12proc over a folder of files: verdicts and findings that changed, as a table.

``--base`` and ``--head`` are each a Python interpreter, a virtual environment or a checkout of the source. Exit
codes: 0 no verdict changed, 1 a claim's or a file's verdict changed, 2 wrong usage or a version that does not run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_FOLDERS = (ROOT / "fixtures", ROOT / "tests" / "generated", ROOT / "tests" / "judged")
ENDINGS = (".edi", ".x12", ".837")
MOST_LISTED = 50  # claims of a kind of change
USAGE = 2

ClaimKey: TypeAlias = tuple[str, int, str]  # file, the claim's byte offset, CLM01
Report: TypeAlias = dict[str, Any]


class VersionError(Exception):
    """A version that does not run."""


class Verdicts:
    """What one version says about all files."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.claims: dict[ClaimKey, str] = {}
        self.findings: Counter[tuple[ClaimKey, str]] = Counter()

    def add(self, name: str, report: Report) -> None:
        """Add the report of a file."""
        self.files[name] = report["summary"]["status"]
        for claim in report["claims"]:
            key = (name, claim["byte_range"][0], claim["claim_id"])
            self.claims[key] = claim["disposition"]
            for finding in [*claim["findings"], *(found for line in claim["lines"] for found in line["findings"])]:
                self.findings[key, finding["rule"]] += 1


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return the files named and those in folders, without expected results."""
    found: list[Path] = []
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path]
        found += sorted(file for file in inside if file.suffix in ENDINGS and "expected" not in file.parts)
    return found


def command(version: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment that run a version."""
    if version.exists():
        version = version.absolute()  # it runs in another folder
    interpreter = version / "bin" / "python"
    if interpreter.exists():
        return [str(interpreter), "-m", "x12proc"], dict(os.environ)
    if (version / "x12proc").is_dir():
        return [sys.executable, "-m", "x12proc"], {**os.environ, "PYTHONPATH": str(version)}
    return [str(version), "-m", "x12proc"], dict(os.environ)


def scrub(version: Path, files: Sequence[Path], as_of: str) -> Verdicts:
    """Scrub copies of the files with a version."""
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory(prefix="acceptance-") as name:
        folder = Path(name)
        inputs, out = folder / "in", folder / "out"
        inputs.mkdir()
        for number, file in enumerate(files):  # many have the same name
            shutil.copyfile(file, inputs / f"{number:06}.edi")
        program, environment = command(version)
        options = ["--emit", "json", "--as-of", as_of, "-o", str(out)]
        try:
            done = subprocess.run(  # noqa: S603 - the versions that the user names
                [*program, "scrub", str(inputs), *options],
                env=environment,
                cwd=folder,  # else the checkout that this tool is run in would be the one imported
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                check=False,
            )
        except OSError as error:
            raise VersionError(f"{version}: {error.strerror}") from None
        if not any(out.glob("*.report.json")):
            raise VersionError(f"{version}: no report, exit code {done.returncode}: {done.stderr.decode()[-500:]}")
        for number, file in enumerate(files):
            report = out / f"{number:06}.report.json"
            if report.exists():
                verdicts.add(str(file), json.loads(report.read_bytes()))
            else:
                verdicts.files[str(file)] = "no report"
    return verdicts


def changed(base: Verdicts, head: Verdicts, disposition: str) -> list[ClaimKey]:
    """Return the claims that have a disposition in ``head`` only, or that only ``head`` reports with it."""
    return [key for key, new in head.claims.items() if new == disposition != base.claims.get(key)]


def render(base: Verdicts, head: Verdicts) -> str:
    """Return the differences as text."""
    lines = [f"Files: {len(head.files)}. Claims: {len(base.claims)} before, {len(head.claims)} now."]
    files = {
        f"{name}: {base.files.get(name)} -> {status}"
        for name, status in head.files.items()
        if status != base.files.get(name)
    }
    for title, claims in _kinds(base, head).items():
        texts = [f"{name} at byte {offset}: {claim}" for name, offset, claim in claims]
        lines += ["", f"{title}: {len(texts)}", *(f"  {text}" for text in texts[:MOST_LISTED])]
    lines += [
        "",
        f"Files with another status: {len(files)}",
        *(f"  {text}" for text in sorted(files)[:MOST_LISTED]),
    ]
    gained, lost = head.findings - base.findings, base.findings - head.findings
    by_rule = {rule for _, rule in (*gained, *lost)}
    lines += ["", f"{'rule':<10}{'gained':>8}{'lost':>8}"]
    lines += [f"{rule:<10}{_of(gained, rule):>8}{_of(lost, rule):>8}" for rule in sorted(by_rule)]
    return "\n".join(lines) + "\n"


def _kinds(base: Verdicts, head: Verdicts) -> dict[str, list[ClaimKey]]:
    return {
        "Newly rejected": changed(base, head, "rejected"),
        "Newly accepted": changed(base, head, "accepted"),
        "No longer reported": [key for key in base.claims if key not in head.claims],
    }


def _of(findings: Counter[tuple[ClaimKey, str]], rule: str) -> int:
    return sum(count for (_, found), count in findings.items() if found == rule)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True, help="the version before")
    parser.add_argument("--head", type=Path, default=ROOT, help="the version now; this checkout otherwise")
    parser.add_argument("--as-of", default="2026-11-23", metavar="DATE", help="today for both versions")
    parser.add_argument("-o", "--output", type=Path, help="write the table to a file as well")
    parser.add_argument("files", nargs="*", type=Path, default=DEFAULT_FOLDERS)
    given = parser.parse_args(arguments)
    files = find_files(given.files)
    if not files:
        sys.stderr.write("there is no file to compare\n")
        return USAGE
    try:
        base, head = scrub(given.base, files, given.as_of), scrub(given.head, files, given.as_of)
    except VersionError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    text = render(base, head)
    sys.stdout.write(text)
    if given.output is not None:
        given.output.write_text(text)
    return int(any(_kinds(base, head).values()) or base.files != head.files)


if __name__ == "__main__":
    sys.exit(main())
