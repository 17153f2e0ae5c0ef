"""The lock for development: every package of every extra, pinned and hashed, for all systems and Pythons.

    python tools/lock.py             remakes requirements-dev.lock, keeping the pins that still fit
    python tools/lock.py --upgrade   remakes it with the newest versions
    python tools/lock.py --check     says whether it would change; asks the index

What pyproject.toml asks for and the lock doesn't hold is also found without an index: see ``unlocked``.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from checking import ROOT, CheckError, must
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = ROOT / "requirements-dev.lock"
PYPROJECT = ROOT / "pyproject.toml"
_OURS = "x12proc"
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;]+)", re.MULTILINE)


def wanted(pyproject: str) -> list[Requirement]:
    """What pyproject.toml asks for: dependencies and all extras. An extra that names other extras is left out."""
    project = tomllib.loads(pyproject)["project"]
    extras = project.get("optional-dependencies", {}).values()
    texts = [*project["dependencies"], *(text for extra in extras for text in extra)]
    found = [Requirement(text) for text in texts]
    return [requirement for requirement in found if canonicalize_name(requirement.name) != _OURS]


def pinned(lock: str) -> dict[str, set[str]]:
    """Names and versions that the lock holds; a package has several where systems or Pythons differ."""
    found: dict[str, set[str]] = {}
    for name, version in _PIN.findall(lock):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def unlocked(pyproject: str, lock: str) -> list[str]:
    """What is asked for and not in the lock, or there in no version that fits; and pins without a hash."""
    pins = pinned(lock)
    missing = [
        str(requirement)
        for requirement in wanted(pyproject)
        if not any(map(requirement.specifier.contains, pins.get(canonicalize_name(requirement.name), ())))
    ]
    bare = [f"{pin[0]} has no hash" for pin in _PIN.finditer(lock) if "--hash=" not in _entry(lock, pin.end())]
    return missing + bare


def _entry(lock: str, start: int) -> str:
    following = _PIN.search(lock, start)
    return lock[start : following.start() if following else len(lock)]


def remade(*, upgrade: bool = False) -> str:
    """The lock as uv makes it now, with the old pins preferred unless it shall upgrade. Raises CheckError."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / LOCK.name
        if LOCK.exists() and not upgrade:
            shutil.copy(LOCK, output)
        must([*_compile(), "--output-file", output], folder=ROOT)
        return output.read_text(encoding="utf-8")


def _compile() -> list[str]:
    asked = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--no-config",
        PYPROJECT.name,
        "--all-extras",
    ]
    for_all = ["--universal", "--python-version", "3.11", "--generate-hashes"]
    return [*asked, *for_all, "--custom-compile-command", "make lock"]


def check() -> str:
    """A line that says the lock is up to date. Raises CheckError when it isn't."""
    lock = LOCK.read_text(encoding="utf-8") if LOCK.exists() else ""
    if remade() != lock:
        raise CheckError(
            f"{LOCK.name} is not what pyproject.toml asks for; run 'make lock' and look at the change"
        )
    return f"{len(pinned(lock))} packages, all pinned and hashed, up to date with pyproject.toml"


def main() -> int:
    """Remake or check."""
    try:
        if "--check" in sys.argv[1:]:
            print(check())
            return 0
        LOCK.write_text(remade(upgrade="--upgrade" in sys.argv[1:]), encoding="utf-8")
    except CheckError as failed:
        print(failed, file=sys.stderr)
        return 1
    print(f"{LOCK.name}: {len(pinned(LOCK.read_text(encoding='utf-8')))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
