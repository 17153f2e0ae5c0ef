"""Numbers that name something and are no quantities: NDCs, trial numbers, dates, prices."""

from __future__ import annotations



