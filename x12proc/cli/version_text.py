"""What ``x12proc --version`` prints: all that a result depends on."""

from __future__ import annotations

import platform
from itertools import groupby

from x12proc.reference.manifest import Manifest
from x12proc.reports.acks.patient_levels import patient_levels
from x12proc.runner.settings import RULES_EDITION, shipped_reference
from x12proc.version import __version__
from x12proc.wire.accelerated import find_boundaries, split_ascii
from x12proc.wire.boundaries import find_boundaries_py


def version_text() -> str:
    """Return program, rules edition, reference edition with its last days, and what is compiled."""
    manifest = shipped_reference().manifest()
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return "\n".join(
        [
            f"x12proc {__version__}",
            f"Rules edition {RULES_EDITION}",
            f"Reference edition {manifest.edition}",
            *_last_days(manifest),
            f"{_compiled()}; {machine}",
        ]
    )


def _last_days(manifest: Manifest) -> list[str]:
    """Return one line for each last day of a table, the earliest first."""
    dated = sorted((table.last, name) for name, table in manifest.tables.items() if table.last)
    return [
        f"  to {day}: {', '.join(name for _, name in tables)}"
        for day, tables in groupby(dated, lambda entry: entry[0])
    ]


def _compiled() -> str:
    modules = {
        "reader": find_boundaries is not find_boundaries_py,
        "segments": split_ascii is not None,
        "acknowledgments": patient_levels is not None,
    }
    missing = [name for name, is_compiled in modules.items() if not is_compiled]
    if not missing:
        return "Compiled: yes"
    return "Compiled: no" if len(missing) == len(modules) else f"Compiled: yes, but for {', '.join(missing)}"
