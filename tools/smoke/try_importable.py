"""The modules that an extra is for can be imported, with warnings as errors; run where it is installed."""

from __future__ import annotations

import sys
from importlib import import_module

if __name__ == "__main__":
    for name in sys.argv[1:]:
        import_module(name)
