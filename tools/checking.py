"""What the checks of a release share: how one fails, and how other programs are run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
# What would let a fresh environment see this tree, or another one, instead of what was installed into it.
_LEAKS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "PYTHONWARNINGS")


class CheckError(Exception):
    """Something does not hold. The text says what, and what to do about it."""


def run(
    command: Sequence[str | Path], *, folder: Path, also: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever its exit code, and keep what it says.

    Args:
        command: The program and its arguments.
        folder: Where it runs.
        also: Variables beside those of this process, without the ones that lead Python elsewhere.
    """
    surroundings = {name: value for name, value in os.environ.items() if name not in _LEAKS} | dict(also or {})
    return subprocess.run(  # noqa: S603 - the commands are ours, nothing goes through a shell
        [str(part) for part in command], cwd=folder, env=surroundings, capture_output=True, text=True, check=False
    )


def must(
    command: Sequence[str | Path], *, folder: Path, code: int = 0, also: Mapping[str, str] | None = None
) -> str:
    """Run a program and return its standard output.

    Raises:
        CheckError: It ended with another exit code; the text has the end of what it said.
    """
    done = run(command, folder=folder, also=also)
    if done.returncode != code:
        shown = " ".join(str(part) for part in command)
        said = (done.stdout + done.stderr).strip()[-3000:]
        raise CheckError(f"exit code {done.returncode} instead of {code}: {shown}\n{said}")
    return done.stdout
