"""The patient levels of a 277CA for many accepted claims together, where they were compiled.

``_levels.c`` writes what ack_277ca.py writes claim by claim. Without it, patient_levels is None and each claim is
written by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from x12proc.version import __version__

# Takes a run's text, a position, the delimiters, whether it is institutional, the HL01 of the last level and of
# the provider's, the NM1*IL and NM1*QC above the position, STC01 and the date. Returns the levels, how many claims
# and segments they are, their charges in cents, and the position of the first claim it can't read, or the end.
patient_levels: Callable[..., tuple[bytes, int, int, int, int]] | None = None
with suppress(ImportError, AttributeError):
    from x12proc.reports.acks import _levels

    if _levels.version == __version__:
        patient_levels = _levels.patient_levels
