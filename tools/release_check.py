"""Everything that a release has to pass, in the order in which it is made.

    python tools/release_check.py                  all steps; dist/ then holds what was checked
    python tools/release_check.py contents lock    some of them

Steps: lock, build, contents, metadata, install, licences, sbom, audit. One that fails keeps no other from running;
the last lines say which held. Exit code 0 when all did.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import audit
import licences
import lock
import release_contents
import release_environments as environments
from checking import ROOT, CheckError, must

DIST = ROOT / "dist"
PURE = {"X12PROC_COMPILE": "0"}  # for hatch_build.py


class Release:
    """One release in the making: what was built, and environments that are made when a step first needs them."""

    def __init__(self, scratch: Path) -> None:
        """Take a folder outside of the tree for all that is thrown away afterwards."""
        self.scratch = environments.outside(scratch)

    @cached_property
    def built(self) -> tuple[Path, Path]:
        """The wheel and the sdist in an otherwise empty dist/. Nothing is compiled: one wheel for all machines."""
        shutil.rmtree(DIST, ignore_errors=True)
        must([sys.executable, "-m", "build", "--outdir", DIST, ROOT], folder=ROOT, also=PURE)
        (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
        return wheel, sdist

    @property
    def version(self) -> str:
        """The version that the wheel's name bears."""
        return self.built[0].name.split("-")[1]

    @cached_property
    def fixtures(self) -> Path:
        """The fixtures, copied to where nothing of the tree lies beside them."""
        return Path(shutil.copytree(ROOT / "fixtures", self.scratch / "fixtures"))

    @cached_property
    def whole(self) -> environments.Environment:
        """The wheel with every extra that users install."""
        wanted = [
            extra for extra in environments.extras(self.built[0]) if extra not in environments.FOR_DEVELOPERS
        ]
        return environments.create(self.scratch, self.built[0], wanted, "all-of-them")

    # -- the steps: each returns a line that says what held, or raises CheckError

    def lock(self) -> str:
        """The development lock is what pyproject.toml asks for."""
        return lock.check()

    def build(self) -> str:
        """The wheel out of the sdist is, byte for byte, the wheel out of the tree: the sdist lacks nothing."""
        wheel, sdist = self.built
        folder = self.scratch / "from-tree"
        must([sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], folder=ROOT, also=PURE)
        if (folder / wheel.name).read_bytes() != wheel.read_bytes():
            raise CheckError("the wheel built from the sdist differs from the wheel built from the tree")
        return f"{wheel.name} ({wheel.stat().st_size:,} bytes, from {sdist.name}), the same as from the tree"

    def contents(self) -> str:
        """Wheel and sdist hold what they should and nothing else."""
        return release_contents.check(*self.built, self.version)

    def metadata(self) -> str:
        """Names, versions, classifiers and the long description are what an index takes."""
        must([sys.executable, "-m", "twine", "check", "--strict", *self.built], folder=ROOT)
        return "twine takes both"

    def install(self) -> str:
        """Bare and with each extra alone, the demo runs with warnings as errors."""
        wheel, declared = self.built[0], environments.extras(self.built[0])
        faults = environments.without_smoke(declared)
        for extra in ("", *declared):
            try:
                self._try(wheel, extra, declared)
            except CheckError as failed:
                faults.append(f"environment {extra or 'bare'}: {failed}")
        if faults:
            raise CheckError("\n".join(faults))
        return f"the demo runs bare and with each of {', '.join(declared)}"

    def _try(self, wheel: Path, extra: str, declared: list[str]) -> None:
        name = extra or "bare"
        print(f"  environment: {name}", flush=True)
        environment = environments.create(self.scratch, wheel, [extra] if extra else [], name)
        environments.run_demo(environment, self.fixtures)
        if extra:
            for step in environments.SMOKE.get(extra, environments.Smoke(())).steps:
                environment.do(step, self.fixtures)
        else:
            for missing in declared:
                if asks := environments.SMOKE.get(missing, environments.Smoke(())).asks:
                    environment.asks_for(missing, asks, self.fixtures)
        shutil.rmtree(environment.folder)

    def licences(self) -> str:
        """Every run-time dependency has a licence from the list."""
        return licences.audit(self.whole.python)

    def sbom(self) -> str:
        """A CycloneDX bill of what is installed with every extra, in dist/."""
        bill = DIST / f"x12proc-{self.version}.cdx.json"
        command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--of", "JSON"]
        command += ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application", "-o", str(bill)]
        must([*command, str(self.whole.python)], folder=self.scratch)
        named = {part["name"] for part in json.loads(bill.read_text(encoding="utf-8"))["components"]}
        lacking = {found.name for found in licences.installed(self.whole.python)} - named
        if lacking:
            raise CheckError(f"{bill.name} lacks {', '.join(sorted(lacking))}")
        return f"dist/{bill.name}, {len(named)} components"

    def audit(self) -> str:
        """No known vulnerability in what is installed with every extra; only an answer counts."""
        return audit.audit(environments.frozen(self.whole), os.environ.get("AUDIT_SERVICE", "pypi"))


STEPS: dict[str, Callable[[Release], str]] = {
    step.__name__: step
    for step in (
        *(Release.lock, Release.build, Release.contents, Release.metadata, Release.install),
        *(Release.licences, Release.sbom, Release.audit),
    )
}


def check(release: Release, names: list[str]) -> dict[str, bool]:
    """Run the steps and tell of each; which of them held."""
    held = {}
    for name in names:
        print(f"{name} ...", flush=True)
        try:
            print(f"  {STEPS[name](release)}", flush=True)
            held[name] = True
        except CheckError as failed:
            print(f"  {name} FAILED\n{failed}", flush=True)
            held[name] = False
    return held


def main() -> int:
    """Run all steps, or those that are named."""
    names = sys.argv[1:] or list(STEPS)
    if unknown := [name for name in names if name not in STEPS]:
        print(f"no step of this name: {', '.join(unknown)}; there are {', '.join(STEPS)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="x12proc-release-") as scratch:
        held = check(Release(Path(scratch)), names)
    print("\n" + "\n".join(f"{name:10} {'held' if held[name] else 'FAILED'}" for name in names))
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
