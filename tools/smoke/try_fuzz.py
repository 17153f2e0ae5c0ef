"""atheris drives the reader for a few hundred inputs; run where x12proc[fuzz] is installed."""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module

atheris = import_module("atheris")  # not in every environment that checks these files
with atheris.instrument_imports():
    import x12proc


def read(data: bytes) -> None:
    """Read any bytes; what can't be read raises the one declared error."""
    with contextlib.suppress(x12proc.X12SyntaxError):
        list(x12proc.read(data))


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], "-runs=300", "-seed=1"], read)
    atheris.Fuzz()
